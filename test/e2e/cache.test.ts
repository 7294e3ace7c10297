import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanCaches, listCaches, type RestoreEvent, type RestoreOptions } from '../../src/index.ts';
import { fileDigest, restoreAll } from './helpers.ts';

const film = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'cache-'));
});
afterAll(() => rm(folder, { recursive: true }));

const small: Omit<RestoreOptions, 'input'> = {
  ...{
    preset: 'none',
    startSeconds: 0.75,
    durationSeconds: 0.12,
    denoise: 0.3,
    colorize: true,
    upscale: 2,
    codec: 'ffv1',
  },
  models: { upscale: 'luma-x2-fast' },
};

type Done = Extract<RestoreEvent, { type: 'done' }>;

async function run(name: string, options: Partial<RestoreOptions>): Promise<{ done: Done; digest: string }> {
  const output = path.join(folder, `${name}.mkv`);
  const events = await restoreAll({ input: film, output, ...small, ...options });
  const done = events.at(-1);
  if (done?.type !== 'done') throw new Error('not done');
  return { done, digest: await fileDigest(output) };
}

// Several whole runs each.
const PATIENCE_MS = 600_000;
const cache = 50_000_000;
const seeded = { colorSeed: 7, saturation: 1.4 };

test(
  'a run that fills a cache makes the same file as one without',
  async () => {
    const plain = await run('plain', {});
    expect(plain.done.cachedShare).toBe(0);
    expect(await listCaches(folder)).toEqual([]);
    const first = await run('first', { cache });
    expect(first.done.cachedShare).toBe(0);
    expect(first.digest).toBe(plain.digest);
    expect(await listCaches(folder)).toHaveLength(1);
  },
  PATIENCE_MS,
);

test(
  'other colors take luma from it, another encode takes everything',
  async () => {
    const other = await run('other', { cache, ...seeded });
    // Denoising and upscaling, of three networks' work.
    expect(other.done.cachedShare).toBe(0.67);
    expect(other.digest).toBe((await run('uncached', seeded)).digest);
    expect((await run('encoded', { cache, codec: 'h264', encoderPreset: 'ultrafast' })).done.cachedShare).toBe(1);
  },
  PATIENCE_MS,
);

test(
  'what was damaged is computed again',
  async () => {
    const [found] = await listCaches(folder);
    const names = (await readdir(found!.folder, { recursive: true })).filter((name) => name.endsWith('.results'));
    for (const name of names) {
      const file = path.join(found!.folder, name);
      const bytes = await readFile(file);
      bytes[300]! ^= 1;
      await writeFile(file, bytes);
    }
    const damaged = await run('damaged', { cache });
    expect(damaged.digest).toBe(await fileDigest(path.join(folder, 'plain.mkv')));
    expect(damaged.done.cachedShare).toBeLessThan(1);
    await cleanCaches([found!]);
    expect(await readdir(folder)).not.toContain('.restore');
  },
  PATIENCE_MS,
);

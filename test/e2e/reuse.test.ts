import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RestoreOptions } from '../../src/index.ts';
import { frameHashes, restoreAll } from './helpers.ts';

let folder = '';
let film = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'reuse-'));
  film = path.join(folder, 'film.mkv');
  // Little moves over a still ground, every picture is shown three times, and nothing is lost in between.
  const picture = 'testsrc=size=128x96:rate=8:duration=0.5,format=gray,fps=24';
  await execa('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', picture, '-c:v', 'ffv1', film]);
});
afterAll(() => rm(folder, { recursive: true }));

async function restored(
  name: string,
  options: Partial<RestoreOptions>,
): Promise<{ readonly hashes: string[]; readonly unchangedShare: number }> {
  const output = path.join(folder, `${name}.mkv`);
  const events = await restoreAll({ input: film, output, preset: 'none', codec: 'ffv1', ...options });
  const done = events.at(-1);
  if (done?.type !== 'done') throw new Error('not done');
  return { hashes: await frameHashes(output), unchangedShare: done.unchangedShare };
}

test('what repeats is not computed again, and no frame is another for it', async () => {
  const options = { colorize: true, upscale: 2 };
  const plain = await restored('plain', { ...options, reuse: false });
  expect(plain.hashes).toHaveLength(12);
  expect(plain.unchangedShare).toBe(0);
  for (const more of [{ workers: 1 }, { workers: 2, segmentFrames: 7, tileSize: 48 }]) {
    const { hashes, unchangedShare } = await restored(JSON.stringify(more).replace(/\W/g, ''), { ...options, ...more });
    expect(hashes).toEqual(plain.hashes);
    expect(unchangedShare).toBeGreaterThan(0.5);
  }
});

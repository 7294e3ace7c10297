import { writeFile, rm, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { outputDigest, runOnce } from '../crash/kill-runs.ts';
import { makeFolder } from './cli-helpers.ts';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FILM = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
const ARGS = ['--preset', 'none', '--codec', 'ffv1', '--segment-frames', '8'];
const MIB = 2 ** 20;

const { folder, remove } = await makeFolder();
const disk = path.join(folder, 'disk');
await mkdir(disk);
/** Only root may mount. */
const isMounted =
  (await execa('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'none', disk], { reject: false })).exitCode === 0;
afterAll(async () => {
  if (isMounted) await execa('umount', ['-l', disk]);
  await remove();
});

test.skipIf(!isMounted)(
  'a full disk pauses a run, which says so, goes on when there is room, and loses nothing',
  async () => {
    const golden = path.join(folder, 'golden');
    await mkdir(golden);
    expect((await runOnce(golden, ARGS)).code).toBe(0);
    const filler = path.join(disk, 'filler');
    await writeFile(filler, Buffer.alloc(32 * MIB));
    const run = execa(process.execPath, [CLI, FILM, '-o', 'out.mkv', '--workdir', disk, '--json', ...ARGS], {
      cwd: folder,
    });
    let text = '';
    let freed: Promise<void> | undefined;
    for await (const line of run) {
      text += `${line}\n`;
      if (!line.includes('The disk is full')) continue;
      expect(text).not.toContain('"state":"done"');
      freed ??= rm(filler);
    }
    await freed;
    expect(freed).toBeDefined();
    expect(text).toContain('going on');
    expect(await outputDigest(folder)).toBe(await outputDigest(golden));
  },
  300_000,
);

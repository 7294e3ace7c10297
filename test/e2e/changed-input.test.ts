import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, expect, test } from 'vitest';
import { restore, type RestoreEvent, type RestoreOptions } from '../../src/index.ts';
import { makeFolder } from './cli-helpers.ts';
import { frameHashes, restoreAll } from './helpers.ts';

const { folder, remove } = await makeFolder();
afterAll(remove);

/** A film of 20 pictures at the times of every other one that is made so. */
async function makeFilm(name: string, source: string): Promise<string> {
  const file = path.join(folder, name);
  const sound = ['-f', 'lavfi', '-i', 'sine=d=2'];
  const codecs = ['-c:v', 'ffv1', '-pix_fmt', 'yuv420p', '-c:a', 'flac'];
  await execa('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `${source}=size=64x48:rate=10:duration=2`],
    ...sound,
    ...codecs,
    file,
  ]);
  return file;
}

const original = await makeFilm('original.mkv', 'testsrc2');
const other = await makeFilm('other.mkv', 'testsrc');

test.each(['plan', 'segment'] satisfies RestoreEvent['type'][])(
  'a film that is replaced behind the first %s is not done, and leaves nothing that its own work would take for itself',
  async (moment) => {
    const input = path.join(folder, `${moment}.mkv`);
    const output = path.join(folder, `${moment}.restored.mkv`);
    const options: RestoreOptions = { input, output, preset: 'none', codec: 'ffv1', segmentFrames: 8, cache: 1e9 };
    copyFileSync(original, input);
    const run = async (): Promise<void> => {
      for await (const { type } of restore(options)) if (type === moment) copyFileSync(other, input);
    };
    await expect(run()).rejects.toMatchObject({ code: 'INPUT_CHANGED' });
    expect(existsSync(output)).toBe(false);
    copyFileSync(original, input);
    await restoreAll(options);
    expect(await frameHashes(output)).toEqual(await frameHashes(original));
  },
  120_000,
);

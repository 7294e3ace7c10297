import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RestoreOptions } from '../../src/index.ts';
import { fileDigest, frameHashes, restoreAll } from './helpers.ts';

const film = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'identity-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Ten frames around the cut of the test film, everything switched on, lossless. */
const everything: Omit<RestoreOptions, 'input'> = {
  startSeconds: 0.75,
  durationSeconds: 0.4,
  colorize: true,
  upscale: 2,
  deflicker: 0.5,
  dust: 0.5,
  degrain: 0.5,
  grain: 0.3,
  codec: 'ffv1',
};

async function framesOf(name: string, options: Partial<RestoreOptions>): Promise<string[]> {
  const output = path.join(folder, `${name}.mkv`);
  await restoreAll({ input: film, output, ...everything, ...options });
  return frameHashes(output);
}

test('segments, tiles and workers do not change a single frame', async () => {
  const whole = await framesOf('whole', { workers: 1, tileSize: 4096 });
  expect(whole).toHaveLength(10);
  expect(new Set(whole).size).toBe(10);
  expect(await framesOf('segments', { segmentFrames: 3, workers: 2 })).toEqual(whole);
  expect(await framesOf('tiles', { tileSize: 50, workers: 2 })).toEqual(whole);
});

test('the same command gives the same file, byte for byte', async () => {
  const make = async (name: string): Promise<string> => {
    const output = path.join(folder, `${name}.mp4`);
    const options = { ...everything, codec: 'hevc', encoderPreset: 'ultrafast', segmentFrames: 6 };
    await restoreAll({ input: film, output, ...options });
    return fileDigest(output);
  };
  expect(await make('first')).toBe(await make('second'));
});

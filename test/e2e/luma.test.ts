import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeClip, type ClipName } from '../fixtures/media/clips.ts';
import { frameHashes, restoreAll } from './helpers.ts';

const film = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'luma-'));
});
afterAll(() => rm(folder, { recursive: true }));

const LUMA = 'extractplanes=y';
const CHROMA = 'extractplanes=u';
const NEUTRAL = 'lutyuv=u=(minval+maxval+1)/2:v=(minval+maxval+1)/2';

const sources: readonly (readonly [about: string, clip: ClipName | undefined])[] = [
  ['8 bits, limited range', undefined],
  ['8 bits, full range', 'full-range'],
  ['8 bits, gray without chroma planes', 'gray'],
  ['10 bits, limited range', 'ten-bit'],
  ['odd sizes', 'odd'],
];

test.each(sources)('colorizing alone leaves every sample of luma: %s', async (_about, clip) => {
  const input = clip === undefined ? film : await makeClip(clip, folder);
  const output = path.join(folder, `${clip ?? 'film'}.colored.mkv`);
  const trim = clip === undefined ? { startSeconds: 1, durationSeconds: 0.25 } : {};
  await restoreAll({ input, output, colorize: true, codec: 'ffv1', ...trim });
  const before = await frameHashes(input, LUMA);
  const after = await frameHashes(output, LUMA);
  expect(after).toEqual(clip === undefined ? before.slice(24, 30) : before);
  const chroma = await frameHashes(output, CHROMA);
  expect(chroma).toHaveLength(after.length);
  const gray = await frameHashes(output, `${NEUTRAL},${CHROMA}`);
  for (const [frame, hash] of chroma.entries()) expect(hash, `frame ${frame} has color`).not.toBe(gray[frame]);
  expect(new Set(chroma).size).toBeGreaterThan(1);
});

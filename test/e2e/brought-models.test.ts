import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makePlan } from '../../src/pipeline/plan.ts';
import type { FormOptions } from '../fixtures/models/formed.ts';
import { colorManifest, colorNet, pictureNet, toneNet, writeModel, type Tone } from '../fixtures/models/nets.ts';
import { frameHashes, restoreAll } from './helpers.ts';

// Models that users bring, from the film to the finished file.

const film = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'brought-'));
});
afterAll(() => rm(folder, { recursive: true }));

const part = { input: film, startSeconds: 1, durationSeconds: 0.1, codec: 'ffv1', device: 'cpu' } as const;
const AB: Tone = [
  { middle: 0.62, slope: 0.2 },
  { middle: 0.4, slope: -0.15 },
];
const WARM: Tone = [0.6, 0.5, 0.35].map((middle) => ({ middle, slope: 0.8 }));

test.each<readonly [string, 1 | 3, Tone, FormOptions]>([
  ['lab-colorizer', 1, AB, { range: [0, 100], rangeOut: [-110, 110], size: [96, 96] }],
  ['ab-colorizer', 3, AB, { rangeOut: [-110, 110], size: [128, 128] }],
  ['rgb-colorizer', 3, WARM, { range: [0, 255] }],
])('a %s gives color and leaves every sample of luma', async (name, channels, tone, form) => {
  const output = path.join(folder, `${name}.mkv`);
  const model = writeModel(toneNet(channels, tone, form));
  const events = await restoreAll({ ...part, output, colorize: true, models: { colorize: model } });
  const planned = events.find((event) => event.type === 'plan');
  expect(planned?.plan.notes.join(' ')).toContain(`(${name})`);
  const luma = await frameHashes(film, 'extractplanes=y');
  const found = await frameHashes(output, 'extractplanes=y');
  expect(found.length).toBeGreaterThan(1);
  expect(found).toEqual(luma.slice(24, 24 + found.length));
  // A color that the source has not.
  const [first] = await frameHashes(output, 'extractplanes=v');
  expect(await frameHashes(film, 'extractplanes=v')).not.toContain(first);
});

test('other ways to feed the same weights are other plans', async () => {
  const model = writeModel(toneNet(3, WARM, {}));
  const hashOf = async (name: string): Promise<string> =>
    (await makePlan({ ...part, output: path.join(folder, 'x.mkv'), colorize: true, models: { colorize: name } }))
      .planHash;
  const found = await hashOf(model);
  expect(await hashOf(`rgb-colorizer:${model}`)).toBe(found);
  const statement = model.replace('.onnx', '.json');
  await writeFile(statement, JSON.stringify({ output: { range: [0, 1.1] } }));
  expect(await hashOf(model)).not.toBe(found);
  await writeFile(statement, JSON.stringify({ saturation: 1.2 }));
  expect(await hashOf(model)).not.toBe(found);
});

test('chances of colors read out more cautiously are another plan', async () => {
  const colors: [number, number][] = [
    [0, 0],
    [0.1, -0.1],
  ];
  const bytes = colorNet(colors.length);
  const hashes = [0, 0, 0.5].map(async (caution) => {
    const model = writeModel(bytes, colorManifest(bytes, colors, caution));
    const options = { ...part, output: path.join(folder, 'y.mkv'), colorize: true, models: { colorize: model } };
    return (await makePlan(options)).planHash;
  });
  const [one, again, cautious] = await Promise.all(hashes);
  expect(again).toBe(one);
  expect(cautious).not.toBe(one);
});

test('an enlarger of bytes, in pixels, of one size, runs over a whole film', async () => {
  const form = { type: 'uint8', range: [0, 255], layout: 'nhwc', size: [64, 64] } as const;
  const model = writeModel(pictureNet({ scale: 2, channels: 3, form }));
  const output = path.join(folder, 'large.mkv');
  const events = await restoreAll({ ...part, output, upscale: 2, models: { upscale: model } });
  expect(events.at(-1)).toMatchObject({ type: 'done', frames: 3 });
});

import { describe, expect, test } from 'vitest';
import { describeModel, resolveModel } from '../../src/restore/index.ts';
import { formsOf } from '../../src/restore/models/adapters.ts';
import { fromHalf, toHalf } from '../../src/restore/pixels/half.ts';
import type { FormOptions } from '../fixtures/models/formed.ts';
import { pictureNet, toneNet, writeModel, type Tone } from '../fixtures/models/nets.ts';

// What is found out about bare files by looking at them and trying them.

const IMAGES: readonly (readonly [string, FormOptions])[] = [
  ['planes of float32 0..1', {}],
  ['pixels of float32', { layout: 'nhwc' }],
  ['planes of float16', { type: 'float16' }],
  ['planes of bytes', { type: 'uint8', range: [0, 255] }],
  ['pixels of bytes', { type: 'uint8', range: [0, 255], layout: 'nhwc' }],
  ['pixels of float16', { type: 'float16', layout: 'nhwc' }],
  ['one size', { size: [64, 48] }],
  ['one size, pixels of bytes', { size: [64, 48], type: 'uint8', range: [0, 255], layout: 'nhwc' }],
];

test('half floats are rounded to the nearest, and read back', () => {
  const values = [0, 1, -2, 0.1, 65504, 65520, 1e-8, 6e-8, 2 ** -24, 2 ** -14, -0.333251953125, 1 + 2 ** -11, Infinity];
  const bits = toHalf(Float32Array.from(values));
  expect([...bits.subarray(0, 5)]).toEqual([0, 0x3c00, 0xc000, 0x2e66, 0x7bff]);
  expect([...bits.subarray(5)]).toEqual([0x7c00, 0, 1, 1, 0x0400, 0xb555, 0x3c00, 0x7c00]);
  expect(Number.isNaN(fromHalf(toHalf(Float32Array.of(NaN)))[0])).toBe(true);
  // Every half float is itself again.
  const all = Uint16Array.from({ length: 0x7c01 }, (_, i) => i);
  expect(toHalf(fromHalf(all))).toEqual(all);
});

describe('networks that enlarge', () => {
  test.each(IMAGES)('of %s', async (_, form) => {
    const { layout = 'nchw', type = 'float32', range = [0, 1], size } = form;
    const { manifest, notes } = await resolveModel('upscale', writeModel(pictureNet({ scale: 2, channels: 3, form })));
    expect(manifest).toMatchObject({
      adapter: 'rgb-sr',
      scale: 2,
      input: { name: 'picture', layout, type, range },
      output: { name: 'result', layout, type, range },
    });
    expect('size' in manifest.input && manifest.input.size).toEqual(size ? { width: size[0], height: size[1] } : false);
    expect(notes?.[0]).toMatch(/^model\.onnx enlarges RGB 2 times \(rgb-sr\), "picture" N/);
    expect(notes).toHaveLength(1);
  });

  test('of luma, as luma', async () => {
    const form = { type: 'uint8', range: [0, 255] } as const;
    const { manifest } = await resolveModel('upscale', writeModel(pictureNet({ scale: 4, form })));
    expect(manifest).toMatchObject({ adapter: 'luma-sr', scale: 4 });
  });
});

describe('networks that denoise', () => {
  test('luma', async () => {
    const { manifest } = await resolveModel('denoise', writeModel(pictureNet({ scale: 1, half: true })));
    expect(manifest).toMatchObject({ kind: 'denoise', adapter: 'luma-denoise', sizeMultiple: 2 });
  });

  test('RGB', async () => {
    const { manifest } = await resolveModel('denoise', writeModel(grayish({})));
    expect(manifest).toMatchObject({ kind: 'denoise', adapter: 'rgb-denoise', scale: 1 });
  });

  test('with a noise level', async () => {
    const path = writeModel(pictureNet({ scale: 1, half: true, strength: true }));
    const { manifest } = await resolveModel('denoise', path);
    expect(manifest.input).toMatchObject({ strengthName: 'strength', strengthShape: [1], strengthFull: 1 });
    expect((await describeModel(path)).text).toMatch(/noise level in "strength"/);
  });
});

const same: Tone = [1, 1, 1].map(() => ({ middle: 0.5, slope: 1 }));
/** Warm: the tint moves with the range, so that a wrong one is seen. */
const warm: Tone = [
  { middle: 0.6, slope: 0.8 },
  { middle: 0.5, slope: 0.9 },
  { middle: 0.35, slope: 0.7 },
];
const ab: Tone = [
  { middle: 0.6, slope: 0.2 },
  { middle: 0.3, slope: -0.2 },
];
const grayish = (form: FormOptions): Uint8Array => toneNet(3, same, form);

describe('networks that give color', () => {
  test.each([
    ['L to ab, as Zhang et al.', 1, ab, { range: [0, 100], rangeOut: [-110, 110] }, 'lab-colorizer'],
    ['L to ab, normalized', 1, ab, { range: [0, 1], rangeOut: [-1, 1] }, 'lab-colorizer'],
    [
      'gray RGB to ab, of one size, as DDColor',
      3,
      ab,
      { range: [0, 1], rangeOut: [-110, 110], size: [64, 64] },
      'ab-colorizer',
    ],
    ['gray RGB to RGB 0..255, as DeOldify', 3, warm, { range: [0, 255] }, 'rgb-colorizer'],
    ['gray RGB to RGB 0..1', 3, warm, {}, 'rgb-colorizer'],
    ['gray RGB to RGB -1..1', 3, warm, { range: [-1, 1] }, 'rgb-colorizer'],
    ['pixels of bytes', 3, warm, { range: [0, 255], type: 'uint8', layout: 'nhwc' }, 'rgb-colorizer'],
    ['bytes to ab', 1, ab, { range: [0, 255], rangeOut: [18, 238], type: 'uint8' }, 'lab-colorizer'],
    ['half floats to ab', 1, ab, { range: [0, 100], rangeOut: [-110, 110], type: 'float16' }, 'lab-colorizer'],
  ] as const)('%s', async (_, channels, tone, form: FormOptions, adapter) => {
    const path = writeModel(toneNet(channels, tone, form));
    const { manifest } = await resolveModel('colorize', path);
    expect(manifest).toMatchObject({ kind: 'colorize', adapter });
    const { input, output } = formsOf(manifest);
    const { range = [0, 1], rangeOut = range } = form;
    for (const found of input.ranges) expect(found).toEqual(range);
    for (const found of output.ranges) expect(found).toEqual(rangeOut);
    expect((await describeModel(path)).manifest.kind).toBe('colorize');
  });
});

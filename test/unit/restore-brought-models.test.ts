import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chroma601, labToSrgb, lightnessOf, type Triple } from '../../src/core/lab.ts';
import type { FrameFormat } from '../../src/core/format.ts';
import type { Frame, FrameStream } from '../../src/core/frame.ts';
import type { StageContext } from '../../src/core/stage.ts';
import { openEngine, resolveModel, restoreStages, type Engine, type ModelKind } from '../../src/restore/index.ts';
import type { FormOptions } from '../fixtures/models/formed.ts';
import { pictureNet, toneNet, writeModel, type Tone } from '../fixtures/models/nets.ts';

// Models that users bring, through the stages and worker threads (npm run build comes first).

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ device: 'cpu', workers: 1, tileSize: 48, signal: new AbortController().signal });
});
afterAll(() => engine.close());

const context: StageContext = {
  signal: new AbortController().signal,
  shots: [],
  warn: (message) => {
    throw new Error(message);
  },
};

const [WIDTH, HEIGHT] = [150, 100];
const format: FrameFormat = {
  width: WIDTH,
  height: HEIGHT,
  pixelFormat: { sampling: '444', bitDepth: 8 },
  color: { matrix: 'smpte170m', transfer: 'bt709', primaries: 'bt709', range: 'full' },
  sampleAspectRatio: { num: 1, den: 1 },
  chromaLocation: 'left',
};

/** Gradients in luma and some color. */
function picture(): Frame {
  const plane = (of: (x: number, y: number) => number): Uint8Array<ArrayBuffer> =>
    Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => of(i % WIDTH, Math.floor(i / WIDTH)));
  return {
    index: 0,
    pts: 0n,
    duration: 1n,
    format,
    planes: [
      plane((x, y) => 40 + x + 0.5 * y + ((x * 7 + y * 3) % 11)),
      plane((x) => 120 + (x % 20)),
      plane((_, y) => 118 + (y % 20)),
    ],
    dispose: () => undefined,
  };
}

async function* one(): FrameStream {
  yield await Promise.resolve(picture());
}

async function through(kind: ModelKind, path: string, options: Record<string, unknown>): Promise<Frame> {
  const model = await resolveModel(kind, path);
  const definition = restoreStages.find((each) => each.kind === kind)!;
  for await (const frame of definition.create(options, { engine, model }).run(one(), context)) return frame;
  throw new Error('no frame');
}

/** Largest difference between two planes, in codes. */
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);

/** Mean difference between two planes, in codes. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? NaN)), 0) / a.length;

const BYTES = { type: 'uint8', range: [0, 255] } as const;

describe('what form a network has does not change what it does', () => {
  const net = { scale: 2, channels: 3, layers: 1 } as const;
  const options = { width: 2 * WIDTH, height: 2 * HEIGHT };
  let plain: Frame;
  beforeAll(async () => {
    plain = await through('upscale', writeModel(pictureNet(net)), options);
  });

  test.each<readonly [string, FormOptions, number]>([
    ['pixels', { layout: 'nhwc' }, 0],
    ['float16', { type: 'float16' }, 2],
    ['bytes', BYTES, 4],
    ['pixels of bytes', { ...BYTES, layout: 'nhwc' }, 4],
    ['0..255', { range: [0, 255] }, 0],
    ['one size', { size: [64, 48] }, 0],
    ['one size, larger than the picture', { size: [160, 120] }, 0],
    ['one size, pixels of half floats', { size: [48, 64], type: 'float16', layout: 'nhwc' }, 2],
  ])('%s', async (name, form, codes) => {
    const { planes } = await through('upscale', writeModel(pictureNet({ ...net, form })), options);
    // What lies beyond the right and lower border is zero for the plain network, and repeated pixels for a larger one.
    const inside = name.includes('larger');
    for (const [i, found] of planes.entries()) {
      const expected = plain.planes[i]!;
      const kept = (plane: ArrayLike<number>): number[] =>
        Array.from(plane).filter(
          (_, at) => !inside || (at % (2 * WIDTH) < 2 * WIDTH - 8 && at < 2 * WIDTH * (2 * HEIGHT - 8)),
        );
      const [mine, plains] = [kept(found), kept(expected)];
      // Bytes cannot say what lies beyond black and white, and are four codes of ten bits wide.
      if (form.type === 'uint8') expect(apart(mine, plains)).toBeLessThan(codes);
      else expect(farthest(mine, plains)).toBeLessThanOrEqual(Math.max(1, codes));
    }
  });
});

describe('denoisers', () => {
  const soft: Tone = [0.9, 0.9, 0.9].map((slope) => ({ middle: 0.5, slope }));

  test('of RGB clean all planes, as much as asked for', async () => {
    const path = writeModel(toneNet(3, soft, {}));
    const [whole, half] = [
      await through('denoise', path, { strength: 1 }),
      await through('denoise', path, { strength: 0.5 }),
    ];
    // This one takes the color away altogether, so that what is left of it shows the share.
    const source = picture().planes;
    const at = 5000;
    const [full, mixed] = [whole.planes[1]![at]! / 4, half.planes[1]![at]! / 4];
    expect(full).toBeCloseTo(128, 0);
    expect(mixed).toBeCloseTo((128 + source[1]![at]!) / 2, 0);
    expect(whole.format.pixelFormat).toEqual({ sampling: '444', bitDepth: 10 });
  });

  test('of luma work with a filter for chroma', async () => {
    const path = writeModel(pictureNet({ scale: 1, half: true, form: { layout: 'nhwc' } }));
    expect((await through('denoise', path, { strength: 0.5 })).planes).toHaveLength(3);
  });
});

/** What a tone net gives for a gray: 0..1 in each channel. */
const toneOf = (tone: Tone, gray: number): number[] => tone.map(({ middle, slope }) => middle + slope * (gray - 0.5));

const AB: Tone = [
  { middle: 0.62, slope: 0.2 },
  { middle: 0.4, slope: -0.15 },
];
const WARM: Tone = [
  { middle: 0.6, slope: 0.8 },
  { middle: 0.5, slope: 0.9 },
  { middle: 0.35, slope: 0.7 },
];

describe('colorizers: their chroma on our luma', () => {
  test.each<readonly [string, 1 | 3, Tone, FormOptions]>([
    ['lab-colorizer', 1, AB, { range: [0, 100], rangeOut: [-110, 110] }],
    ['lab-colorizer, one size', 1, AB, { range: [0, 100], rangeOut: [-110, 110], size: [96, 96] }],
    ['lab-colorizer, normalized', 1, AB, { range: [0, 1], rangeOut: [-1, 1] }],
    ['lab-colorizer, pixels of bytes', 1, AB, { type: 'uint8', range: [0, 255], rangeOut: [18, 238], layout: 'nhwc' }],
    ['ab-colorizer, one size', 3, AB, { rangeOut: [-110, 110], size: [128, 128] }],
    ['ab-colorizer, half floats', 3, AB, { rangeOut: [-110, 110], type: 'float16' }],
    ['rgb-colorizer 0..255', 3, WARM, { range: [0, 255] }],
    ['rgb-colorizer, pixels of bytes of one size', 3, WARM, { ...BYTES, layout: 'nhwc', size: [96, 64] }],
  ])('%s', async (name, channels, tone, form) => {
    const frame = await through('colorize', writeModel(toneNet(channels, tone, form)), { saturation: 1 });
    expect(frame.planes[0]).toEqual(picture().planes[0]);
    const { chromaGrid } = frame;
    if (!chromaGrid) throw new Error('no color');
    const { width, height, cb, cr, luma, confidence } = chromaGrid;
    expect([width, height]).toEqual([96, 64]);
    expect([cb, cr, luma, confidence].map((values) => values.length)).toEqual(Array.from({ length: 4 }, () => 96 * 64));
    for (const cell of [0, 1000, 3000, 5000]) {
      const gray = luma[cell]!;
      const [first = 0, second = 0, third] = toneOf(tone, name.startsWith('lab') ? lightnessOf(gray) / 100 : gray);
      const rgb: Triple =
        third === undefined
          ? labToSrgb([lightnessOf(gray), 220 * (first - 0.5), 220 * (second - 0.5)])
          : [first, second, third];
      const [blue, red] = chroma601(rgb);
      // The network sees the picture at another size than the grid has.
      expect(Math.abs(cb[cell]! - blue)).toBeLessThan(0.012);
      expect(Math.abs(cr[cell]! - red)).toBeLessThan(0.012);
      expect(Math.hypot(blue, red)).toBeGreaterThan(0.03);
    }
  });

  test('saturation is a gain', async () => {
    const path = writeModel(toneNet(3, WARM, {}));
    const [plain, gray] = [
      await through('colorize', path, { saturation: 1 }),
      await through('colorize', path, { saturation: 0 }),
    ];
    expect(gray.chromaGrid!.cb.every((value) => value === 0)).toBe(true);
    expect(plain.chromaGrid!.cb.some((value) => value !== 0)).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import type { BitDepth, ChromaSampling } from '../../src/core/format.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { Stage } from '../../src/core/stage.ts';
import { relateBrightness } from '../../src/temporal/brightness.ts';
import { lumaTable } from '../../src/temporal/deflicker.ts';
import { temporalStages } from '../../src/temporal/index.ts';
import { blotches, formatOf, frameOf, noiseAt, runStage, shotsOf, type Scene } from './temporal-scenes.ts';

const WIDTH = 96;
const HEIGHT = 72;
const RADIUS = 6;

function deflicker(strength: number, radius = RADIUS): Stage {
  const definition = temporalStages.find(({ kind }) => kind === 'deflicker');
  if (!definition) throw new Error('no deflicker');
  return definition.create({ strength, radius });
}

const wall = blotches(3, 17);
/** A dark thing, a fifth of the picture wide, that walks through. */
const still =
  (t: number): Scene =>
  (x, y) =>
    (Math.abs(x - 8 - t * 4) < 10 ? 0.08 : 0.25 + 0.45 * wall(x, y)) + 0.01 * noiseAt(x, y, t);
const gainAt = (t: number): number => 1 + 0.1 * Math.sin(t * 2.4) + 0.04 * noiseAt(t, 0, 5);
const offsetAt = (t: number): number => 0.02 * Math.sin(t * 1.7);
const pumping =
  (t: number): Scene =>
  (x, y) =>
    still(t)(x, y) * gainAt(t) + offsetAt(t);

function film(
  count: number,
  scene: (t: number) => Scene,
  depth: BitDepth = 8,
  sampling: ChromaSampling = 'gray',
  range: 'limited' | 'full' = 'full',
): Frame[] {
  const format = formatOf(WIDTH, HEIGHT, sampling, depth, range);
  return Array.from({ length: count }, (_, t) => frameOf(t, format, scene(t)));
}

/** Mean luma (0..1) of the rightmost columns, where nothing walks in the first 20 frames. */
const corner = ({ planes, format }: Frame): number => {
  const codes = codeRange(format.color.range, format.pixelFormat.bitDepth);
  const luma = planes[0]!;
  let sum = 0;
  for (let i = 0; i < luma.length; i++) if (i % WIDTH >= WIDTH - 6) sum += luma[i]!;
  return (sum / (6 * HEIGHT) - codes.black) / codes.span;
};
const deviation = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
};

describe('deflicker', () => {
  test.each([
    [8, 'gray', 'full'],
    [8, '420', 'limited'],
    [10, '422', 'limited'],
    [16, 'gray', 'full'],
  ] as const)('pumping falls to a quarter, at %d bits %s %s', async (depth, sampling, range) => {
    const frames = film(18, pumping, depth, sampling, range);
    const chroma = frames.map(({ planes }) => planes.slice(1));
    const before = deviation(frames.map(corner));
    const out = await runStage(deflicker(1), frames, shotsOf([0], 18));
    expect(before).toBeGreaterThan(0.03);
    expect(deviation(out.map(corner))).toBeLessThan(before / 4);
    expect(out.map(({ planes }) => planes.slice(1))).toEqual(chroma);
    expect(out.map(({ index, pts }) => [index, pts])).toEqual(frames.map(({ index, pts }) => [index, pts]));
  });

  test('half the strength takes about half away', async () => {
    const frames = film(18, pumping, 10);
    const out = await runStage(deflicker(0.5), frames, shotsOf([0], 18));
    const ratio = deviation(out.map(corner)) / deviation(frames.map(corner));
    expect(ratio).toBeGreaterThan(0.35);
    expect(ratio).toBeLessThan(0.65);
  });

  test('what walks through a steady picture changes it by hardly a code', async () => {
    const frames = film(18, still);
    const out = await runStage(deflicker(1), frames, shotsOf([0], 18));
    for (const [i, frame] of out.entries())
      expect(Math.abs(corner(frame) - corner(frames[i]!))).toBeLessThan(1.2 / 255);
  });

  test('contrast and brightness stay in a pan', async () => {
    const frames = film(18, (t) => (x, y) => 0.2 + 0.5 * wall(x + 7 * t, y));
    const out = await runStage(deflicker(1), frames, shotsOf([0], 18));
    for (const [i, { planes }] of out.entries()) {
      const [was, is] = [Array.from(frames[i]!.planes[0]!), Array.from(planes[0]!)];
      expect(deviation(is) / deviation(was)).toBeGreaterThan(0.9);
      expect(deviation(is) / deviation(was)).toBeLessThan(1.1);
    }
  });

  test('a fade stays a fade', async () => {
    const fade = (t: number): number => Math.min(1, 1 - (t - 6) / 12);
    const frames = film(18, (t) => (x, y) => fade(t) * (0.2 + 0.6 * wall(x, y)), 10);
    const out = await runStage(deflicker(1), frames, shotsOf([0], 18));
    for (const [i, frame] of out.entries()) expect(Math.abs(corner(frame) - corner(frames[i]!))).toBeLessThan(0.04);
  });

  test('lightning strikes, and what is around it stays as it was', async () => {
    const lit = (t: number): number => (t === 6 || t === 7 || t === 12 ? 1 : 0.4);
    const frames = film(18, (t) => (x, y) => lit(t) * (0.3 + 0.6 * wall(x, y)) + 0.01 * noiseAt(x, y, t));
    const out = await runStage(deflicker(1), frames, shotsOf([0], 18));
    for (const [i, frame] of out.entries()) expect(Math.abs(corner(frame) - corner(frames[i]!))).toBeLessThan(0.005);
  });

  test('brightness does not leak over a cut', async () => {
    const frames = film(20, (t) => (x, y) => (t < 9 ? 0.1 + 0.2 * wall(x, y) : 0.5 + 0.4 * wall(y, x)));
    const out = await runStage(deflicker(1), frames, shotsOf([0, 9], 20));
    // Nothing pumps on either side, so nothing changes.
    for (const [i, frame] of out.entries()) expect(frame.planes[0]).toEqual(frames[i]!.planes[0]);
  });

  test('strength 0 hands the very frames on', async () => {
    const frames = film(4, pumping);
    const out = await runStage(deflicker(0), frames, shotsOf([0], 4));
    for (const [i, frame] of out.entries()) expect(frame).toBe(frames[i]);
    expect(deflicker(0).temporalRadius).toBe(0);
    expect(deflicker(1).temporalRadius).toBe(RADIUS);
  });

  test('a segment with its lead-in and lead-out gives the same bits as the whole film', async () => {
    const shots = shotsOf([0, 11], 24);
    const frames = film(24, pumping);
    const copies = (await runStage(deflicker(1), frames, shots)).map(({ planes }) => planes[0]!.slice());
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 1, max: 9 }), async (start, length) => {
        const end = Math.min(24, start + length);
        const out = await runStage(deflicker(1), frames.slice(Math.max(0, start - RADIUS), end + RADIUS), shots);
        for (const { index, planes } of out) {
          if (index >= start && index < end) expect(planes[0]).toEqual(copies[index]);
        }
      }),
      { numRuns: 10 },
    );
  });

  test.each([
    ['18 in 24', (t: number) => Math.floor((t * 3) / 4)],
    ['on twos', (t: number) => t >> 1],
  ])('frames that share a picture share what becomes of it, wherever a segment begins: %s', async (_, shown) => {
    const once = film(24, pumping);
    const count = 24;
    const shared = Array.from({ length: count }, (_, t): Frame => ({ ...once[t]!, planes: once[shown(t)]!.planes }));
    const apart = shared.map((frame) => ({ ...frame, planes: frame.planes.map((plane) => plane.slice()) }));
    const whole = await runStage(deflicker(1), apart, shotsOf([0], count));
    for (let start = 0; start < count; start++) {
      const from = Math.max(0, start - RADIUS);
      const out = await runStage(deflicker(1), shared.slice(from, start + 3 + RADIUS), shotsOf([0], count));
      const part = out.slice(start - from, start - from + 3);
      for (const [i, { index, planes }] of part.entries()) {
        expect(planes[0]).toEqual(whole[index]!.planes[0]);
        expect(planes[0] === part[i - 1]?.planes[0]).toBe(i > 0 && shown(index) === shown(index - 1));
      }
    }
  });

  test('what frames share goes back when the last of them does', async () => {
    const format = formatOf(WIDTH, HEIGHT);
    const frames = Array.from({ length: 12 }, (_, t) => frameOf(t, format, pumping(t >> 1)));
    const shared = frames.map((frame, t) => ({ ...frame, planes: frames[t - (t % 2)]!.planes }));
    const out = await runStage(deflicker(1), shared, shotsOf([0], 12));
    expect(frames.map(({ disposals }) => disposals.count)).toEqual(frames.map(() => 1));
    const copies = out.map(({ planes }) => planes[0]!.slice());
    for (const [t, frame] of out.entries()) {
      if (t % 2 === 0) frame.dispose();
    }
    // Nobody else has got the memory of those that are still held.
    for (const [t, frame] of out.entries()) if (t % 2 === 1) expect(frame.planes[0]).toEqual(copies[t]);
    for (const frame of out) frame.dispose();
  });

  test('every frame is disposed once, by the stage where it made a new one', async () => {
    const format = formatOf(WIDTH, HEIGHT);
    const frames = Array.from({ length: 10 }, (_, t) => frameOf(t, format, pumping(t)));
    for (const frame of await runStage(deflicker(1), frames, shotsOf([0], 10))) frame.dispose();
    expect(frames.map(({ disposals }) => disposals.count)).toEqual(frames.map(() => 1));
  });
});

test('the table rises, stays inside the range, and pushes no further codes onto its ends', () => {
  const map = fc.record({
    gain: fc.double({ min: 0.74, max: 1.35, noNaN: true }),
    offset: fc.double({ min: -0.2, max: 0.2, noNaN: true }),
  });
  const codes = fc.constantFrom(codeRange('limited', 8), codeRange('full', 8), codeRange('limited', 10));
  fc.assert(
    fc.property(map, fc.double({ min: 0, max: 1, noNaN: true }), codes, (change, strength, range) => {
      const table = lumaTable(change, strength, range);
      if (!table) return;
      expect(table).toHaveLength(range.max + 1);
      const [black, white] = [range.black, range.black + range.span];
      for (let code = 1; code <= range.max; code++) expect(table[code]).toBeGreaterThanOrEqual(table[code - 1]!);
      expect(table[black]).toBeGreaterThanOrEqual(black);
      expect(table[white]).toBeLessThanOrEqual(white);
      const picture = table.subarray(black, white + 1);
      for (const end of [black, white]) expect(picture.filter((value) => value === end).length).toBeLessThanOrEqual(2);
    }),
  );
  expect(lumaTable({ gain: 1, offset: 0 }, 1, codeRange('full', 8))).toBeUndefined();
});

test('brightness is related by most of the picture', () => {
  const part = fc.record({
    gain: fc.double({ min: 0.7, max: 1.4, noNaN: true }),
    offset: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
    moved: fc.integer({ min: 0, max: 25 }),
  });
  fc.assert(
    fc.property(part, ({ gain, offset, moved }) => {
      const a = Float32Array.from({ length: 100 }, (_, i) => 0.1 + 0.6 * wall(i * 9, 4));
      const b = a.map((value, i) => (i < moved ? 0.9 : value * gain + offset + 0.001 * noiseAt(i, 0, 1)));
      const found = relateBrightness(a, b);
      for (const tone of [0.2, 0.5]) {
        expect(Math.abs(found.gain * tone + found.offset - gain * tone - offset)).toBeLessThan(0.02);
      }
    }),
  );
});

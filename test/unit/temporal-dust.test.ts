import { describe, expect, test } from 'vitest';
import type { BitDepth, ChromaSampling } from '../../src/core/format.ts';
import type { Frame } from '../../src/core/frame.ts';
import { dust } from '../../src/temporal/dust.ts';
import { blotches, filmOf, noiseAt, runStage, shotsOf, type CountedFrame, type Scene } from './temporal-scenes.ts';

const [WIDTH, HEIGHT] = [128, 96];
const ground = blotches(5, 24);
const GRAIN = 0.012;

/** A camera that pans over a wall, in grain. */
const wall =
  (t: number): Scene =>
  (x, y) =>
    0.3 + 0.4 * ground(x + 2 * t, y) + GRAIN * noiseAt(x, y, t);

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly value: number;
}

const over =
  (scene: Scene, spots: readonly Spot[]): Scene =>
  (x, y) =>
    spots.find((spot) => Math.hypot(x - spot.x, y - spot.y) <= spot.radius)?.value ?? scene(x, y);

const film = (
  count: number,
  scene: (t: number) => Scene,
  sampling?: ChromaSampling,
  depth?: BitDepth,
): CountedFrame[] => filmOf(count, [WIDTH, HEIGHT], scene, sampling, depth);

/** Places of luma samples that differ by more than `least` of the full range. */
function changes(before: readonly number[], after: ArrayLike<number>, least: number): number[] {
  return before.flatMap((value, i) => (Math.abs(value - after[i]!) > least ? [i] : []));
}

const samples = (frames: readonly Frame[]): number[][] => frames.map(({ planes }) => Array.from(planes[0]!));

describe('dust', () => {
  const spots: Spot[] = [
    { x: 30, y: 40, radius: 2, value: 0.98 },
    { x: 90, y: 20, radius: 3, value: 0.02 },
    { x: 64, y: 70, radius: 1, value: 0.95 },
  ];

  test.each<[BitDepth, ChromaSampling]>([
    [8, 'gray'],
    [10, '420'],
  ])('is replaced by what the neighbors have there (%i bits, %s)', async (depth, sampling) => {
    const frames = film(5, (t) => (t === 2 ? over(wall(t), spots) : wall(t)), sampling, depth);
    const clean = samples(film(5, wall, sampling, depth));
    const dirty = samples(frames);
    const results = await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 5));
    const full = 2 ** depth - 1;
    for (const [t, { planes }] of results.entries()) {
      if (t === 2) {
        expect(changes(clean[t]!, planes[0]!, 0.15 * full)).toEqual([]);
        expect(changes(dirty[t]!, planes[0]!, 0.15 * full).length).toBeGreaterThan(30);
      } else expect(Array.from(planes[0]!)).toEqual(dirty[t]);
    }
    expect(frames.every(({ disposals }, t) => disposals.count === (t === 2 ? 1 : 0))).toBe(true);
  });

  /** Dirty are the first frames of both shots of three. */
  const scene = (t: number): Scene => (t % 3 === 0 ? over(wall(t), spots) : wall(t));

  test('at an end of a shot is seen beside two frames of the other side, never over the cut', async () => {
    const results = await runStage(dust({ strength: 0.5 }), film(6, scene), shotsOf([0, 3], 6));
    const clean = samples(film(6, wall));
    for (const [t, { planes }] of results.entries()) expect(changes(clean[t]!, planes[0]!, 40)).toEqual([]);
  });

  test('stays where it is at strength 0, and in shots of two frames', async () => {
    for (const [strength, shots] of [
      [0, shotsOf([0], 6)],
      [0.5, shotsOf([0, 2, 4], 6)],
    ] as const) {
      const frames = film(6, scene);
      const dirty = samples(frames);
      const results = await runStage(dust({ strength }), frames, shots);
      expect(results.map(({ planes }) => Array.from(planes[0]!))).toEqual(dirty);
    }
  });

  /** Other specks in each picture. */
  const strewn = (p: number): Scene =>
    over(
      wall(p),
      spots.map(({ x, y, ...spot }, k) => ({
        ...spot,
        // What is larger is left in pictures that are shown twice.
        radius: Math.min(2, spot.radius),
        x: 20 + ((x + 37 * p + 11 * k) % 88),
        y: 16 + ((y + 23 * p) % 64),
      })),
    );

  test.each([
    ['18 in 24', 0, (t: number) => Math.floor((t * 3) / 4)],
    ['16 in 24', 0, (t: number) => Math.floor((t * 2) / 3)],
    ['on twos', 1, (t: number) => t >> 1],
  ])('goes from pictures that are shown twice, as from the film that has each once: %s', async (_, ends, shown) => {
    const pictures = shown(11) + 1;
    const once = samples(await runStage(dust({ strength: 0.5 }), film(pictures, strewn), shotsOf([0], pictures)));
    const clean = samples(film(pictures, wall));
    // A codec makes the second one a little different.
    const coded = (t: number): Scene => {
      const [scene, repeats] = [strewn(shown(t)), shown(t) === shown(t - 1)];
      return (x, y) => scene(x, y) + (repeats && Math.max(Math.abs(x - 60), Math.abs(y - 48)) < 4 ? 12 / 255 : 0);
    };
    for (const scene of [coded, (t: number) => strewn(shown(t))]) {
      const results = samples(await runStage(dust({ strength: 0.5 }), film(12, scene), shotsOf([0], 12)));
      // On twos the first and the last picture have no two others near.
      for (let t = 2 * ends; t < 12 - 2 * ends; t++) {
        // What is on one side only tells less, also in the film that has each once.
        if (t >= 2 && t < 10) expect(changes(clean[shown(t)]!, results[t]!, 40)).toEqual([]);
        if (scene !== coded) expect(results[t]).toEqual(once[shown(t)]);
      }
    }
  });

  test('is not a hand that waves in a picture that is shown twice, however far from where it was', async () => {
    const hand = (t: number): Scene =>
      over(wall(t >> 1), t >> 1 === 2 ? [{ x: 60, y: 48, radius: 3, value: 0.95 }] : []);
    const frames = film(12, hand);
    expect(await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 12))).toEqual(frames);
  });

  test('goes from one frame of a picture that is held, faint as it may be', async () => {
    const held: Scene = (x, y) => 0.3 + 0.4 * ground(x, y);
    const faint = [{ x: 44, y: 38, radius: 1, value: held(44, 38) + 0.09 }];
    const results = samples(
      await runStage(
        dust({ strength: 0.5 }),
        film(9, (t) => (t === 4 ? over(held, faint) : held)),
        shotsOf([0], 9),
      ),
    );
    for (const plane of results) expect(changes(samples(film(1, () => held))[0]!, plane, 5)).toEqual([]);
  });

  test('is not what moves: a ball, fast or slow, is left alone', async () => {
    for (const speed of [1, 4, 9]) {
      const frames = film(8, (t) => over(wall(t), [{ x: 20 + speed * t, y: 48, radius: 3, value: 0.97 }]));
      const before = samples(frames);
      const results = await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 8));
      for (const [t, { planes }] of results.entries()) expect(changes(before[t]!, planes[0]!, 40)).toEqual([]);
    }
  });

  test('is not what passes by: a small ball that flies fast is in its place in all frames, dirt beside it is in none', async () => {
    const ball = (t: number): Spot => ({ x: 20 + 10 * t, y: 60 - 3 * t + (t * t) / 4, radius: 1.5, value: 0.97 });
    const still =
      (t: number): Scene =>
      (x, y) =>
        0.3 + 0.4 * ground(x, y) + GRAIN * noiseAt(x, y, t);
    const flying = (t: number): Scene => over(still(t), [ball(t)]);
    const frames = film(9, (t) =>
      t % 4 === 2 ? over(flying(t), [{ x: 100 - 9 * t, y: 20, radius: 2, value: 0.98 }]) : flying(t),
    );
    const results = await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 9));
    const without = samples(film(9, flying));
    for (const [t, { planes }] of results.entries()) expect(changes(without[t]!, planes[0]!, 40)).toEqual([]);
  });

  test('is no part of the letters of a title that jumps: on black ground motion is not found everywhere', async () => {
    // Rows of letters of 9 x 11, each of some of six strokes two wide.
    const letter = (x: number, y: number): boolean => {
      const [u, v, row, column] = [x % 12, y % 18, Math.floor(y / 18), Math.floor(x / 12)];
      const strokes = [u < 2, u >= 7, v < 2, v >= 9, v >= 4 && v < 6, u === v || u === v + 1];
      const has = (k: number): boolean => noiseAt(column, row, 40 + k) > 0;
      return row % 2 === 1 && u < 9 && v < 11 && strokes.some((stroke, k) => stroke && has(k));
    };
    const jumps: readonly (readonly [number, number])[] = [
      [0, 0],
      [3, -4],
      [-2, 5],
      [1, -1],
      [4, 6],
      [0, -3],
      [-5, 2],
    ];
    const title = (t: number): Scene => {
      const [dx, dy] = jumps[t % jumps.length]!;
      const inside = (x: number, y: number): boolean => x >= 12 && x < 108 && y >= 12 && y < 84;
      return (x, y) => (inside(x - dx, y - dy) && letter(x - dx, y - dy) ? 0.85 : 0.1) + GRAIN * noiseAt(x, y, t);
    };
    const frames = film(7, title);
    const before = samples(frames);
    const results = await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 7));
    for (const [t, { planes }] of results.entries()) expect(changes(before[t]!, planes[0]!, 40)).toEqual([]);
  });

  test('is found though brightness flickers', async () => {
    const flicker = (t: number): Scene => {
      const scene = t === 2 ? over(wall(t), spots) : wall(t);
      return (x, y) => scene(x, y) * (t % 2 === 0 ? 1 : 0.9);
    };
    const results = await runStage(dust({ strength: 0.5 }), film(5, flicker), shotsOf([0], 5));
    expect(changes(samples(film(5, wall))[2]!, results[2]!.planes[0]!, 40)).toEqual([]);
  });

  test('is found beside an edge, and stays in texture', async () => {
    // A roof against the sky on the left, gravel on the right; nothing moves.
    const still =
      (t: number): Scene =>
      (x, y) =>
        (x < 64 ? (y < 50 ? 0.75 : 0.35) : 0.5 + 0.12 * noiseAt(x, y, 1)) + GRAIN * noiseAt(x, y, t + 2);
    const beside: Spot[] = [{ x: 30, y: 47, radius: 2, value: 0.42 }];
    const hidden: Spot[] = [{ x: 96, y: 44, radius: 2, value: 0.75 }];
    const frames = film(5, (t) => (t === 2 ? over(still(t), [...beside, ...hidden]) : still(t)));
    const dirty = samples(frames)[2]!;
    const results = await runStage(dust({ strength: 0.5 }), frames, shotsOf([0], 5));
    const changed = changes(dirty, results[2]!.planes[0]!, 10);
    expect(changed.length).toBeGreaterThan(8);
    expect(changed.every((place) => place % WIDTH < 64)).toBe(true);
  });

  test('in a picture without any nothing that anybody sees changes, and nothing at all at its usual strength', async () => {
    const frames = film(6, wall);
    const results = await runStage(dust({ strength: 1 }), frames, shotsOf([0], 6));
    for (const [t, frame] of results.entries()) {
      // At full strength single grains may be taken for specks.
      expect(changes(Array.from(frames[t]!.planes[0]!), frame.planes[0]!, 30)).toEqual([]);
    }
    const same = film(6, wall);
    expect(await runStage(dust({ strength: 0.5 }), same, shotsOf([0], 6))).toEqual(same);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rect } from '../../src/core/media.ts';
import type { FrameStream } from '../../src/core/frame.ts';
import type { Stage } from '../../src/core/stage.ts';
import type { Crew } from '../../src/temporal/crew.ts';
import { temporalStages } from '../../src/temporal/index.ts';
import { estimateMotion, warp } from '../../src/temporal/motion.ts';
import { prepareMotion } from '../../src/temporal/motion-picture.ts';
import { slowCrew } from './temporal-crew.ts';
import {
  COUNT,
  errorOf,
  film,
  FORMAT,
  gridOf,
  ground,
  HEIGHT,
  inBall,
  nearBall,
  scene,
  WIDTH,
} from './temporal-ball.ts';
import {
  blotches,
  contextOf,
  formatOf,
  frameOf,
  luma8,
  runStage,
  shotsOf,
  streamOf,
  type CountedFrame,
  type Scene,
} from './temporal-scenes.ts';

const RADIUS = 4;

function smoother(radius = RADIUS, area?: Rect, crew?: Crew): Stage {
  const definition = temporalStages.find(({ kind }) => kind === 'chroma-smooth');
  if (!definition) throw new Error('no chroma-smooth');
  return definition.create({ radius, ...(area ? { area } : {}) }, crew);
}

describe('chroma-smooth', () => {
  test('flicker falls to less than half, around what moves too', async () => {
    const [clean, noisy] = [film(0), film(0.05)];
    const smooth = await runStage(smoother(), noisy, shotsOf([0], COUNT));
    const still = (x: number, y: number, t: number): boolean => !nearBall(x, y, t);
    expect(errorOf(smooth, clean, still)).toBeLessThan(0.5 * errorOf(noisy, clean, still));
    expect(errorOf(smooth, clean, nearBall)).toBeLessThan(0.9 * errorOf(noisy, clean, nearBall));
  });

  test('color does not trail behind what moves', async () => {
    const clean = film(0);
    const smooth = await runStage(smoother(), clean, shotsOf([0], COUNT));
    const behind = (x: number, y: number, t: number): boolean => !inBall(x, y, t) && inBall(x, y, t - 3);
    // A plain mean over the neighbors is off by about 0.2 there.
    expect(errorOf(smooth, clean, behind)).toBeLessThan(0.04);
    expect(errorOf(smooth, clean, (x, y, t) => inBall(x, y, t))).toBeLessThan(0.05);
    expect(errorOf(smooth, clean, (x, y, t) => !nearBall(x, y, t))).toBeLessThan(0.01);
  });

  test('brightness that pumps does not keep color from being steadied', async () => {
    const pump = (t: number): number => 0.8 + 0.2 * Math.sin(t * 2.5);
    const noisy = film(0.05).map((frame, t) =>
      frameOf(t, FORMAT, (x, y) => scene(t)(x, y) * pump(t), frame.chromaGrid),
    );
    const clean = film(0);
    const smooth = await runStage(smoother(), noisy, shotsOf([0], COUNT));
    const still = (x: number, y: number, t: number): boolean => !nearBall(x, y, t);
    expect(errorOf(smooth, clean, still)).toBeLessThan(0.5 * errorOf(noisy, clean, still));
  });

  test('no color comes from the other side of a cut', async () => {
    const cut = 9;
    const frames = film(0.05).map((frame) => {
      if (frame.index < cut) return frame;
      return frameOf(
        frame.index,
        FORMAT,
        ground,
        gridOf(() => [0.3, 0], frame.index, 0.05),
      );
    });
    const together = await runStage(smoother(), frames, shotsOf([0, cut], COUNT));
    const apart = [
      ...(await runStage(smoother(), frames.slice(0, cut), shotsOf([0, cut], COUNT))),
      ...(await runStage(smoother(), frames.slice(cut), shotsOf([0, cut], COUNT))),
    ];
    expect(together.map(({ chromaGrid }) => chromaGrid)).toEqual(apart.map(({ chromaGrid }) => chromaGrid));
  });

  test('a segment with its lead-in and lead-out gives the same bits as the whole film', async () => {
    const frames = film(0.05);
    const shots = shotsOf([0, 7], COUNT);
    const whole = await runStage(smoother(), frames, shots);
    const range = fc.tuple(fc.integer({ min: 0, max: COUNT - 1 }), fc.integer({ min: 1, max: 8 }));
    await fc.assert(
      fc.asyncProperty(range, async ([start, length]) => {
        const end = Math.min(COUNT, start + length);
        const part = frames.slice(Math.max(0, start - RADIUS), end + RADIUS);
        const out = (await runStage(smoother(), part, shots)).filter(({ index }) => index >= start && index < end);
        expect(out.map(({ chromaGrid }) => chromaGrid)).toEqual(
          whole.slice(start, end).map(({ chromaGrid }) => chromaGrid),
        );
      }),
      { numRuns: 6 },
    );
  });

  test('black bars beside the picture change nothing', async () => {
    const frames = film(0.05).slice(0, 6);
    const barred = frames.map(({ index, chromaGrid }) => {
      const between: Scene = (x, y) => (x < 20 || x >= 20 + WIDTH ? 0 : scene(index)(x - 20, y));
      return frameOf(index, formatOf(WIDTH + 44, HEIGHT), between, chromaGrid);
    });
    const area = { x: 20, y: 0, width: WIDTH, height: HEIGHT };
    const [plain, inside] = [
      await runStage(smoother(), frames, shotsOf([0], 6)),
      await runStage(smoother(RADIUS, area), barred, shotsOf([0], 6)),
    ];
    expect(inside.map(({ chromaGrid }) => chromaGrid)).toEqual(plain.map(({ chromaGrid }) => chromaGrid));
  });

  test('radius 0 hands the very frames on', async () => {
    const frames = film(0.05).slice(0, 3);
    expect(await runStage(smoother(0), frames, shotsOf([0], 3))).toEqual(frames);
    expect(smoother(0).temporalRadius).toBe(0);
    expect(smoother(3).temporalRadius).toBe(3);
  });
});

describe('the stream', () => {
  const small = (index: number, withGrid = true): CountedFrame =>
    frameOf(index, FORMAT, ground, withGrid ? gridOf(() => [0.1, 0.1], index, 0.02) : undefined);

  test('order, timestamps and planes stay; frames are disposed by who takes them, once', async () => {
    const frames = Array.from({ length: 12 }, (_, i) => small(i));
    const seen: number[] = [];
    for await (const frame of smoother(2).run(streamOf(frames), contextOf(shotsOf([0, 5], 12)))) {
      expect(frame.pts).toBe(BigInt(frame.index) * 512n);
      expect(frame.planes).toBe(frames[frame.index]!.planes);
      expect(frames[frame.index]!.disposals.count).toBe(0);
      frame.dispose();
      seen.push(frame.index);
    }
    expect(seen).toEqual(frames.map(({ index }) => index));
    expect(frames.map(({ disposals }) => disposals.count)).toEqual(frames.map(() => 1));
  });

  test('frames without a grid pass through in their place', async () => {
    const frames = Array.from({ length: 9 }, (_, i) => small(i, i !== 3 && i !== 8));
    const out = await runStage(smoother(2), frames, shotsOf([0], 9));
    expect(out.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(out[3]).toBe(frames[3]);
    expect(out[8]).toBe(frames[8]);
  });

  test('a consumer that stops, and an abort, leave no frame behind', async () => {
    const frames = Array.from({ length: 12 }, (_, i) => small(i));
    for await (const frame of smoother(3).run(streamOf(frames), contextOf(shotsOf([0], 12)))) {
      frame.dispose();
      if (frame.index === 2) break;
    }
    expect(frames.map(({ disposals }) => disposals.count)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);

    const others = Array.from({ length: 12 }, (_, i) => small(i));
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      for await (const frame of smoother(3).run(streamOf(others), contextOf(shotsOf([0], 12), controller.signal))) {
        frame.dispose();
        controller.abort();
      }
    };
    await expect(run()).rejects.toThrow(/abort/i);
    expect(others.map(({ disposals }) => disposals.count)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('a crew', () => {
  test.each([
    [RADIUS, 3],
    [12, 8],
  ])('gives the same color in the same order, several jobs at once (radius %i, %i ahead)', async (radius, ahead) => {
    const [frames, shots] = [film(0.05), shotsOf([0, 3, 4], COUNT)];
    const alone = await runStage(smoother(radius), frames, shots);
    const crew = slowCrew(ahead);
    const together = await runStage(smoother(radius, undefined, crew), frames, shots);
    expect(together.map(({ chromaGrid }) => chromaGrid)).toEqual(alone.map(({ chromaGrid }) => chromaGrid));
    expect(together.map(({ index }) => index)).toEqual(frames.map(({ index }) => index));
    expect(crew.most).toBeGreaterThan(2);
  });

  test('searches each pair of frames once', async () => {
    const crew = slowCrew(2);
    await runStage(smoother(12, undefined, crew), film(0.05), shotsOf([0], COUNT));
    // A frame has one job for its color, from the second on one for near neighbors, from the fifth on one for far ones.
    expect(crew.count).toBe(COUNT + (COUNT - 1) + (COUNT - 4));
  });

  test('that fails ends the stream with its reason, when no job is in work and no frame is left behind', async () => {
    for (const fail of [0, 1, 5, 20]) {
      const crew = slowCrew(2, fail);
      const frames = film(0.05);
      let taken = 0;
      const stream = async function* (): FrameStream {
        for await (const frame of streamOf(frames)) {
          taken++;
          yield frame;
        }
      };
      const run = async (): Promise<void> => {
        const stage = smoother(12, undefined, crew);
        for await (const frame of stage.run(stream(), contextOf(shotsOf([0], COUNT)))) frame.dispose();
      };
      await expect(run()).rejects.toThrow('the thread died');
      expect(crew.running).toBe(0);
      expect(frames.slice(0, taken).every(({ disposals }) => disposals.count === 1)).toBe(true);
    }
  });
});

describe('motion', () => {
  const gray = (picture: Scene): { width: number; height: number; data: Float32Array } => ({
    ...{ width: 112, height: 64 },
    data: Float32Array.from(luma8(picture, 112, 64), (value) => value / 255),
  });

  test.each([
    [0, 0],
    [3, -2],
    [-7.5, 4],
    [11, 0],
  ])('a picture that moves by (%d, %d) pixels is found, and brought back', (dx, dy) => {
    const texture = blotches(9, 15);
    const a = gray((x, y) => texture(x, y));
    const b = gray((x, y) => 0.85 * texture(x - dx, y - dy) + 0.03);
    const motion = estimateMotion(prepareMotion(a), prepareMotion(b), 28, 16);
    const back = warp(b, motion);
    let [missed, difference, count] = [0, 0, 0];
    for (let y = 16; y < 48; y++) {
      for (let x = 16; x < 96; x++) {
        const cell = Math.floor(y / 4) * 28 + Math.floor(x / 4);
        if (Math.hypot(motion.x[cell]! - dx, motion.y[cell]! - dy) > 0.75) missed++;
        difference += Math.abs((back.data[y * 112 + x]! - 0.03) / 0.85 - a.data[y * 112 + x]!);
        count++;
      }
    }
    expect(missed / count).toBeLessThan(0.05);
    expect(difference / count).toBeLessThan(0.015);
  });
});

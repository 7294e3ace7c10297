import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChromaGrid, Frame } from '../../src/core/frame.ts';
import type { Stage } from '../../src/core/stage.ts';
import type { Crew } from '../../src/temporal/crew.ts';
import { temporalStages } from '../../src/temporal/index.ts';
import { colorAt, COUNT, errorOf, film, FORMAT, gridOf, nearBall, scene } from './temporal-ball.ts';
import { slowCrew } from './temporal-crew.ts';
import { blotches, contextOf, frameOf, runStage, shotsOf, streamOf, type CountedFrame } from './temporal-scenes.ts';

function anchor(memory = 48, crew?: Crew): Stage {
  const definition = temporalStages.find(({ kind }) => kind === 'chroma-anchor');
  if (!definition) throw new Error('no chroma-anchor');
  return definition.create({ memory }, crew);
}

const changed = (grid: ChromaGrid, gain: number, cb: number, cr: number): ChromaGrid => ({
  ...grid,
  cb: grid.cb.map((value) => value * gain + cb),
  cr: grid.cr.map((value) => value * gain + cr),
});

/** The film with the ball as a colorizer gives it whose color as a whole changes from frame to frame. */
const drifting = (drift: (t: number) => readonly [gain: number, cb: number, cr: number]): CountedFrame[] =>
  Array.from({ length: COUNT }, (_, t) => frameOf(t, FORMAT, scene(t), changed(gridOf(colorAt(t), t, 0), ...drift(t))));

const anywhere = (): boolean => true;
const still = (x: number, y: number, t: number): boolean => !nearBall(x, y, t);

test('color that swings as a whole is held', async () => {
  const frames = drifting((t) => [1 + 0.25 * Math.sin(t * 1.3), 0.03 * Math.sin(t * 0.9), 0.03 * Math.cos(t)]);
  const held = await runStage(anchor(), frames, shotsOf([0], COUNT));
  // What is left is mostly that the first frames have little to be held by.
  const last = (list: readonly Frame[]): Frame[] => list.slice(COUNT / 2);
  expect(errorOf(last(held), last(film(0)), still)).toBeLessThan(0.4 * errorOf(last(frames), last(film(0)), still));
});

test('color that drifts away slowly is brought back toward where it was', async () => {
  const frames = drifting((t) => [1, 0.004 * t, -0.003 * t]);
  const held = await runStage(anchor(), frames, shotsOf([0], COUNT));
  expect(errorOf(held, film(0), still)).toBeLessThan(0.6 * errorOf(frames, film(0), still));
});

test('what comes into the picture changes the color of nothing else', async () => {
  // A pan over a ground that is green on the left and red on the right: the mean color of the picture changes a lot.
  const ground = blotches(5, 22);
  const frames = Array.from({ length: COUNT }, (_, t) =>
    frameOf(
      t,
      FORMAT,
      (x, y) => 0.2 + 0.5 * ground(x + 6 * t, y),
      gridOf((x) => (x + 6 * t < 130 ? [-0.15, -0.15] : [-0.1, 0.2]), t, 0),
    ),
  );
  const held = await runStage(anchor(), frames, shotsOf([0], COUNT));
  expect(errorOf(held, frames, anywhere)).toBeLessThan(0.02);
});

test('nothing crosses a cut, and a first frame stays as it is', async () => {
  const cut = 9;
  const frames = drifting((t) => [1, t < cut ? 0 : 0.1, 0]);
  const held = await runStage(anchor(), frames, shotsOf([0, cut], COUNT));
  expect(held[cut]!.chromaGrid).toEqual(frames[cut]!.chromaGrid);
  const alone = await runStage(anchor(), frames.slice(cut), shotsOf([0, cut], COUNT));
  expect(held.slice(cut).map(({ chromaGrid }) => chromaGrid)).toEqual(alone.map(({ chromaGrid }) => chromaGrid));
});

test('a segment with its lead-in gives the same bits as the whole film', async () => {
  const memory = 5;
  const frames = film(0.05);
  const shots = shotsOf([0, 7], COUNT);
  const whole = await runStage(anchor(memory), frames, shots);
  const range = fc.tuple(fc.integer({ min: 0, max: COUNT - 1 }), fc.integer({ min: 1, max: 8 }));
  await fc.assert(
    fc.asyncProperty(range, async ([start, length]) => {
      const end = Math.min(COUNT, start + length);
      const part = frames.slice(Math.max(0, start - (anchor(memory).lookBack ?? 0)), end);
      const out = (await runStage(anchor(memory), part, shots)).filter(({ index }) => index >= start);
      expect(out.map(({ chromaGrid }) => chromaGrid)).toEqual(
        whole.slice(start, end).map(({ chromaGrid }) => chromaGrid),
      );
    }),
    { numRuns: 6 },
  );
});

test('gray stays gray, and without a memory frames pass as they are', async () => {
  const gray = Array.from({ length: 4 }, (_, t) =>
    frameOf(
      t,
      FORMAT,
      scene(t),
      gridOf(() => [0, 0], t, 0),
    ),
  );
  const held = await runStage(anchor(), gray, shotsOf([0], 4));
  for (const { chromaGrid } of held) expect(chromaGrid!.cb.every((value) => Math.abs(value) < 1e-6)).toBe(true);
  const frames = film(0.05);
  const passed = await runStage(anchor(0), frames, shotsOf([0], COUNT));
  expect(passed.map(({ chromaGrid }) => chromaGrid)).toEqual(frames.map(({ chromaGrid }) => chromaGrid));
});

test('a crew gives the same bits, in order, with a job for each pair of frames', async () => {
  const frames = film(0.05);
  const shots = shotsOf([0, 7], COUNT);
  const alone = await runStage(anchor(), frames, shots);
  const crew = slowCrew(4);
  const together = await runStage(anchor(48, crew), frames, shots);
  expect(together.map(({ index, chromaGrid }) => [index, chromaGrid])).toEqual(
    alone.map(({ index, chromaGrid }) => [index, chromaGrid]),
  );
  expect(crew.count).toBe(COUNT - 2);
  expect(crew.most).toBeGreaterThan(2);
});

test('a job that fails ends the stream with its reason, and no frame is left behind', async () => {
  const crew = slowCrew(3, 4);
  const frames = film(0.05);
  const run = async (): Promise<void> => {
    const shots = shotsOf([0], COUNT);
    for await (const frame of anchor(48, crew).run(streamOf(frames), contextOf(shots))) frame.dispose();
  };
  await expect(run()).rejects.toThrow('the thread died');
  expect(crew.running).toBe(0);
  const counts = frames.map(({ disposals }) => disposals.count);
  expect(counts.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
  expect(Math.max(...counts)).toBe(1);
});

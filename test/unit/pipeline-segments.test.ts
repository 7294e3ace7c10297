import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Shot } from '../../src/core/range.ts';
import { cutSegments, pendingRuns } from '../../src/pipeline/segments.ts';

const shotsOf = (lengths: readonly number[]): Shot[] => {
  let start = 0;
  return lengths.map((length, index) => {
    const range = { start, end: (start += length) };
    return { index, range };
  });
};

const films = fc.record({
  shots: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 }).map(shotsOf),
  maxFrames: fc.integer({ min: 1, max: 100 }),
  radius: fc.integer({ min: 0, max: 12 }),
});

test('segments cover the film once, in order, and are never longer than asked', () => {
  fc.assert(
    fc.property(films, ({ shots, maxFrames, radius }) => {
      const segments = cutSegments(shots, maxFrames, radius);
      let expected = 0;
      for (const [i, { index, range }] of segments.entries()) {
        expect(index).toBe(i);
        expect(range.start).toBe(expected);
        expect(range.end - range.start).toBeGreaterThan(0);
        expect(range.end - range.start).toBeLessThanOrEqual(maxFrames);
        expected = range.end;
      }
      expect(expected).toBe(shots.at(-1)!.range.end);
    }),
  );
});

test('lead-in and lead-out stay inside the shots that the segment begins and ends in', () => {
  fc.assert(
    fc.property(films, ({ shots, maxFrames, radius }) => {
      const shotOf = (frame: number): Shot =>
        shots.find(({ range }) => frame >= range.start && frame < range.end) ?? shots[0]!;
      for (const { range, leadIn, leadOut } of cutSegments(shots, maxFrames, radius)) {
        expect(leadIn).toBe(Math.min(radius, range.start - shotOf(range.start).range.start));
        expect(leadOut).toBe(Math.min(radius, shotOf(range.end - 1).range.end - range.end));
      }
    }),
  );
});

test('a cut in the last half of the room ends a segment; a long shot is cut inside', () => {
  const ends = (lengths: number[]): number[] => cutSegments(shotsOf(lengths), 100, 2).map(({ range }) => range.end);
  expect(ends([70, 200])).toEqual([70, 170, 270]);
  expect(ends([10, 30, 300])).toEqual([100, 200, 300, 340]);
  expect(ends([40])).toEqual([40]);
});

test('pending runs join neighbors and leave finished segments out', () => {
  const segments = cutSegments(shotsOf([60]), 10, 0);
  const done = new Set([1, 4]);
  expect(pendingRuns(segments, ({ index }) => done.has(index)).map((run) => run.map(({ index }) => index))).toEqual([
    [0],
    [2, 3],
    [5],
  ]);
  expect(pendingRuns(segments, () => true)).toEqual([]);
});

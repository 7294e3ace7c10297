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
  leads: fc.record({ leadIn: fc.integer({ min: 0, max: 60 }), leadOut: fc.integer({ min: 0, max: 12 }) }),
});

test('segments cover the film once, in order, and are never longer than asked', () => {
  fc.assert(
    fc.property(films, ({ shots, maxFrames, leads }) => {
      const segments = cutSegments(shots, maxFrames, leads);
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
    fc.property(films, ({ shots, maxFrames, leads }) => {
      const shotOf = (frame: number): Shot =>
        shots.find(({ range }) => frame >= range.start && frame < range.end) ?? shots[0]!;
      for (const { range, leadIn, leadOut } of cutSegments(shots, maxFrames, leads)) {
        expect(leadIn).toBe(Math.min(leads.leadIn, range.start - shotOf(range.start).range.start));
        expect(leadOut).toBe(Math.min(leads.leadOut, shotOf(range.end - 1).range.end - range.end));
      }
    }),
  );
});

test('a cut in the last half of the room ends a segment; a long shot is cut inside', () => {
  const leads = { leadIn: 2, leadOut: 2 };
  const ends = (lengths: number[]): number[] => cutSegments(shotsOf(lengths), 100, leads).map(({ range }) => range.end);
  expect(ends([70, 200])).toEqual([70, 170, 270]);
  expect(ends([10, 30, 300])).toEqual([100, 200, 300, 340]);
  expect(ends([40])).toEqual([40]);
});

test('pending runs join neighbors and leave finished segments out', () => {
  const segments = cutSegments(shotsOf([60]), 10, { leadIn: 0, leadOut: 0 });
  const done = new Set([1, 4]);
  expect(pendingRuns(segments, ({ index }) => done.has(index)).map((run) => run.map(({ index }) => index))).toEqual([
    [0],
    [2, 3],
    [5],
  ]);
  expect(pendingRuns(segments, () => true)).toEqual([]);
});

import { expect, test } from 'vitest';
import { doubtText, timecode, worstDoubts } from '../../src/batch/doubts.ts';
import type { Doubt } from '../../src/core/events.ts';

const at = (seconds: number, value: number, kind: Doubt['kind'] = 'flicker'): Doubt => ({
  kind,
  frame: seconds * 24,
  seconds,
  value,
});

test('the three worst places of each kind, apart from each other, in the order of the film', () => {
  const doubts = [at(10, 0.1), at(11, 0.09), at(30, 0.05), at(20, 0.06), at(40, 0.02), at(5, 0.9, 'unsure-color')];
  expect(worstDoubts(doubts).map(({ seconds }) => seconds)).toEqual([5, 10, 20, 30]);
});

test('a person can jump there', () => {
  expect(timecode(3_661.9)).toBe('01:01:01');
  expect(doubtText(at(727, 0.052, 'color-change'))).toBe('00:12:07 color still changes (0.052)');
});

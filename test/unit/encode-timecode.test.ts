import { expect, test } from 'vitest';
import type { Rational } from '../../src/core/rational.ts';
import { movedTimecode } from '../../src/encode/timecode.ts';
import { ffv1Plan, format, media, planOf } from './encode-kit.ts';

const NTSC: Rational = { num: 30_000, den: 1001 };

/** The time code of what begins `seconds` into a film that begins at `text`. */
function moved(text: string, seconds: number, frameRate = NTSC, telecine: 'none' | 'hard' = 'none'): string {
  const timeBase = { num: 1, den: 30_000 };
  const plan = planOf(ffv1Plan(format()), media({}, { frameRate }), timeBase);
  const start = BigInt(Math.round(seconds * timeBase.den));
  const span = { start, end: start + 1001n, shiftMicros: 0n, trimmed: seconds > 0 };
  return movedTimecode(text, { ...plan, decode: { ...plan.decode, telecine } }, span);
}

test('a whole film keeps its time code, also one that cannot be read', () => {
  expect(moved('01:00:00;02', 0)).toBe('01:00:00;02');
  expect(moved('', 5)).toBe('');
  expect(moved('noon', 5)).toBe('noon');
});

test('a part of a film begins at the time code of its first frame', () => {
  expect(moved('10:00:00:00', 90.48, { num: 25, den: 1 })).toBe('10:01:30:12');
  expect(moved('23:59:59:00', 2, { num: 25, den: 1 })).toBe('00:00:01:00');
  expect(moved('00:00:00:00', (1800 * 1001) / 30_000)).toBe('00:01:00:00');
});

test('dropped labels are none of a part either', () => {
  const frames = (count: number): number => (count * 1001) / 30_000;
  expect(moved('00:00:59;29', frames(1))).toBe('00:01:00;02');
  expect(moved('00:00:00;00', frames(1799))).toBe('00:00:59;29');
  expect(moved('00:00:00;00', frames(17_981))).toBe('00:09:59;29');
  expect(moved('00:00:00;00', frames(17_982))).toBe('00:10:00;00');
  expect(moved('00:00:00;00', frames(107_892))).toBe('01:00:00;00');
});

test('film that was freed from its pulldown counts 24 frames and drops none', () => {
  expect(moved('01:00:00;02', 0, NTSC, 'hard')).toBe('01:00:00:01');
  expect(moved('01:00:00:29', 0, NTSC, 'hard')).toBe('01:00:00:23');
});

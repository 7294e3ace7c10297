import { expect, test } from 'vitest';
import { chapterFile, isInFilm } from '../../src/encode/chapters.ts';
import type { Span } from '../../src/encode/span.ts';
import { ffv1Plan, format, media, planOf } from './encode-kit.ts';

const plan = planOf(ffv1Plan(format()), media(), { num: 1, den: 1000 });
/** Seconds 2 to 5 of a film. */
const span: Span = { start: 2000n, end: 5000n, shiftMicros: 2_000_000n, trimmed: true };
const chapter = (start: string, end: string) => ({ start_time: start, end_time: end, tags: { title: start } });

test.each([
  ['0', '2', false],
  ['0', '2.5', true],
  ['2', '2', true],
  ['3', '3', true],
  ['1', '1', false],
  ['4', '9', true],
  ['5', '5', false],
  ['5', '9', false],
])('of seconds 2 to 5, the chapter from %s to %s is there: %s', (start, end, wanted) => {
  const own = chapter(start, end);
  expect(isInFilm(own, plan, span)).toBe(wanted);
  // What is written is what is looked for afterwards.
  expect(chapterFile([own], plan, span).includes('[CHAPTER]')).toBe(wanted);
  expect(isInFilm(own, plan, { ...span, trimmed: false })).toBe(true);
});

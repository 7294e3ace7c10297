import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDayMinute, parseUntil, parseWindow, WallClock } from '../../src/batch/schedule.ts';

const berlin = new WallClock('Europe/Berlin');
const at = (iso: string): number => Date.parse(iso);
const HOUR = 3_600_000;
const MINUTE = 60_000;

test('reads windows and times of the day, and refuses what is none', () => {
  expect(parseWindow('22:00-07:00')).toEqual({ start: 1320, end: 420 });
  expect(parseWindow('9:30 - 24:00')).toEqual({ start: 570, end: 0 });
  expect(parseUntil('07:00')).toBe(420);
  for (const text of ['', '22-7', '22:00', '25:00-07:00', '22:60-07:00', '07:00-07:00', '1:00-2:00-3:00']) {
    expect(() => parseWindow(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  }
  expect(() => parseUntil('7')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(parseDayMinute('24:01')).toBeUndefined();
});

test('refuses a time zone that is none', () => {
  expect(() => new WallClock('Mars/Phobos')).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a window that crosses midnight is open on both sides of it', () => {
  const night = parseWindow('22:00-07:00');
  const open = (iso: string): boolean => berlin.isOpen(night, at(iso));
  expect(open('2026-11-20T21:59:59+01:00')).toBe(false);
  expect(open('2026-11-20T22:00:00+01:00')).toBe(true);
  expect(open('2026-11-21T00:00:00+01:00')).toBe(true);
  expect(open('2026-11-21T06:59:59+01:00')).toBe(true);
  expect(open('2026-11-21T07:00:00+01:00')).toBe(false);
  expect(berlin.nextChange(night, at('2026-11-20T12:00:00+01:00'))).toBe(at('2026-11-20T22:00:00+01:00'));
  expect(berlin.nextChange(night, at('2026-11-20T22:00:00+01:00'))).toBe(at('2026-11-21T07:00:00+01:00'));
});

test('the night of the change to summer time is an hour shorter, the one back an hour longer', () => {
  const night = parseWindow('22:00-07:00');
  // In Germany, 29 March 2026 at 02:00 becomes 03:00 and 25 October 2026 at 03:00 becomes 02:00.
  const spring = at('2026-03-28T22:00:00+01:00');
  expect(berlin.nextChange(night, spring) - spring).toBe(8 * HOUR);
  expect(berlin.nextChange(night, spring)).toBe(at('2026-03-29T07:00:00+02:00'));
  const autumn = at('2026-10-24T22:00:00+02:00');
  expect(berlin.nextChange(night, autumn) - autumn).toBe(10 * HOUR);
  expect(berlin.nextChange(night, autumn)).toBe(at('2026-10-25T07:00:00+01:00'));
});

test('an edge inside the skipped hour counts from the end of the gap, one inside the repeated hour happens twice', () => {
  const gap = parseWindow('02:30-05:00');
  expect(berlin.nextChange(gap, at('2026-03-29T01:00:00+01:00'))).toBe(at('2026-03-29T03:00:00+02:00'));
  expect(berlin.next(150, at('2026-03-29T01:00:00+01:00'))).toBe(at('2026-03-29T03:00:00+02:00'));
  const repeated = parseWindow('01:00-02:30');
  const first = berlin.nextChange(repeated, at('2026-10-25T01:00:00+02:00'));
  expect(first).toBe(at('2026-10-25T02:30:00+02:00'));
  expect(berlin.nextChange(repeated, first)).toBe(at('2026-10-25T02:00:00+01:00'));
});

const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'].map(
  (zone) => new WallClock(zone),
);
const moments = fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2032-01-01T00:00:00Z') });
const minutes = fc.integer({ min: 0, max: 1439 });

test('the next change is the first: open stays as it is up to it, and not beyond', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), minutes, minutes, moments, (clock, start, end, now) => {
      fc.pre(start !== end);
      const window = { start, end };
      const change = clock.nextChange(window, now);
      const open = clock.isOpen(window, now);
      expect(change).toBeGreaterThan(now);
      expect(change % MINUTE).toBe(0);
      expect(clock.isOpen(window, change)).toBe(!open);
      expect(clock.isOpen(window, change - 1)).toBe(open);
      expect(clock.isOpen(window, now + Math.floor((change - 1 - now) / 2))).toBe(open);
    }),
    { numRuns: 200 },
  );
});

test('a time of the day comes within 26 hours and is what the clock shows, or lies behind a gap', () => {
  fc.assert(
    fc.property(fc.constantFrom(...ZONES), minutes, moments, (clock, minute, now) => {
      const next = clock.next(minute, now);
      expect(next - now).toBeGreaterThan(0);
      expect(next - now).toBeLessThanOrEqual(26 * HOUR);
      const shown = clock.dayMinute(next);
      if (shown !== minute) expect(clock.dayMinute(next - MINUTE)).not.toBe((shown + 1439) % 1440);
    }),
    { numRuns: 200 },
  );
});

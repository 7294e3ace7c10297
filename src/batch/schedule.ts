import { RestorationError } from '../core/errors.ts';

const DAY_MINUTES = 24 * 60;
const MINUTE_MS = 60_000;
/** How far the next change is searched for: a window of one day recurs within two, whatever daylight saving time does. */
const SEARCH_MINUTES = 3 * DAY_MINUTES;

/** A time of the day in minutes since midnight, as the clock on the wall shows it. */
export type DayMinute = number;

/**
 * Part of every day in which work is allowed, by the clock on the wall: from `start` up to, not including, `end`; with
 * `start` after `end` it crosses midnight. When the wall clock skips an hour, what it skips does not happen; when it
 * repeats one, so does the window.
 */
export interface DayWindow {
  readonly start: DayMinute;
  readonly end: DayMinute;
}

/** Minutes since midnight from '7:05' or '07:05'; '24:00' is midnight. Undefined for anything else. */
export function parseDayMinute(text: string): DayMinute | undefined {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const [hours, minutes] = [Number(match[1]), Number(match[2])];
  if (minutes > 59 || hours > 24 || (hours === 24 && minutes > 0)) return undefined;
  return (hours * 60 + minutes) % DAY_MINUTES;
}

/** '22:00-07:00'. Throws USAGE. */
export function parseWindow(text: string): DayWindow {
  const [from = '', to = '', ...rest] = text.split('-');
  const [start, end] = [parseDayMinute(from), parseDayMinute(to)];
  if (start === undefined || end === undefined || rest.length > 0 || start === end) {
    throw new RestorationError('USAGE', `"${text}" is not a window of the day.`, {
      hint: 'Write it as 22:00-07:00: two different times of the day, the first one is the start.',
    });
  }
  return { start, end };
}

/** '07:00'. Throws USAGE. */
export function parseUntil(text: string): DayMinute {
  const minute = parseDayMinute(text);
  if (minute !== undefined) return minute;
  throw new RestorationError('USAGE', `"${text}" is not a time of the day.`, { hint: 'Write it as 07:00.' });
}

/** Reads the wall clock of one time zone. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat;

  /** `timeZone` is an IANA name; undefined for the machine's own. Throws USAGE for a zone that is not known. */
  constructor(timeZone?: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-GB', {
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        ...(timeZone === undefined ? {} : { timeZone }),
      });
    } catch (error) {
      throw new RestorationError('USAGE', `There is no time zone called ${JSON.stringify(timeZone)}.`, {
        hint: 'Write it as Europe/Berlin; UTC is one too.',
        cause: error,
      });
    }
  }

  /** Minutes since midnight at `atMs` (milliseconds since 1970). */
  dayMinute(atMs: number): DayMinute {
    const [hours = '0', minutes = '0'] = this.#format.format(atMs).split(':');
    return Number(hours) * 60 + Number(minutes);
  }

  isOpen(window: DayWindow, atMs: number): boolean {
    const minute = this.dayMinute(atMs);
    return window.start < window.end
      ? minute >= window.start && minute < window.end
      : minute >= window.start || minute < window.end;
  }

  /**
   * The first moment after `atMs` at which the window opens or closes. All offsets of time zones in use are whole minutes,
   * so changes happen on whole minutes.
   */
  nextChange(window: DayWindow, atMs: number): number {
    const open = this.isOpen(window, atMs);
    const first = (Math.floor(atMs / MINUTE_MS) + 1) * MINUTE_MS;
    for (let i = 0; i < SEARCH_MINUTES; i++) {
      const at = first + i * MINUTE_MS;
      if (this.isOpen(window, at) !== open) return at;
    }
    throw new RestorationError('INTERNAL', 'A window of the day neither opens nor closes within three days.');
  }

  /**
   * The first moment after `atMs` at which the wall clock shows `minute`; where the clock skips it, the first moment behind
   * the gap.
   */
  next(minute: DayMinute, atMs: number): number {
    const first = (Math.floor(atMs / MINUTE_MS) + 1) * MINUTE_MS;
    let before = this.dayMinute(first - MINUTE_MS);
    for (let i = 0; i < SEARCH_MINUTES; i++) {
      const at = first + i * MINUTE_MS;
      const now = this.dayMinute(at);
      if (now === minute || isSkipped(before, now, minute)) return at;
      before = now;
    }
    throw new RestorationError('INTERNAL', 'A time of the day does not come within three days.');
  }
}

/** Whether the clock went forward from `before` to `after` and passed over `minute`. */
function isSkipped(before: DayMinute, after: DayMinute, minute: DayMinute): boolean {
  const step = (after - before + DAY_MINUTES) % DAY_MINUTES;
  // More than half a day forward is a step back.
  if (step <= 1 || step > DAY_MINUTES / 2) return false;
  return (minute - before + DAY_MINUTES) % DAY_MINUTES < step && minute !== before;
}

import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import { rescale, type Rational } from '../core/rational.ts';

export const MICROSECONDS: Rational = { num: 1, den: 1_000_000 };

/** Where the film lies on the source's clock, and how far that clock is turned back in the output. */
export interface Span {
  /** First pts and end of the last frame, in ticks of the plan's time base. */
  readonly start: bigint;
  readonly end: bigint;
  /** Microseconds taken off every timestamp of every stream; 0 where the source's own clock is kept. */
  readonly shiftMicros: bigint;
  /** Whether only a part of the source is wanted, so that the other streams are cut too. */
  readonly trimmed: boolean;
}

/** Containers whose clock starts anywhere: hours of nothing before the film would be kept in others. */
const FREE_RUNNING = ['mpegts', 'mpeg', 'dvr-ms', 'wtv'];

/** Throws RangeError for a film without frames. */
export function filmSpan(plan: Plan, index: FrameIndex): Span {
  const [first, last] = [index.pts[0], index.pts.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError('A film has at least one frame');
  const { decode, media, encode } = plan;
  const trimmed = decode.startSeconds !== undefined || decode.durationSeconds !== undefined;
  const isFree = FREE_RUNNING.some((name) => media.container.split(',').includes(name));
  const span = { start: first, end: last + index.lastDuration, trimmed };
  const micros = (first * 1_000_000n * BigInt(decode.timeBase.num)) / BigInt(decode.timeBase.den);
  // Rounded down, so that the first frame does not come before zero. AVI counts frames from the first one on.
  if (trimmed || first < 0n || encode.container === 'avi')
    return { ...span, shiftMicros: first < 0n ? micros - 1n : micros };
  if (isFree && encode.container !== 'mpegts') {
    return { ...span, shiftMicros: BigInt(Math.max(0, Math.floor(media.startTime * 1000))) * 1000n };
  }
  return { ...span, shiftMicros: 0n };
}

/** A pts of the plan in the output, in ticks of `timeBase`. */
export const outputPts = (pts: bigint, span: Span, from: Rational, timeBase: Rational): bigint =>
  rescale(pts, from, timeBase) - rescale(span.shiftMicros, MICROSECONDS, timeBase);

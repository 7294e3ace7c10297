import type { DecodePlan } from '../core/plan.ts';
import { invert, rescale, type Rational } from '../core/rational.ts';
import { PTS_OFFSET } from './args.ts';

/**
 * Turns times of the pipe into pts of the plan. Hard telecine: frame n of the film lies n film frames after the first one, which the
 * decoder must have been started for (decimation leaves the times of the frames that it keeps, which jump; gaps were filled
 * before it). Soft telecine: the source's times alternate between two and three fields; each is
 * moved to the nearest point of a regular grid at the film's rate, which begins at `anchor`, when that is at most 0.6 field away
 * (the pattern itself is never more than half a field off). What is farther off is not film and keeps its own time. Without telecine nothing moves.
 */
export class PtsClock {
  readonly #plan: DecodePlan;
  #anchor: bigint | undefined;
  #last: bigint | undefined;
  #count = 0n;

  /** `anchor`: the pts that the grid of soft telecine starts at; the first picture's own where it is undefined. */
  constructor(plan: DecodePlan, anchor?: bigint) {
    this.#plan = plan;
    this.#anchor = plan.telecine === 'soft' ? anchor : undefined;
  }

  next(piped: bigint, pipeTimeBase: Rational): bigint {
    const own = rescale(piped, pipeTimeBase, this.#plan.timeBase) - PTS_OFFSET;
    this.#anchor ??= own;
    const pts = this.#place(own, this.#anchor);
    // 0.6 field each way leaves two pictures apart; this holds for broken pipes only.
    this.#last = this.#last === undefined || pts > this.#last ? pts : this.#last + 1n;
    return this.#last;
  }

  #place(own: bigint, anchor: bigint): bigint {
    const { telecine, frameRate, timeBase } = this.#plan;
    if (telecine === 'soft') return this.#snap(own, anchor);
    return telecine === 'none' ? own : anchor + rescale(this.#count++, invert(frameRate), timeBase);
  }

  #snap(own: bigint, anchor: bigint): bigint {
    const { frameRate, timeBase } = this.#plan;
    const period = invert(frameRate);
    const onGrid = anchor + rescale(rescale(own - anchor, timeBase, period), period, timeBase);
    const away = onGrid > own ? onGrid - own : own - onGrid;
    // A field lasts 2/5 of a film frame: 0.6 field is 6/25 of one.
    const limit = (6 * period.num * timeBase.den) / (25 * period.den * timeBase.num);
    return Number(away) <= limit + 1 ? onGrid : own;
  }
}

/**
 * A picture that is shown for this long across the beginning or the end of a part is in it for its share: slides, screen
 * recordings. What is shorter goes to the part that it begins in.
 */
const HOLD_SECONDS = 0.1;
export const holdTicks = ({ timeBase }: Pick<DecodePlan, 'timeBase'>): bigint =>
  BigInt(Math.ceil((HOLD_SECONDS * timeBase.den) / timeBase.num));

/** A time in seconds from the start of the source, in ticks of the plan's time base. */
export function ticksOf(plan: DecodePlan, seconds: number): bigint {
  return BigInt(Math.round(((plan.startTime + seconds) * plan.timeBase.den) / plan.timeBase.num));
}

import type { SampleGroup, SamplePicture } from './diagnosis.ts';

/** How two consecutive pictures A and B fit together by fields, relative to how the fields of A fit each other (1: as well). */
export interface FieldFit {
  /** Top lines of A between bottom lines of B. */
  readonly topFirstLater: number;
  /** Bottom lines of A between top lines of B. */
  readonly bottomFirstLater: number;
}

/** A sample that changes by less is not moving. */
const MOVING = 10;
/** Fewer moving samples tell nothing. */
const MIN_MOVING = 150;
/** Wide pictures are looked at in every second or fourth column. */
const COLUMNS = 720;

/**
 * Where something moves, lines of progressive pictures fit their own neighbors best. In interlaced pictures the second field of A is as
 * near in time to the first field of B as to the first of A, so that pair fits as well, and the other pair clearly worse.
 * Undefined when nothing moves.
 */
export function fieldFit(a: SamplePicture, b: SamplePicture): FieldFit | undefined {
  const { width, height, luma } = a;
  const other = b.luma;
  const step = Math.max(1, Math.floor(width / COLUMNS));
  const own = [0, 0];
  const mixed = [0, 0];
  let moving = 0;
  const change = (at: number): number => Math.abs((luma[at] ?? 0) - (other[at] ?? 0));
  for (let y = 1; y < height - 1; y++) {
    const parity = y & 1;
    let [inside, across] = [0, 0];
    for (let at = y * width; at < (y + 1) * width; at += step) {
      if (change(at) < MOVING && change(at - width) < MOVING && change(at + width) < MOVING) continue;
      moving++;
      const twice = 2 * (luma[at] ?? 0);
      inside += Math.abs(twice - (luma[at - width] ?? 0) - (luma[at + width] ?? 0));
      across += Math.abs(twice - (other[at - width] ?? 0) - (other[at + width] ?? 0));
    }
    own[parity] = (own[parity] ?? 0) + inside;
    mixed[parity] = (mixed[parity] ?? 0) + across;
  }
  if (moving < MIN_MOVING) return undefined;
  const ratio = (parity: number): number => ((mixed[parity] ?? 0) + moving) / ((own[parity] ?? 0) + moving);
  return { topFirstLater: ratio(0), bottomFirstLater: ratio(1) };
}

/** Fits of all consecutive pictures of all groups. */
export const fieldFits = (groups: readonly SampleGroup[]): FieldFit[] =>
  groups.flatMap((group) =>
    group.flatMap((picture, index) => {
      const before = group[index - 1];
      const fit = before && fieldFit(before, picture);
      return fit ? [fit] : [];
    }),
  );

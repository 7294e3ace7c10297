import type { Samples } from '../core/frame.ts';
import type { Seen } from './shared.ts';

/** Mean difference of luma (8-bit codes) of a picture that is shown again: what a codec makes of it, and no grain. */
const SAME = 0.6;
/** And in each block of so many samples: what a codec changes here and there is less (13 in a silent film), a thing that moves more. */
const SAME_BLOCK = 14;
const BLOCK = 4;

/** Whether two frames show the same picture: film of 16 or 18 frames a second carried in 24, drawings held on twos, freezes. */
export function showsSame(one: Seen, other: Seen): boolean {
  const { width, height, pixelFormat } = one.format;
  const unit = 2 ** (pixelFormat.bitDepth - 8);
  const [a, b] = [one.planes[0], other.planes[0]];
  return a !== undefined && b !== undefined && within(a, b, width, height, unit);
}

function within(a: Samples, b: Samples, width: number, height: number, unit: number): boolean {
  const sums = new Float64Array(Math.ceil(width / BLOCK));
  const [most, mostInBlock] = [SAME * unit * width * height, SAME_BLOCK * unit * BLOCK * BLOCK];
  let total = 0;
  for (let top = 0; top < height; top += BLOCK) {
    sums.fill(0);
    for (let i = top * width, end = Math.min(height, top + BLOCK) * width, x = 0; i < end; i++) {
      const difference = (a[i] ?? 0) - (b[i] ?? 0);
      if (difference !== 0) sums[x >> 2] = (sums[x >> 2] ?? 0) + Math.abs(difference);
      if (++x === width) x = 0;
    }
    for (const sum of sums) {
      if (sum > mostInBlock) return false;
      total += sum;
    }
    // Nearly all that is not the same ends here, in its first rows.
    if (total > most) return false;
  }
  return true;
}

/** Places of frames around one, nearest first. */
export interface Around {
  /** Whether others between them show its picture too. */
  readonly held: boolean;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/**
 * Frames that show other pictures than the one at `middle`, one for each, up to `most` on each side. `again` says of each frame
 * whether it shows the picture of the one before it. Only those that are within `radius` of all frames that show the middle's
 * picture count, so that all these get the same; a picture that is held for more than `radius` frames has none.
 */
export function otherPictures(again: readonly boolean[], middle: number, radius: number, most: number): Around {
  let [first, last] = [middle, middle];
  while (first > 0 && again[first] === true) first--;
  while (again[last + 1] === true) last++;
  const [before, after]: [number[], number[]] = [[], []];
  for (let i = first - 1; i >= Math.max(0, last - radius) && before.length < most; i--) {
    before.push(i);
    while (again[i] === true) i--;
  }
  for (let i = last + 1; i <= Math.min(again.length - 1, first + radius) && after.length < most; i++) {
    after.push(i);
    while (again[i + 1] === true) i++;
  }
  return { before, after, held: last > first };
}

/** The nearest frames, whatever they show. */
export function nearestFrames(count: number, middle: number, most: number): Around {
  const steps = Array.from({ length: most }, (_, i) => i + 1);
  return {
    held: false,
    before: steps.map((step) => middle - step).filter((place) => place >= 0),
    after: steps.map((step) => middle + step).filter((place) => place < count),
  };
}

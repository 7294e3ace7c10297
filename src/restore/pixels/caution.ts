import type { FloatPlane } from './codes.ts';
import { guidedFilter } from './guided-filter.ts';

/** In cells: how far around what a cell's neighbors think counts, where their luma is alike. */
const RADIUS = 5;
/** All of an agreement (0..1) is noise to the filter, so that edges of luma alone guide it and all windows count. */
const NOISE = 8;

/**
 * Gains (0..1) that hold back color where the network cannot decide on a hue: asphalt that may be blue or brown should be gray
 * rather than both in patches. `agreement` (0..1) of a cell is the length of its mean color over the mean length of its possible
 * colors; it is averaged over its surroundings inside edges of luma, and from `caution` on color counts in full. 0 holds nothing back.
 */
export function heldBack(agreement: Float32Array<ArrayBuffer>, luma: FloatPlane, caution: number): Float32Array {
  const gains = new Float32Array(agreement.length).fill(1);
  if (caution === 0) return gains;
  const [around] = guidedFilter([{ ...luma, data: agreement }], luma, RADIUS, NOISE);
  around?.data.forEach((value, cell) => {
    const t = Math.min(1, Math.max(0, value / caution));
    gains[cell] = t * t * (3 - 2 * t);
  });
  return gains;
}

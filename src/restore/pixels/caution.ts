import { boxMean } from './box.ts';

/** Of each of two box means, in cells: how far around what a cell's neighbors think counts. */
const RADIUS = 3;

/**
 * Gains (0..1) that hold back color where the network cannot decide on a hue: asphalt that may be blue or brown should be gray
 * rather than both in patches. `agreement` (0..1) of a cell is the length of its mean color over the mean length of its possible
 * colors; from `caution` on, color counts in full. 0 holds nothing back.
 */
export function heldBack(agreement: Float32Array, width: number, height: number, caution: number): Float32Array {
  if (caution === 0) return new Float32Array(agreement.length).fill(1);
  const around = boxMean(boxMean(agreement, width, height, RADIUS), width, height, RADIUS);
  return around.map((value) => {
    const t = Math.min(1, value / caution);
    return t * t * (3 - 2 * t);
  });
}

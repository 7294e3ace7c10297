import type { Plane } from '../../core/frame.ts';
import { BAND, sidesOf, type Line } from './line.ts';

/** Rows on each side over which a scratch is as strong as in a row: on bright things a bright one adds less. */
const LOCAL = 3;

/** Strength of a line in each row, over what its bands say: 0 where nothing stands out, hardly above 1. */
function strengths(luma: Plane, width: number, height: number, { at, half, profile, leans }: Line): Float32Array {
  const wide = 2 * half + 1;
  const found = new Float32Array(height);
  const said = new Float32Array(height);
  for (let y = 0; y < height; y++) {
    const band = Math.min(at.length - 1, Math.floor(y / BAND));
    const row = y * width + (at[band] ?? 0);
    const { left, right } = sidesOf(luma, row, half);
    // The middle and the columns beside it: the line may lie between two of them.
    for (let k = -1; k <= 1; k++) {
      const expected = profile[band * wide + half + k] ?? 0;
      const difference = (luma[row + k] ?? 0) - left - ((half + k) / (2 * half)) * (right - left);
      // Between unlike sides nothing is expected of the row.
      found[y] = (found[y] ?? 0) + (leans[band] === 1 ? Math.abs(expected) : Math.sign(expected) * difference);
      said[y] = (said[y] ?? 0) + Math.abs(expected);
    }
  }
  return found.map((_, y) => {
    let [sum, full] = [0, 0];
    for (let row = Math.max(0, y - LOCAL); row <= Math.min(height - 1, y + LOCAL); row++) {
      sum += found[row] ?? 0;
      full += said[row] ?? 0;
    }
    return full === 0 ? 0 : Math.min(1.25, Math.max(0, sum / full));
  });
}

/** Takes what lines add away from luma, in place; codes stay within 0..max. Between bands it changes smoothly. */
export function removeLines(luma: Plane, width: number, height: number, lines: readonly Line[], max: number): void {
  for (const line of lines) {
    const { at, half, profile } = line;
    const wide = 2 * half + 1;
    const bands = at.length;
    const strength = strengths(luma, width, height, line);
    for (let y = 0; y < height; y++) {
      const place = Math.min(bands - 1, Math.max(0, (y + 0.5) / BAND - 0.5));
      const [one, other] = [Math.floor(place), Math.min(bands - 1, Math.floor(place) + 1)];
      const share = place - one;
      const band = Math.min(bands - 1, Math.floor(y / BAND));
      for (let k = 0; k < wide; k++) {
        const index = y * width + (at[band] ?? 0) + k - half;
        const adds = (1 - share) * (profile[one * wide + k] ?? 0) + share * (profile[other * wide + k] ?? 0);
        const value = (luma[index] ?? 0) - (strength[y] ?? 0) * adds;
        luma[index] = Math.min(max, Math.max(0, Math.round(value)));
      }
    }
  }
}

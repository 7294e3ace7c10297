import type { Channel } from '../picture.ts';

/** Codes a sample: what is less steep is no edge. Codes: what rises less is none either. */
const [STEEPEST, RISE] = [12, 40];
/** Fewer edges than this say nothing about a picture. */
const FEWEST = 20;

/**
 * How many samples an upright edge takes from its darkest to its brightest, on the mean: Marziliano, Dufaux, Winkler and
 * Ebrahimi, "A no-reference perceptual blur metric", ICIP 2002. Luma in 8-bit codes; undefined without edges.
 */
export function edgeWidth({ width, height, data }: Channel): number | undefined {
  let [sum, count] = [0, 0];
  for (const sign of [1, -1]) {
    for (let y = 0; y < height; y++) {
      const at = (x: number): number => sign * (data[y * width + x] ?? 0);
      const slope = (x: number): number => (at(x + 1) - at(x - 1)) / 2;
      for (let x = 2; x < width - 2; x++) {
        const steep = slope(x);
        if (steep <= STEEPEST || steep < slope(x - 1) || steep <= slope(x + 1)) continue;
        let [from, to] = [x, x];
        while (from > 0 && at(from - 1) < at(from)) from--;
        while (to < width - 1 && at(to + 1) > at(to)) to++;
        if (at(to) - at(from) <= RISE) continue;
        sum += to - from;
        count++;
      }
    }
  }
  return count < FEWEST ? undefined : sum / count;
}

/** Mean absolute difference of two channels of one size. */
export function difference(one: Channel, other: Channel): number {
  let sum = 0;
  for (let i = 0; i < one.data.length; i++) sum += Math.abs((one.data[i] ?? 0) - (other.data[i] ?? 0));
  return sum / one.data.length;
}

import type { Samples } from '../core/frame.ts';
import type { Picture } from './align.ts';
import { clamp } from './gray.ts';

/** Samples on each side that say together whether a neighbor shows the same. */
const PATCH = 3;
/** Mean squared difference, over what noise alone makes, up to which a neighbor counts in full. */
const SAME = 1.2;
/** How soon it counts less beyond that. */
const FALL = 0.4;
/** Beyond so much it does not count; the table has so many steps to one. */
const LIMIT = 8;
const FINENESS = 32;

/** Weights (0..1) by mean squared difference over what noise makes. `boldness` 1 is usual; more blurs, less keeps noise. */
export const trustTable = (boldness: number): Float32Array =>
  Float32Array.from({ length: LIMIT * FINENESS + 1 }, (_, i) =>
    i === LIMIT * FINENESS ? 0 : Math.exp(-Math.max(0, i / FINENESS - SAME) / (FALL * boldness)),
  );

/**
 * How far a neighbor that was moved onto a picture shows the same at each sample: weights go by the mean squared difference
 * of patches, as in non-local means (Buades, Coll, Morel), but along motion. `variance` of the noise is by code;
 * `ratio` is room to work in.
 */
export function trustIn(
  { plane, width, height }: Picture<Samples>,
  moved: Float32Array,
  variance: Float32Array,
  table: Float32Array,
  ratio: Float32Array,
  out: Float32Array,
): void {
  for (let i = 0; i < plane.length; i++) {
    const one = plane[i] ?? 0;
    const other = moved[i] ?? 0;
    ratio[i] = ((one - other) * (one - other)) / (2 * (variance[((one + other) / 2) | 0] ?? 1));
  }
  const columns = new Float64Array(width);
  const row = (y: number): number => clamp(y, 0, height - 1) * width;
  for (let k = -PATCH; k <= PATCH; k++) {
    for (let x = 0, i = row(k); x < width; x++, i++) columns[x] = (columns[x] ?? 0) + (ratio[i] ?? 0);
  }
  const steps = FINENESS / (2 * PATCH + 1) ** 2;
  const last = table.length - 1;
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let k = -PATCH; k <= PATCH; k++) sum += columns[clamp(k, 0, width - 1)] ?? 0;
    for (let x = 0, i = y * width; x < width; x++, i++) {
      out[i] = table[Math.min(last, (sum * steps) | 0)] ?? 0;
      sum += (columns[Math.min(width - 1, x + PATCH + 1)] ?? 0) - (columns[Math.max(0, x - PATCH)] ?? 0);
    }
    const [leaves, comes] = [row(y - PATCH), row(y + PATCH + 1)];
    for (let x = 0; x < width; x++) columns[x] = (columns[x] ?? 0) + (ratio[comes + x] ?? 0) - (ratio[leaves + x] ?? 0);
  }
}

import type { Channel, RgbPicture } from '../picture.ts';

const BINS = 256;

/** Shares of the 256 codes of each channel of a picture. */
export function rgbHistograms({ data }: RgbPicture): readonly Float64Array[] {
  const counts = [0, 1, 2].map(() => new Float64Array(BINS));
  for (let i = 0; i < data.length; i++) {
    const channel = counts[i % 3];
    const code = data[i] ?? 0;
    if (channel) channel[code] = (channel[code] ?? 0) + 1;
  }
  return counts.map((channel) => channel.map((count) => (count * 3) / data.length));
}

/** Jensen-Shannon divergence of two distributions, natural logarithm: 0 for equal ones, ln 2 for ones that share nothing. */
export function jensenShannon(p: Float64Array, q: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i] ?? 0, q[i] ?? 0];
    const middle = (a + b) / 2;
    if (a > 0) sum += a * Math.log(a / middle);
    if (b > 0) sum += b * Math.log(b / middle);
  }
  return sum / 2;
}

/**
 * Color distribution consistency of a film: Liu et al., "Temporally consistent video colorization with deep feature
 * propagation and self-regularization learning" (TCVC), 2021. Mean over t = 1, 2, 4 of the mean Jensen-Shannon divergence
 * between the color histograms of frames t apart, over the three channels. Only pairs of one shot count: a cut changes
 * color and must. `shots` are histograms by frame by shot.
 */
export function colorDistributionConsistency(shots: readonly (readonly (readonly Float64Array[])[])[]): number {
  const means: number[] = [];
  for (const distance of [1, 2, 4]) {
    let sum = 0;
    let count = 0;
    for (const frames of shots) {
      for (let n = 0; n + distance < frames.length; n++) {
        frames[n]?.forEach((histogram, channel) => {
          const later = frames[n + distance]?.[channel];
          if (!later) return;
          sum += jensenShannon(histogram, later);
          count++;
        });
      }
    }
    if (count > 0) means.push(sum / count);
  }
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

/** Motion of each block of one picture into the next, in pixels, and whether it was found again. */
export interface BlockMotion {
  readonly block: number;
  readonly columns: number;
  readonly rows: number;
  readonly dx: Int16Array;
  readonly dy: Int16Array;
  readonly found: Uint8Array;
}

const BLOCK = 8;
const REACH = 12;
/** Mean absolute difference, in 8-bit codes, up to which a block counts as found again. */
const SAME = 6;
/** What a pixel of motion costs in mean codes, so that flat blocks stay where they are. */
const STILLNESS = 0.05;

/**
 * Motion by full search over blocks of 8 x 8 within 12 pixels, on luma of 8-bit codes. Written for measuring only, apart
 * from the motion search of the stages it judges.
 */
export function blockMotion(from: Channel, to: Channel): BlockMotion {
  const { width, height } = from;
  const [columns, rows] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const dx = new Int16Array(columns * rows);
  const dy = new Int16Array(columns * rows);
  const found = new Uint8Array(columns * rows);
  const area = BLOCK * BLOCK;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const [x, y] = [column * BLOCK, row * BLOCK];
      let best = Infinity;
      for (let v = Math.max(-REACH, -y); v <= Math.min(REACH, height - BLOCK - y); v++) {
        for (let u = Math.max(-REACH, -x); u <= Math.min(REACH, width - BLOCK - x); u++) {
          const penalty = (Math.abs(u) + Math.abs(v)) * STILLNESS * area;
          const cost = blockDifference(from, to, x, y, u, v, best - penalty) + penalty;
          if (cost >= best) continue;
          best = cost;
          [dx[at], dy[at]] = [u, v];
        }
      }
      const [u, v] = [dx[at] ?? 0, dy[at] ?? 0];
      found[at] = blockDifference(from, to, x, y, u, v, Infinity) <= SAME * area ? 1 : 0;
    }
  }
  return { block: BLOCK, columns, rows, dx, dy, found };
}

/** Sum of absolute differences of a block and its shifted place; stops once it passes `limit`. */
function blockDifference(
  from: Channel,
  to: Channel,
  x: number,
  y: number,
  u: number,
  v: number,
  limit: number,
): number {
  let sum = 0;
  for (let j = 0; j < BLOCK && sum < limit; j++) {
    const one = (y + j) * from.width + x;
    const two = (y + j + v) * from.width + x + u;
    for (let i = 0; i < BLOCK; i++) sum += Math.abs((from.data[one + i] ?? 0) - (to.data[two + i] ?? 0));
  }
  return sum;
}

/**
 * Warping error of chroma: mean squared difference of the two chroma channels between a pixel and where it has moved to in
 * the next picture, over blocks that were found again (Lai et al., "Learning blind video temporal consistency", ECCV 2018,
 * with block motion for optical flow and chroma in codes of 8 bits for RGB). Returns the sum and the number of samples, so
 * that pairs can be pooled.
 */
export function chromaWarpingError(
  motion: BlockMotion,
  from: readonly [Channel, Channel],
  to: readonly [Channel, Channel],
): { readonly sum: number; readonly count: number } {
  let sum = 0;
  let count = 0;
  const { width } = from[0];
  motion.found.forEach((isFound, at) => {
    if (isFound === 0) return;
    const x = (at % motion.columns) * motion.block;
    const y = Math.floor(at / motion.columns) * motion.block;
    const shift = (motion.dy[at] ?? 0) * width + (motion.dx[at] ?? 0);
    for (let j = 0; j < motion.block; j++) {
      for (let i = 0; i < motion.block; i++) {
        const here = (y + j) * width + x + i;
        for (const channel of [0, 1] as const) {
          sum += ((from[channel].data[here] ?? 0) - (to[channel].data[here + shift] ?? 0)) ** 2;
          count++;
        }
      }
    }
  });
  return { sum, count };
}

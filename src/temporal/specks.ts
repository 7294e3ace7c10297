import type { Samples } from '../core/frame.ts';

/** A neighbor in time as it is compared with: its luma brought to the brightness of the frame in the middle. */
export interface Neighbor {
  readonly luma: Samples;
  /** Code of the neighbor to code of the frame in the middle. */
  readonly tone: Float32Array;
  /** Whole samples that each block of the middle frame lies further there. */
  readonly x: Int16Array;
  readonly y: Int16Array;
}

/** A picture between its neighbors. All three have the same size; vectors are given for blocks of BLOCK samples. */
export interface Triple {
  readonly width: number;
  readonly height: number;
  readonly luma: Samples;
  readonly before: Neighbor;
  readonly after: Neighbor;
  /** Way of a thing that moves steadily to its place in `after`, over its way to that in `before`: -1 between them. */
  readonly onward: number;
}

/** Limits in codes. */
export interface SpeckLimits {
  /** What stands out by so much is a speck. */
  readonly seed: number;
  /** What stands out by so much beside one belongs to it. */
  readonly edge: number;
  /** What surroundings may differ by in the mean, and the neighbors among themselves where the speck is. */
  readonly same: number;
  /** What noise alone makes them differ by in the mean. */
  readonly noise: number;
  /** Larger things are not taken for dirt: share of the picture. */
  readonly largest: number;
}

export const BLOCK = 16;

/** A way in whole samples. */
export interface Offset {
  readonly x: number;
  readonly y: number;
}

export const NO_OFFSET: Offset = { x: 0, y: 0 };

/** Samples that noise is told by. */
const ENOUGH_SAMPLES = 8000;

const blocksAcross = (width: number): number => Math.ceil(width / BLOCK);

/** Index of the block of a sample. */
export const blockAt = (width: number, x: number, y: number): number =>
  Math.floor(y / BLOCK) * blocksAcross(width) + Math.floor(x / BLOCK);

/** How far codes differ from those of a neighbor along motion where nothing happens: noise and grain (sigma, codes). */
export function noiseBetween(triple: Triple): number {
  const { width, height, luma, before } = triple;
  const differences: number[] = [];
  const step = Math.max(1, Math.round(Math.sqrt((width * height) / ENOUGH_SAMPLES)));
  for (let y = step >> 1; y < height; y += step) {
    for (let x = step >> 1; x < width; x += step) {
      const other = valueAt(before, triple, x, y);
      if (other !== undefined) differences.push(Math.abs((luma[y * width + x] ?? 0) - other));
    }
  }
  differences.sort((a, b) => a - b);
  // The median of absolute differences of two noisy samples, as the sigma of one.
  return (differences[differences.length >> 1] ?? 0) / 0.6745 / Math.SQRT2;
}

/** Luma of the neighbor where (x, y) lies there by the motion of its block or another, `offset` further; undefined beyond its border. */
export function valueAt(
  neighbor: Neighbor,
  { width, height }: Pick<Triple, 'width' | 'height'>,
  x: number,
  y: number,
  offset = NO_OFFSET,
  block = blockAt(width, x, y),
): number | undefined {
  const u = x + (neighbor.x[block] ?? 0) + offset.x;
  const v = y + (neighbor.y[block] ?? 0) + offset.y;
  if (u < 0 || v < 0 || u >= width || v >= height) return undefined;
  return neighbor.tone[neighbor.luma[v * width + u] ?? 0];
}

/**
 * How far the sample stands out from the 3 x 3 samples around its place in the neighbor (the spike detection of Kokaram with
 * the ranges of Nadenau and Mitra, which forgive a sample of error in motion): above 0 brighter than all, below darker.
 */
function standsOut(neighbor: Neighbor, width: number, height: number, x: number, y: number, value: number): number {
  const block = blockAt(width, x, y);
  const u = x + (neighbor.x[block] ?? 0);
  const v = y + (neighbor.y[block] ?? 0);
  if (u < 0 || v < 0 || u >= width || v >= height) return 0;
  let [low, high] = [Infinity, -Infinity];
  for (let row = Math.max(0, v - 1); row <= Math.min(height - 1, v + 1); row++) {
    for (let column = Math.max(0, u - 1); column <= Math.min(width - 1, u + 1); column++) {
      const other = neighbor.tone[neighbor.luma[row * width + column] ?? 0] ?? 0;
      if (other < low) low = other;
      if (other > high) high = other;
    }
  }
  if (value > high) return value - high;
  return value < low ? value - low : 0;
}

/** Calls `visit` for the samples that differ from both neighbors by `edge` in the same direction: few, so it may be slow. */
function eachCandidate(triple: Triple, edge: number, visit: (x: number, y: number) => void): void {
  const { width, height, luma, before, after } = triple;
  const across = blocksAcross(width);
  const [toneBefore, toneAfter] = [before.tone, after.tone];
  for (let block = 0; block < before.x.length; block++) {
    const [left, top] = [(block % across) * BLOCK, Math.floor(block / across) * BLOCK];
    const [ax, ay, bx, by] = [before.x[block] ?? 0, before.y[block] ?? 0, after.x[block] ?? 0, after.y[block] ?? 0];
    // Samples that lie beyond the border in either neighbor have nothing to be compared with.
    const [x0, x1] = [Math.max(left, -ax, -bx), Math.min(left + BLOCK, width, width - ax, width - bx)];
    const [y0, y1] = [Math.max(top, -ay, -by), Math.min(top + BLOCK, height, height - ay, height - by)];
    const [stepBefore, stepAfter] = [ay * width + ax, by * width + bx];
    for (let y = y0; y < y1; y++) {
      for (let x = x0, i = y * width + x0; x < x1; x++, i++) {
        const value = luma[i] ?? 0;
        const one = value - (toneBefore[before.luma[i + stepBefore] ?? 0] ?? 0);
        // Nearly every sample ends here.
        if (one < edge && one > -edge) continue;
        const other = value - (toneAfter[after.luma[i + stepAfter] ?? 0] ?? 0);
        if ((one >= edge && other >= edge) || (one <= -edge && other <= -edge)) visit(x, y);
      }
    }
  }
}

/** Codes by which samples stand out from both neighbors in the same direction; 0 where they do not by `edge`. */
function spikes(triple: Triple, { edge }: SpeckLimits): Float32Array {
  const { width, height, luma, before, after } = triple;
  const out = new Float32Array(width * height);
  eachCandidate(triple, edge, (x, y) => {
    const value = luma[y * width + x] ?? 0;
    const one = standsOut(before, width, height, x, y, value);
    if (Math.abs(one) < edge) return;
    const other = standsOut(after, width, height, x, y, value);
    const least = Math.min(Math.abs(one), Math.abs(other));
    if (one > 0 === other > 0 && least >= edge) out[y * width + x] = Math.sign(one) * least;
  });
  return out;
}

/** Samples that hang together and stand out of both neighbors. */
export interface Speck {
  /** Sample positions. */
  readonly at: readonly number[];
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Codes that they stand out by in the mean; below 0 darker. */
  readonly height: number;
}

/** Samples that hang together around each seed and stand out in its direction; those that are too large are left out. */
export const findSpecks = (triple: Triple, limits: SpeckLimits): Generator<Speck> =>
  hangingTogether(spikes(triple, limits), triple, limits);

/** The same of what stands out already: codes by sample, 0 where nothing does. */
export function* hangingTogether(
  spike: Float32Array,
  { width, height }: Pick<Triple, 'width' | 'height'>,
  { seed, largest }: SpeckLimits,
): Generator<Speck> {
  const seen = new Uint8Array(spike.length);
  const most = Math.max(16, largest * width * height);
  for (let start = 0; start < spike.length; start++) {
    if (seen[start] === 1 || Math.abs(spike[start] ?? 0) < seed) continue;
    const sign = Math.sign(spike[start] ?? 0);
    const at = [start];
    seen[start] = 1;
    let [left, right, top, bottom] = [width, 0, height, 0];
    for (const place of at) {
      const [x, y] = [place % width, Math.floor(place / width)];
      [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const next = row * width + column;
          if (seen[next] === 1 || (spike[next] ?? 0) * sign <= 0) continue;
          seen[next] = 1;
          at.push(next);
        }
      }
    }
    if (at.length > most) continue;
    const sum = at.reduce((total, place) => total + (spike[place] ?? 0), 0);
    yield { at, left, right, top, bottom, height: sum / at.length };
  }
}

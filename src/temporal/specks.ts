import type { Plane } from '../core/frame.ts';
import { clamp } from './gray.ts';

/** A neighbor in time as it is compared with: its luma brought to the brightness of the frame in the middle. */
export interface Neighbor {
  readonly luma: Plane;
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
  readonly luma: Plane;
  readonly before: Neighbor;
  readonly after: Neighbor;
}

/** Limits in codes; see `thresholds`. */
export interface SpeckLimits {
  /** What stands out by so much is a speck. */
  readonly seed: number;
  /** What stands out by so much beside one belongs to it. */
  readonly edge: number;
  /** What surroundings may differ by in the mean, and the neighbors among themselves where the speck is. */
  readonly same: number;
}

export const BLOCK = 16;
/** Larger things are not taken for dirt: share of the picture. */
const LARGEST = 0.004;
/** Samples around a speck whose agreement shows that motion is known there. */
const RING = 3;
/** Where a thing that moves would have to be found: samples around its place, at least and at most. */
const REACH = [6, 28] as const;
/** How much more than the surroundings vary (sigma) a speck must stand out: in grass and gravel nobody sees one. */
const OVER_TEXTURE = 2;
/** A place that looks like the speck and its surroundings by so much better than its own place: a thing that moved. */
const MOVED = 0.5;

const blocksAcross = (width: number): number => Math.ceil(width / BLOCK);

/** How far codes differ from those of a neighbor along motion where nothing happens: noise and grain (sigma, codes). */
export function noiseBetween({ width, height, luma, before }: Triple): number {
  const differences: number[] = [];
  for (let y = 3; y < height; y += 7) {
    for (let x = 3; x < width; x += 7) {
      const other = valueAt(before, width, height, x, y);
      if (other !== undefined) differences.push(Math.abs((luma[y * width + x] ?? 0) - other));
    }
  }
  differences.sort((a, b) => a - b);
  // The median of absolute differences of two noisy samples, as the sigma of one.
  return (differences[differences.length >> 1] ?? 0) / 0.6745 / Math.SQRT2;
}

/** Luma of the neighbor where (x, y) lies there; undefined beyond its border. */
function valueAt(neighbor: Neighbor, width: number, height: number, x: number, y: number): number | undefined {
  const block = Math.floor(y / BLOCK) * blocksAcross(width) + Math.floor(x / BLOCK);
  const u = x + (neighbor.x[block] ?? 0);
  const v = y + (neighbor.y[block] ?? 0);
  if (u < 0 || v < 0 || u >= width || v >= height) return undefined;
  return neighbor.tone[neighbor.luma[v * width + u] ?? 0];
}

/**
 * How far the sample stands out from the 3 x 3 samples around its place in the neighbor (the spike detection of Kokaram with
 * the ranges of Nadenau and Mitra, which forgive a sample of error in motion): above 0 brighter than all, below darker.
 */
function standsOut(neighbor: Neighbor, width: number, height: number, x: number, y: number, value: number): number {
  const block = Math.floor(y / BLOCK) * blocksAcross(width) + Math.floor(x / BLOCK);
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

/** Codes by which samples stand out from both neighbors in the same direction; 0 where they do not by `edge`. */
function spikes(triple: Triple, { edge }: SpeckLimits): Float32Array {
  const { width, height, luma, before, after } = triple;
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = luma[y * width + x] ?? 0;
      const first = valueAt(before, width, height, x, y);
      // Nearly every sample ends here: the rest is for the few that differ.
      if (first === undefined || Math.abs(value - first) < edge) continue;
      const second = valueAt(after, width, height, x, y);
      if (second === undefined || Math.abs(value - second) < edge || value > first !== value > second) continue;
      const one = standsOut(before, width, height, x, y, value);
      const other = standsOut(after, width, height, x, y, value);
      const least = Math.min(Math.abs(one), Math.abs(other));
      if (one > 0 === other > 0 && least >= edge) out[y * width + x] = Math.sign(one) * least;
    }
  }
  return out;
}

interface Speck {
  /** Sample positions. */
  readonly at: readonly number[];
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Samples that hang together around each seed and stand out in its direction; those that are too large are left out. */
function* grown(triple: Triple, spike: Float32Array, { seed }: SpeckLimits): Generator<Speck> {
  const { width, height } = triple;
  const seen = new Uint8Array(spike.length);
  const most = Math.max(16, LARGEST * width * height);
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
    if (at.length <= most) yield { at, left, right, top, bottom };
  }
}

/** Mean difference of the speck, and of the ring around it, to a neighbor `dx`, `dy` further than motion says. */
function differences(
  triple: Triple,
  neighbor: Neighbor,
  speck: Speck,
  dx: number,
  dy: number,
): [inside: number, ring: number] {
  const { width, height, luma } = triple;
  const members = speck.at;
  const inSpeck = new Set(members);
  let [inside, ring, around] = [0, 0, 0];
  const difference = (x: number, y: number): number => {
    const block = Math.floor(y / BLOCK) * blocksAcross(width) + Math.floor(x / BLOCK);
    const u = clamp(x + (neighbor.x[block] ?? 0) + dx, 0, width - 1);
    const v = clamp(y + (neighbor.y[block] ?? 0) + dy, 0, height - 1);
    return Math.abs((luma[y * width + x] ?? 0) - (neighbor.tone[neighbor.luma[v * width + u] ?? 0] ?? 0));
  };
  for (const place of members) inside += difference(place % width, Math.floor(place / width));
  for (let y = Math.max(0, speck.top - RING); y <= Math.min(height - 1, speck.bottom + RING); y++) {
    for (let x = Math.max(0, speck.left - RING); x <= Math.min(width - 1, speck.right + RING); x++) {
      // The samples next to the speck are its soft edge.
      const far = x < speck.left - 1 || x > speck.right + 1 || y < speck.top - 1 || y > speck.bottom + 1;
      if (!far || inSpeck.has(y * width + x)) continue;
      ring += difference(x, y);
      around++;
    }
  }
  return [inside / members.length, around === 0 ? Infinity : ring / around];
}

/** Standard deviation of luma around a speck. */
function texture({ width, height, luma }: Triple, { left, right, top, bottom }: Speck): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let y = Math.max(0, top - RING); y <= Math.min(height - 1, bottom + RING); y++) {
    for (let x = Math.max(0, left - RING); x <= Math.min(width - 1, right + RING); x++) {
      if (x >= left - 1 && x <= right + 1 && y >= top - 1 && y <= bottom + 1) continue;
      const value = luma[y * width + x] ?? 0;
      count++;
      sum += value;
      squares += value * value;
    }
  }
  return count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
}

/** Whether a neighbor has the same thing elsewhere: then it is no dirt, it moves. */
function moved(triple: Triple, neighbor: Neighbor, speck: Speck, contrast: number, ring: number): boolean {
  const size = Math.max(speck.right - speck.left, speck.bottom - speck.top) + 1;
  const reach = clamp(2 * size, REACH[0], REACH[1]);
  const step = size > 12 ? 2 : 1;
  for (let dy = -reach; dy <= reach; dy += step) {
    for (let dx = -reach; dx <= reach; dx += step) {
      const [inside, around] = differences(triple, neighbor, speck, dx, dy);
      if (inside + around < MOVED * contrast + ring) return true;
    }
  }
  return false;
}

function isDirt(triple: Triple, speck: Speck, { same }: SpeckLimits): boolean {
  const { width, height, before, after } = triple;
  const [there, ringBefore] = differences(triple, before, speck, 0, 0);
  const [back, ringAfter] = differences(triple, after, speck, 0, 0);
  // Where the surroundings do not fit, motion is not known, or something uncovers what lies behind it.
  if (ringBefore > same || ringAfter > same) return false;
  const contrast = Math.min(there, back);
  if (contrast < OVER_TEXTURE * texture(triple, speck)) return false;
  let apart = 0;
  for (const place of speck.at) {
    const [x, y] = [place % width, Math.floor(place / width)];
    apart += Math.abs((valueAt(before, width, height, x, y) ?? 0) - (valueAt(after, width, height, x, y) ?? 0));
  }
  if (apart / speck.at.length > Math.min(2 * same, 0.5 * contrast)) return false;
  return !moved(triple, before, speck, contrast, ringBefore) && !moved(triple, after, speck, contrast, ringAfter);
}

/**
 * Marks what is in this picture only, small and surrounded by what is in all three: dust, dirt, hairs. A thing that moves is
 * found elsewhere in a neighbor and stays. Returns 1 for samples to replace, soft edges included; undefined where there are none.
 */
export function findSpecks(triple: Triple, limits: SpeckLimits): Uint8Array | undefined {
  const { width, height } = triple;
  let mask: Uint8Array | undefined;
  for (const speck of grown(triple, spikes(triple, limits), limits)) {
    if (!isDirt(triple, speck, limits)) continue;
    mask ??= new Uint8Array(width * height);
    for (const place of speck.at) {
      const [x, y] = [place % width, Math.floor(place / width)];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        mask.fill(1, row * width + Math.max(0, x - 1), row * width + Math.min(width - 1, x + 1) + 1);
      }
    }
  }
  return mask;
}

/** What both neighbors have at the place of a sample, in codes; undefined where neither does. */
export function between({ width, height, before, after }: Triple, x: number, y: number): number | undefined {
  const [one, other] = [valueAt(before, width, height, x, y), valueAt(after, width, height, x, y)];
  if (one === undefined || other === undefined) return one ?? other;
  return (one + other) / 2;
}

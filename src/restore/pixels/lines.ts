import type { Plane } from '../../core/frame.ts';
import { BAND, sidesOf, type Line } from './line.ts';
import { hasCorners } from './line-ends.ts';

/** Columns on each side of the middle that a scratch may cover; those beyond are the picture that it lies on. */
const halfOf = (width: number): number => Math.min(12, Math.max(3, Math.round(width / 240)));
/** A scratch moves sideways by at most so many columns from band to band. */
const SLANT = 1;
/** Scratches in one picture, at most. */
const MOST = 12;
/** Sides that differ by more than this share of what lies between them are an edge of the picture. */
const LOPSIDED = 0.6;
/** What is left of a scratch at two thirds of that from its middle, at most: light that is out of focus is thicker. */
const THICK = 0.35;
/** What columns vary by at least (8-bit codes): less is rounding. */
const LEAST_SIGMA = 0.2;
/** Bounds of what one band can say for a line, in sigmas of all columns, and share of the bands that must say it clearly. */
const [LEAST_VOTE, MOST_VOTE, CLEAR_VOTE] = [-1.5, 4, 1.5];
const CLEAR_SHARE = 0.6;
/**
 * The same of all bands, where a line lies along an edge in some. These say neither yes nor no if the others are so sure, and
 * at most one band between them says nothing: rims of things come in pieces.
 */
const LEAST_CLEAR = 0.5;
const SURE_VOTE = 4;

/** Mean of the rows of each band. */
function bandMeans(
  luma: Plane,
  width: number,
  height: number,
): { readonly bands: number; readonly mean: Float32Array } {
  const bands = Math.ceil(height / BAND);
  const mean = new Float32Array(bands * width);
  for (let band = 0; band < bands; band++) {
    const [top, bottom] = [band * BAND, Math.min(height, (band + 1) * BAND)];
    for (let y = top; y < bottom; y++) {
      for (let x = 0; x < width; x++)
        mean[band * width + x] = (mean[band * width + x] ?? 0) + (luma[y * width + x] ?? 0);
    }
    for (let x = 0; x < width; x++) mean[band * width + x] = (mean[band * width + x] ?? 0) / (bottom - top);
  }
  return { bands, mean };
}

interface Votes {
  /** How clearly each column of each band stands out from both sides, in sigmas; above 0 brighter. */
  readonly stands: Float32Array;
  /** The same over the nearer side, where the sides are too unlike to say so: at the edge of something. */
  readonly leans: Float32Array;
}

function votes(mean: Float32Array, width: number, bands: number, unit: number): Votes {
  const half = halfOf(width);
  const inner = Math.round((2 * half) / 3);
  const [standing, leaning] = [new Float32Array(bands * width), new Float32Array(bands * width)];
  for (let band = 0; band < bands; band++) {
    const row = band * width;
    const sizes: number[] = [];
    for (let x = half + 1; x < width - half - 1; x++) {
      const { left, right } = sidesOf(mean, row + x, half);
      const value = (mean[row + x] ?? 0) - (left + right) / 2;
      sizes.push(Math.abs(value));
      const beside = ((mean[row + x - inner] ?? 0) + (mean[row + x + inner] ?? 0) - left - right) / 2;
      if (Math.abs(left - right) < LOPSIDED * Math.abs(value)) {
        standing[row + x] = Math.abs(beside) < THICK * Math.abs(value) ? value : 0;
        continue;
      }
      const over = overNearer(mean[row + x] ?? 0, left, right);
      const nearer = Math.abs((mean[row + x] ?? 0) - left) < Math.abs((mean[row + x] ?? 0) - right) ? -1 : 1;
      const back = (mean[row + x + nearer * inner] ?? 0) - (nearer < 0 ? left : right);
      leaning[row + x] = Math.abs(back) < THICK * Math.abs(over) ? over : 0;
    }
    sizes.sort((a, b) => a - b);
    const sigma = (sizes[sizes.length >> 1] ?? 0) / 0.6745 + LEAST_SIGMA * unit;
    for (const out of [standing, leaning]) for (let x = 0; x < width; x++) out[row + x] = (out[row + x] ?? 0) / sigma;
  }
  return { stands: standing, leans: leaning };
}

/** How far a value lies beyond the nearer one of both sides; 0 between them. */
function overNearer(value: number, left: number, right: number): number {
  const [one, other] = [value - left, value - right];
  if (one * other <= 0) return 0;
  return Math.abs(one) < Math.abs(other) ? one : other;
}

interface Path {
  readonly at: Int16Array;
  /** Mean vote. */
  readonly score: number;
}

/** The path from top to bottom with the highest sum of votes for bright (`sign` 1) or dark (-1) lines. */
function bestPath(vote: Float32Array, width: number, bands: number, sign: number, used: Uint8Array): Path {
  const half = halfOf(width);
  const from = new Int8Array(bands * width);
  let sums = new Float32Array(width);
  for (let band = 0; band < bands; band++) {
    const next = new Float32Array(width).fill(-Infinity);
    for (let x = half + 1; x < width - half - 1; x++) {
      let [best, step] = [band === 0 ? 0 : -Infinity, 0];
      for (let dx = -SLANT; band > 0 && dx <= SLANT; dx++) {
        // Straight on where nothing is gained by turning.
        const sum = (sums[x + dx] ?? -Infinity) - (dx === 0 ? 0 : 0.05);
        if (sum > best) [best, step] = [sum, dx];
      }
      const own = used[band * width + x] === 1 ? LEAST_VOTE : sign * (vote[band * width + x] ?? 0);
      next[x] = best + Math.min(MOST_VOTE, Math.max(LEAST_VOTE, own));
      from[band * width + x] = step;
    }
    sums = next;
  }
  let x = 0;
  for (let column = 0; column < width; column++) if ((sums[column] ?? -Infinity) > (sums[x] ?? -Infinity)) x = column;
  const score = (sums[x] ?? -Infinity) / bands;
  const at = new Int16Array(bands);
  for (let band = bands - 1; band >= 0; band--) {
    at[band] = x;
    x += from[band * width + x] ?? 0;
  }
  return { at, score };
}

/** The middle of the rows' differences from what lies on both sides: content under the scratch has no say. */
function profileOf(luma: Plane, width: number, height: number, at: Int16Array, weight: Float32Array): Float32Array {
  const half = halfOf(width);
  const wide = 2 * half + 1;
  const profile = new Float32Array(at.length * wide);
  for (const [band, middle] of at.entries()) {
    for (let k = 0; k < wide; k++) {
      const share = k / (wide - 1);
      const differences: number[] = [];
      for (let y = band * BAND; y < Math.min(height, (band + 1) * BAND); y++) {
        const row = y * width + middle;
        const { left, right } = sidesOf(luma, row, half);
        differences.push((luma[row + k - half] ?? 0) - left - share * (right - left));
      }
      differences.sort((a, b) => a - b);
      profile[band * wide + k] = (weight[band] ?? 0) * (differences[differences.length >> 1] ?? 0);
    }
  }
  return profile;
}

/** Whether enough bands say that there is a line: `clear` are their votes for it. */
function isLine(clear: Float32Array, leans: Uint8Array): boolean {
  const count = (least: number): number => clear.filter((value) => value >= least).length;
  if (count(CLEAR_VOTE) >= CLEAR_SHARE * clear.length) return true;
  const asked = leans.filter((lean) => lean === 0).length;
  if (count(SURE_VOTE) < Math.max(CLEAR_SHARE * asked, LEAST_CLEAR * clear.length)) return false;
  const seen = [...clear.keys()].filter((band) => leans[band] === 1 || (clear[band] ?? 0) >= CLEAR_VOTE);
  return seen.every((band, i) => band - (seen[i - 1] ?? band) <= 2);
}

/** Gives the bands in which a line leans on an edge the shape of the nearest band that shows it, as deep as it is there. */
function leanOn(
  luma: Plane,
  width: number,
  height: number,
  { at, half, profile, leans }: Line,
  shown: Float32Array,
): void {
  const wide = 2 * half + 1;
  for (const [band, middle] of at.entries()) {
    if (leans[band] !== 1) continue;
    const clear = [...shown.keys()].filter((other) => (shown[other] ?? 0) >= CLEAR_VOTE);
    const near = clear.reduce((best, other) => (Math.abs(other - band) < Math.abs(best - band) ? other : best));
    const full = profile[near * wide + half] ?? 0;
    const depths: number[] = [];
    for (let y = band * BAND; y < Math.min(height, (band + 1) * BAND); y++) {
      const row = y * width + middle;
      const { left, right } = sidesOf(luma, row, half);
      depths.push(overNearer(luma[row] ?? 0, left, right));
    }
    depths.sort((a, b) => a - b);
    const share = full === 0 ? 0 : Math.min(1, Math.max(0, (depths[depths.length >> 1] ?? 0) / full));
    for (let k = 0; k < wide; k++) profile[band * wide + k] = share * (profile[near * wide + k] ?? 0);
  }
}

/**
 * Scratches of a film that ran over something sharp: thin lines, brighter or darker than both of their sides, from top to
 * bottom. A line sums its evidence over the height of the picture (dynamic programming), so that it is found in grain, and
 * shorter or thicker things are left alone. `least` is the mean evidence in sigmas that a line must have, `unit` an 8-bit code.
 */
export function findLines(luma: Plane, width: number, height: number, least: number, unit = 1): readonly Line[] {
  const { bands, mean } = bandMeans(luma, width, height);
  const half = halfOf(width);
  if (bands < 4 || width < 16 * half) return [];
  const { stands: vote, leans: beside } = votes(mean, width, bands, unit);
  const used = new Uint8Array(bands * width);
  const lines: Line[] = [];
  for (const sign of [1, -1]) {
    while (lines.length < MOST) {
      const { at, score } = bestPath(vote, width, bands, sign, used);
      if (score < least) break;
      const clear = Float32Array.from(at, (x, band) => sign * (vote[band * width + x] ?? 0));
      for (const [band, x] of at.entries()) used.fill(1, band * width + x - half, band * width + x + half + 1);
      const leans = Uint8Array.from(at, (x, band) => (sign * (beside[band * width + x] ?? 0) >= CLEAR_VOTE ? 1 : 0));
      if (!isLine(clear, leans)) continue;
      const weight = clear.map((value) => Math.min(1, Math.max(0, value)));
      const line = { at, half, profile: profileOf(luma, width, height, at, weight), leans };
      if (hasCorners(luma, width, height, line)) continue;
      leanOn(luma, width, height, line, clear);
      lines.push(line);
    }
  }
  return lines;
}

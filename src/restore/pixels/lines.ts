import type { Plane } from '../../core/frame.ts';

/** A scratch from top to bottom: its middle column in each band of rows, and what it adds to luma there. */
interface Line {
  /** Columns by band. */
  readonly at: Int16Array;
  /** Columns on each side of the middle. */
  readonly half: number;
  /** Codes to take away, 2 * half + 1 a band. */
  readonly profile: Float32Array;
}

/** Rows that are looked at together: in their mean a scratch stands out of the grain. */
const BAND = 16;
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
/** Bounds of what one band can say for a line, in sigmas of all columns, and share of the bands that must say it clearly. */
const [LEAST_VOTE, MOST_VOTE, CLEAR_VOTE] = [-1.5, 4, 1.5];
const CLEAR_SHARE = 0.6;

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

/** How clearly each column of each band stands out from both sides, in sigmas; above 0 brighter. */
function votes(mean: Float32Array, width: number, bands: number): Float32Array {
  const half = halfOf(width);
  const inner = Math.round((2 * half) / 3);
  const out = new Float32Array(bands * width);
  for (let band = 0; band < bands; band++) {
    const row = band * width;
    const sizes: number[] = [];
    for (let x = half + 1; x < width - half - 1; x++) {
      const left = ((mean[row + x - half] ?? 0) + (mean[row + x - half - 1] ?? 0)) / 2;
      const right = ((mean[row + x + half] ?? 0) + (mean[row + x + half + 1] ?? 0)) / 2;
      const value = (mean[row + x] ?? 0) - (left + right) / 2;
      sizes.push(Math.abs(value));
      const beside = ((mean[row + x - inner] ?? 0) + (mean[row + x + inner] ?? 0) - left - right) / 2;
      const stands = Math.abs(left - right) < LOPSIDED * Math.abs(value) && Math.abs(beside) < THICK * Math.abs(value);
      out[row + x] = stands ? value : 0;
    }
    sizes.sort((a, b) => a - b);
    const sigma = (sizes[sizes.length >> 1] ?? 0) / 0.6745 + 0.2;
    for (let x = 0; x < width; x++) out[row + x] = (out[row + x] ?? 0) / sigma;
  }
  return out;
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
        const left = ((luma[row - half - 1] ?? 0) + (luma[row - half] ?? 0)) / 2;
        const right = ((luma[row + half] ?? 0) + (luma[row + half + 1] ?? 0)) / 2;
        differences.push((luma[row + k - half] ?? 0) - left - share * (right - left));
      }
      differences.sort((a, b) => a - b);
      profile[band * wide + k] = (weight[band] ?? 0) * (differences[differences.length >> 1] ?? 0);
    }
  }
  return profile;
}

/**
 * Scratches of a film that ran over something sharp: thin lines, brighter or darker than both of their sides, from top to
 * bottom. A line sums its evidence over the height of the picture (dynamic programming), so that it is found in grain, and
 * shorter or thicker things are left alone. `least` is the mean evidence in sigmas that a line must have.
 */
export function findLines(luma: Plane, width: number, height: number, least: number): readonly Line[] {
  const { bands, mean } = bandMeans(luma, width, height);
  const half = halfOf(width);
  if (bands < 4 || width < 16 * half) return [];
  const vote = votes(mean, width, bands);
  const used = new Uint8Array(bands * width);
  const lines: Line[] = [];
  for (const sign of [1, -1]) {
    while (lines.length < MOST) {
      const { at, score } = bestPath(vote, width, bands, sign, used);
      if (score < least) break;
      const clear = Float32Array.from(at, (x, band) => sign * (vote[band * width + x] ?? 0));
      for (const [band, x] of at.entries()) used.fill(1, band * width + x - half, band * width + x + half + 1);
      if (clear.filter((value) => value >= CLEAR_VOTE).length < CLEAR_SHARE * bands) continue;
      const weight = clear.map((value) => Math.min(1, Math.max(0, value)));
      lines.push({ at, half, profile: profileOf(luma, width, height, at, weight) });
    }
  }
  return lines;
}

/** Rows on each side over which a scratch is as strong as in a row: on bright things a bright one adds less. */
const LOCAL = 3;

/** Strength of a line in each row, over what its bands say: 0 where nothing stands out, hardly above 1. */
function strengths(luma: Plane, width: number, height: number, { at, half, profile }: Line): Float32Array {
  const wide = 2 * half + 1;
  const found = new Float32Array(height);
  const said = new Float32Array(height);
  for (let y = 0; y < height; y++) {
    const band = Math.min(at.length - 1, Math.floor(y / BAND));
    const row = y * width + (at[band] ?? 0);
    const left = ((luma[row - half - 1] ?? 0) + (luma[row - half] ?? 0)) / 2;
    const right = ((luma[row + half] ?? 0) + (luma[row + half + 1] ?? 0)) / 2;
    // The middle and the columns beside it: the line may lie between two of them.
    for (let k = -1; k <= 1; k++) {
      const expected = profile[band * wide + half + k] ?? 0;
      const difference = (luma[row + k] ?? 0) - left - ((half + k) / (2 * half)) * (right - left);
      found[y] = (found[y] ?? 0) + Math.sign(expected) * difference;
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

import type { Diagnosis, Rect } from '../core/media.ts';

/** An 8-bit picture: luma, and chroma at half its size in both directions unless it is gray. */
export interface SamplePicture {
  readonly width: number;
  readonly height: number;
  readonly luma: Uint8Array;
  readonly cb: Uint8Array | undefined;
  readonly cr: Uint8Array | undefined;
}

/** A few consecutive pictures from one place of the film. */
export type SampleGroup = readonly SamplePicture[];

function quantile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5);

/** Mean of each 8 x 8 cell of a plane; cells at the edges that are not whole are left out. */
function cellMeans(plane: Uint8Array, width: number, height: number, cell = 8): Float64Array {
  const [columns, rows] = [Math.floor(width / cell), Math.floor(height / cell)];
  const means = new Float64Array(columns * rows);
  for (let y = 0; y < rows * cell; y++) {
    const row = Math.floor(y / cell) * columns;
    for (let x = 0; x < columns * cell; x++) {
      const at = row + Math.floor(x / cell);
      means[at] = (means[at] ?? 0) + (plane[y * width + x] ?? 0);
    }
  }
  return means.map((sum) => sum / (cell * cell));
}

/** Chroma cells farther than this from the film's tint (in 8-bit codes, cell means) are color. */
const COLOR_DISTANCE = 7;
/** A tint stronger than this is color that somebody put there. */
const MAX_TINT = 14;

/** Share of chroma cells that differ from the picture's own tint, and how strong the tint is. */
export function colorfulness(picture: SamplePicture): { readonly share: number; readonly tint: number } {
  const { cb, cr } = picture;
  if (!cb || !cr) return { share: 0, tint: 0 };
  const [width, height] = [(picture.width + 1) >> 1, (picture.height + 1) >> 1];
  const [u, v] = [cellMeans(cb, width, height, 4), cellMeans(cr, width, height, 4)];
  if (u.length === 0) return { share: 0, tint: 0 };
  const [tintU, tintV] = [median([...u]), median([...v])];
  let colored = 0;
  u.forEach((value, index) => {
    if (Math.hypot(value - tintU, (v[index] ?? tintV) - tintV) > COLOR_DISTANCE) colored++;
  });
  return { share: colored / u.length, tint: Math.hypot(tintU - 128, tintV - 128) };
}

/** A film is black-and-white when hardly any sampled picture has more than a few colored cells. */
export function isBlackAndWhite(pictures: readonly SamplePicture[]): boolean {
  const seen = pictures.map(colorfulness);
  const colored = seen.filter(({ share, tint }) => share > 0.01 || tint > MAX_TINT).length;
  return seen.length > 0 && colored <= Math.floor(seen.length / 12);
}

/** Codes above black that a bar may have, and the share of a line that may be brighter (compression, a logo's edge). */
const BAR_HEADROOM = 12;
const BAR_EXCEPTIONS = 0.01;
/** A picture with fewer bright samples than this cannot show where it ends. */
const MIN_BRIGHT_SHARE = 0.05;
const BRIGHT_ABOVE_BLACK = 40;

/** Bars of one picture as lines from each side; undefined when the picture is too dark to tell. */
export function barsOf(
  picture: SamplePicture,
  black: number,
): { top: number; bottom: number; left: number; right: number } | undefined {
  const { width, height, luma } = picture;
  const limit = black + BAR_HEADROOM;
  let bright = 0;
  const rows = new Uint32Array(height);
  const columns = new Uint32Array(width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const value = luma[at] ?? 0;
      if (value <= limit) continue;
      rows[y] = (rows[y] ?? 0) + 1;
      columns[x] = (columns[x] ?? 0) + 1;
      if (value > black + BRIGHT_ABOVE_BLACK) bright++;
    }
  }
  if (bright < MIN_BRIGHT_SHARE * luma.length) return undefined;
  const count = (counts: Uint32Array, length: number): number => {
    const end = counts.findIndex((filled) => filled > BAR_EXCEPTIONS * length);
    return end < 0 ? counts.length : end;
  };
  return {
    top: count(rows, width),
    bottom: count(rows.toReversed(), width),
    left: count(columns, height),
    right: count(columns.toReversed(), height),
  };
}

/** Narrower edges are blanking or soft borders, which are not worth another picture size. */
const MIN_BAR_SHARE = 0.015;
/** A picture must be left: more black than this is a dark film, not bars. */
const MIN_ACTIVE_SHARE = 0.3;

/**
 * Where the picture lies inside black bars: what no sampled picture ever reaches is bar. It begins at even numbers, and ends at
 * even ones or where the frame does, so that it is cut between samples of chroma.
 */
export function findActiveArea(pictures: readonly SamplePicture[], black: number): Rect | undefined {
  const first = pictures[0];
  if (first === undefined) return undefined;
  const { width, height } = first;
  const seen = pictures.map((picture) => barsOf(picture, black)).filter((bars) => bars !== undefined);
  // One bright picture in a dark film can end anywhere.
  if (seen.length < Math.min(3, pictures.length)) return undefined;
  const least = (side: 'top' | 'bottom' | 'left' | 'right', size: number): number => {
    const lines = Math.min(...seen.map((bars) => bars[side]));
    return lines >= Math.max(4, MIN_BAR_SHARE * size) ? lines - (lines % 2) : 0;
  };
  const [left, top] = [least('left', width), least('top', height)];
  const end = (size: number, bar: number): number => Math.min(size, size - bar + ((size - bar) % 2));
  const right = end(width, least('right', width));
  const bottom = end(height, least('bottom', height));
  const area = { x: left, y: top, width: right - left, height: bottom - top };
  if (area.width < MIN_ACTIVE_SHARE * width || area.height < MIN_ACTIVE_SHARE * height) return undefined;
  return area.width === width && area.height === height ? undefined : area;
}

const NOISE_BLOCK = 16;
/** Blocks looked at in one picture; they are spread evenly. */
const NOISE_BLOCKS = 800;

/** Mean luma of a block and the mean absolute answer of Immerkaer's mask, taken over lines of one field. */
function blockNoise(luma: Uint8Array, width: number, left: number, top: number): { mean: number; answer: number } {
  let [sum, absolute] = [0, 0];
  for (let y = top; y < top + NOISE_BLOCK; y++) {
    const [above, row, below] = [(y - 2) * width, y * width, (y + 2) * width];
    // Vertical second differences of the columns on the left, here and on the right.
    const vertical = (x: number): number => (luma[above + x] ?? 0) - 2 * (luma[row + x] ?? 0) + (luma[below + x] ?? 0);
    let [before, here] = [vertical(left - 1), vertical(left)];
    for (let x = left; x < left + NOISE_BLOCK; x++) {
      const after = vertical(x + 1);
      sum += luma[row + x] ?? 0;
      absolute += Math.abs(before - 2 * here + after);
      before = here;
      here = after;
    }
  }
  const size = NOISE_BLOCK * NOISE_BLOCK;
  return { mean: sum / size, answer: absolute / size };
}

/**
 * Noise of luma in code values: Immerkaer's mask (Fast Noise Variance Estimation, 1996), whose answer to noise of
 * sigma s has the deviation 6 s, on blocks of 16 x 16; the flattest fifth of the blocks counts, so that texture does not. Lines of
 * one field are compared, so that interlaced movement does not count either.
 */
export function noiseSigma(picture: SamplePicture, area: Rect | undefined): number {
  const { luma, width } = picture;
  const { x, y, width: areaWidth, height: areaHeight } = area ?? { x: 0, y: 0, width, height: picture.height };
  const columns = Math.floor((areaWidth - 2) / NOISE_BLOCK);
  const rows = Math.floor((areaHeight - 4) / NOISE_BLOCK);
  const step = Math.max(1, Math.ceil((columns * rows) / NOISE_BLOCKS));
  const sigmas: number[] = [];
  for (let block = 0; block < columns * rows; block += step) {
    const left = x + 1 + (block % columns) * NOISE_BLOCK;
    const { mean, answer } = blockNoise(luma, width, left, y + 2 + Math.floor(block / columns) * NOISE_BLOCK);
    // Noise is clipped near black and white.
    if (mean > 24 && mean < 228) sigmas.push((Math.sqrt(Math.PI / 2) * answer) / 6);
  }
  return sigmas.length === 0 ? 0 : quantile(Float64Array.from(sigmas).sort(), 0.2);
}

/** Pictures whose cells differ by more than this on average are two shots. */
const CUT_DIFFERENCE = 24;

/** Change of overall brightness from one picture to the next: the median change of 8 x 8 cells, so that movement cancels; cuts are left out. */
export function flickerOf(groups: readonly SampleGroup[]): number {
  const changes: number[] = [];
  for (const group of groups) {
    const means = group.map(({ luma, width, height }) => cellMeans(luma, width, height));
    for (let index = 1; index < means.length; index++) {
      const [before, after] = [means[index - 1] ?? new Float64Array(), means[index] ?? new Float64Array()];
      const differences = [...after].map((value, cell) => value - (before[cell] ?? 0));
      const size = differences.reduce((sum, value) => sum + Math.abs(value), 0) / (differences.length || 1);
      if (differences.length > 0 && size < CUT_DIFFERENCE) changes.push(Math.abs(median(differences)));
    }
  }
  return changes.length === 0 ? 0 : changes.reduce((sum, value) => sum + value, 0) / changes.length;
}

/** Share of luma outside 16..235 above which an untagged gray source is full range. */
const OUTSIDE_SHARE = 0.002;

export function looksFullRange(pictures: readonly SamplePicture[]): boolean {
  let [outside, total] = [0, 0];
  for (const { luma } of pictures) {
    total += luma.length;
    for (const value of luma) if (value < 14 || value > 240) outside++;
  }
  return outside > OUTSIDE_SHARE * total;
}

/** What sampled pictures tell about a film; `black` is the code of black. */
export function diagnose(groups: readonly SampleGroup[], black: number): Diagnosis {
  const firsts = groups.flatMap((group) => group.slice(0, 1));
  const activeArea = findActiveArea(firsts, black);
  const sigmas = firsts.map((picture) => noiseSigma(picture, activeArea)).filter((sigma) => sigma > 0);
  const round = (value: number): number => Math.round(value * 100) / 100;
  return {
    blackAndWhite: isBlackAndWhite(firsts),
    activeArea,
    noiseSigma: round(sigmas.length === 0 ? 0 : median(sigmas)),
    flicker: round(flickerOf(groups)),
  };
}

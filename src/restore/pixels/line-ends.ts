import type { Plane } from '../../core/frame.ts';
import { BAND, sidesOf, type Line } from './line.ts';

/** Of so many rows that follow each other most show the line where it begins. */
const BEGINS = 5;
const MOST = 4;
/** A row shows the line when it stands out by so much of what is usual for it. */
const SHOWN = 0.5;
/** A line that begins so many rows from the border comes from beyond it. */
const BORDER = 1;
/**
 * Columns beside an end that a level line must go on for. In most of them it stands out by this share of the line, and its tone is the
 * line's but for that share.
 */
const LEVEL = 16;
const AS_CLEAR = 0.5;
const AS_BRIGHT = 0.35;

/** By how many codes each row stands out from both sides in the direction of the line, and what is usual. */
function depths(luma: Plane, width: number, height: number, { at, half, profile }: Line): [Float32Array, number] {
  const wide = 2 * half + 1;
  const middles = Array.from(at, (_, band) => profile[band * wide + half] ?? 0).filter((value) => value !== 0);
  middles.sort((a, b) => a - b);
  const usual = middles[middles.length >> 1] ?? 0;
  const depth = new Float32Array(height);
  for (let y = 0; y < height; y++) {
    const row = y * width + (at[Math.floor(y / BAND)] ?? 0);
    const { left, right } = sidesOf(luma, row, half);
    depth[y] = Math.sign(usual) * ((luma[row] ?? 0) - (left + right) / 2);
  }
  return [depth, usual];
}

/** The row nearest to one border from which on the line shows: `step` 1 from the top, -1 from the bottom. */
function endOf(depth: Float32Array, enough: number, step: 1 | -1): number {
  const first = step === 1 ? 0 : depth.length - 1;
  for (let y = first; depth[y] !== undefined; y += step) {
    let shown = 0;
    for (let k = 0; k < BEGINS; k++) if ((depth[y + k * step] ?? -Infinity) >= enough) shown++;
    if (shown >= MOST && (depth[y] ?? 0) >= enough) return y;
  }
  return first;
}

const ordered = (count: number, value: (k: number) => number): number[] =>
  Array.from({ length: count }, (_, k) => value(k)).sort((a, b) => a - b);

/** Whether a level line like it begins, or passes, where the line ends in row `end`. */
function meetsLevel(
  luma: Plane,
  width: number,
  height: number,
  { at, half }: Line,
  end: number,
  usual: number,
): boolean {
  const reach = half + 1;
  const x = at[Math.floor(end / BAND)] ?? 0;
  const inward = end < height / 2 ? 1 : -1;
  const tone = ordered(BEGINS, (k) => luma[(end + k * inward) * width + x] ?? 0)[BEGINS >> 1] ?? 0;
  for (const side of [-1, 1]) {
    const near = x + side * reach;
    const far = near + side * (LEVEL - 1);
    if (Math.min(near, far) < 0 || Math.max(near, far) >= width) continue;
    const along = (row: number, k: number): number => luma[row * width + near + side * k] ?? 0;
    for (let outward = -1; outward <= 2 * reach; outward++) {
      const y = end - outward * inward;
      if (y < 0 || y >= height) continue;
      const bright = ordered(LEVEL, (k) => along(y, k))[LEVEL >> 1] ?? 0;
      if (Math.abs(bright - tone) > AS_BRIGHT * Math.abs(usual)) continue;
      // Beyond the picture there is nothing to stand out from.
      const beside = [y - reach, y + reach].filter((row) => row >= 0 && row < height);
      const clear = beside.every((row) => {
        const over = ordered(LEVEL, (k) => Math.sign(usual) * (along(y, k) - along(row, k)));
        return (over[LEVEL >> 2] ?? 0) >= AS_CLEAR * Math.abs(usual);
      });
      if (clear) return true;
    }
  }
  return false;
}

/**
 * Whether a line belongs to something that was filmed or drawn: the frame of a title card, a window, a fence. Both of its ends lie
 * inside the picture, and each is a corner, a level line of its own tone. Scratches end without one.
 */
export function hasCorners(luma: Plane, width: number, height: number, line: Line): boolean {
  const [depth, usual] = depths(luma, width, height, line);
  return ([1, -1] as const).every((step) => {
    const end = endOf(depth, SHOWN * Math.abs(usual), step);
    const inside = end > BORDER && end < height - 1 - BORDER;
    return inside && meetsLevel(luma, width, height, line, end, usual);
  });
}

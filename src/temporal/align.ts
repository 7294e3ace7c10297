import type { PlaneSize } from '../core/format.ts';
import type { Samples } from '../core/frame.ts';
import { clamp } from './gray.ts';
import { vectorAt } from './guide.ts';
import type { MotionField } from './motion.ts';

/** Side of the blocks that move as one, in luma samples. */
const BLOCK = 16;
/** Vectors are in steps of so many to a sample. */
const FINE = 4;
/** Mean difference (8-bit codes) that another vector must gain over the one that is known: noise finds a better one anywhere. */
const KNOWN_BONUS = 0.03;
const STEPS = 3;

/** Where each block of a picture lies in another, in 1/FINE of a luma sample. */
export interface BlockMotion {
  readonly across: number;
  readonly x: Int16Array;
  readonly y: Int16Array;
}

/** A plane of samples and its size. */
export interface Picture<T extends Samples | Float32Array> extends PlaneSize {
  readonly plane: T;
}

/**
 * Motion of luma's blocks toward another picture, found on the samples themselves around what small pictures say (`field`):
 * steps to the next sample while that helps, then the bottom of the differences on both sides. `other` is leveled to this
 * picture's brightness; `unit` is an 8-bit code.
 */
export function alignBlocks(own: Picture<Samples>, other: Float32Array, field: MotionField, unit: number): BlockMotion {
  const { width, height } = own;
  const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const [x, y] = [new Int16Array(across * down), new Int16Array(across * down)];
  const bonus = KNOWN_BONUS * unit;
  for (let block = 0; block < x.length; block++) {
    const [left, top] = [(block % across) * BLOCK, Math.floor(block / across) * BLOCK];
    const at = (dx: number, dy: number): number => difference(own, other, left, top, dx, dy);
    let { x: dx, y: dy } = vectorAt(field, own, left + BLOCK / 2, top + BLOCK / 2);
    let best = at(dx, dy);
    const still = at(0, 0);
    if (still <= best + bonus) [best, dx, dy] = [still, 0, 0];
    for (let step = 1; ; step++) {
      const sides = [at(dx - 1, dy), at(dx + 1, dy), at(dx, dy - 1), at(dx, dy + 1)] as const;
      const least = Math.min(...sides);
      if (least >= best - bonus || step === STEPS) {
        x[block] = FINE * dx + bottom(sides[0], best, sides[1]);
        y[block] = FINE * dy + bottom(sides[2], best, sides[3]);
        break;
      }
      const side = sides.indexOf(least);
      if (side < 2) dx += side === 0 ? -1 : 1;
      else dy += side === 2 ? -1 : 1;
      best = least;
    }
  }
  return { across, x, y };
}

/** Mean difference in codes of a block and the place (dx, dy) further; what lies beyond the border is not compared. */
function difference(
  { plane, width, height }: Picture<Samples>,
  other: Float32Array,
  left: number,
  top: number,
  dx: number,
  dy: number,
): number {
  const x0 = Math.max(left, -dx);
  const x1 = Math.min(left + BLOCK, width, width - dx);
  const y0 = Math.max(top, -dy);
  const y1 = Math.min(top + BLOCK, height, height - dy);
  if (x1 <= x0 || y1 <= y0) return Infinity;
  let sum = 0;
  // Every other row tells as much.
  for (let y = y0; y < y1; y += 2) {
    let i = y * width + x0;
    const end = i + x1 - x0;
    for (let j = (y + dy) * width + x0 + dx; i < end; i++, j++) sum += Math.abs((plane[i] ?? 0) - (other[j] ?? 0));
  }
  return sum / ((x1 - x0) * ((y1 - y0 + 1) >> 1));
}

/** Where the V through three differences is lowest, in 1/FINE. */
function bottom(before: number, middle: number, after: number): number {
  const bend = Math.max(before, after) - middle;
  if (!Number.isFinite(bend) || bend <= 0) return 0;
  return clamp(Math.round((FINE * (before - after)) / (2 * bend)), -FINE / 2, FINE / 2);
}

/** Weights of four samples around a place that is k / FINE beyond the second (Keys' cubic convolution, a = -0.5). */
const KERNELS: readonly (readonly [number, number, number, number])[] = Array.from({ length: FINE }, (_, k) => {
  const t = k / FINE;
  return [
    -0.5 * t + t * t - 0.5 * t * t * t,
    1 - 2.5 * t * t + 1.5 * t * t * t,
    0.5 * t + 2 * t * t - 1.5 * t * t * t,
    -0.5 * t * t + 0.5 * t * t * t,
  ];
});

/**
 * The other picture as this one sees it: each block from where it has moved to, borders repeated. Works for chroma too:
 * `luma` is the size that the vectors are given for.
 */
export function moveBlocks(
  { plane, width, height }: Picture<Float32Array>,
  motion: BlockMotion,
  luma: PlaneSize,
  out: Float32Array,
): void {
  const [perX, perY] = [Math.round(luma.width / width), Math.round(luma.height / height)];
  const [wide, high] = [BLOCK / perX, BLOCK / perY];
  const lines = new Float32Array(wide * (high + 3));
  for (let block = 0; block < motion.x.length; block++) {
    const [left, top] = [(block % motion.across) * wide, Math.floor(block / motion.across) * high];
    const [columns, rows] = [Math.min(wide, width - left), Math.min(high, height - top)];
    const [mx, my] = [Math.round((motion.x[block] ?? 0) / perX), Math.round((motion.y[block] ?? 0) / perY)];
    const [dx, dy] = [Math.floor(mx / FINE), Math.floor(my / FINE)];
    const [a, b, c, d] = KERNELS[mx - dx * FINE] ?? [0, 1, 0, 0];
    const [e, f, g, h] = KERNELS[my - dy * FINE] ?? [0, 1, 0, 0];
    const inside = left + dx >= 1 && left + dx + columns + 2 <= width;
    // Rows above and below the block are needed between rows only.
    const [first, last] = f === 1 ? [1, rows + 1] : [0, rows + 3];
    for (let row = first; row < last; row++) {
      const from = clamp(top + dy + row - 1, 0, height - 1) * width + left + dx;
      const to = row * wide;
      if (inside && b === 1) {
        for (let i = 0; i < columns; i++) lines[to + i] = plane[from + i] ?? 0;
      } else if (inside) {
        for (let i = 0, j = from; i < columns; i++, j++) {
          lines[to + i] =
            a * (plane[j - 1] ?? 0) + b * (plane[j] ?? 0) + c * (plane[j + 1] ?? 0) + d * (plane[j + 2] ?? 0);
        }
      } else {
        const start = from - left - dx;
        const at = (column: number): number => plane[start + clamp(column, 0, width - 1)] ?? 0;
        for (let i = 0, j = left + dx; i < columns; i++, j++) {
          lines[to + i] = a * at(j - 1) + b * at(j) + c * at(j + 1) + d * at(j + 2);
        }
      }
    }
    for (let row = 0; row < rows; row++) {
      const to = (top + row) * width + left;
      const j = row * wide;
      if (f === 1) {
        for (let i = 0; i < columns; i++) out[to + i] = lines[j + wide + i] ?? 0;
        continue;
      }
      for (let i = 0; i < columns; i++) {
        out[to + i] =
          e * (lines[j + i] ?? 0) +
          f * (lines[j + wide + i] ?? 0) +
          g * (lines[j + 2 * wide + i] ?? 0) +
          h * (lines[j + 3 * wide + i] ?? 0);
      }
    }
  }
}

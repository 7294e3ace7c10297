import type { BrightnessMap } from './brightness.ts';
import { clamp } from './gray.ts';
import { BORDER, PATCH, type Padded } from './motion-picture.ts';

/** Mean difference (0..1) that another vector must gain over standing still. */
const STILL_BONUS = 0.003;
const PIXELS = PATCH * PATCH;

/** Searches patches of one pair of pictures at one size: `begin` at a patch, `try` vectors, read the best. */
export class PatchSearch {
  /** The best vector, its difference, and that less what it has ahead of others. */
  readonly #best = Float64Array.of(0, 0, Infinity, Infinity);
  /** Differences left, right, above and below of the best vector, as long as `#known`. */
  readonly #around = new Float64Array(4);
  #known = false;
  /** The patch, as bright as the other picture: every vector is compared with it. */
  readonly #patch = new Float64Array(PIXELS);
  #px = 0;
  #py = 0;
  readonly #from: Padded;
  readonly #data: Float32Array;
  readonly #stride: number;
  /** Where patches of the other picture may begin at most. */
  readonly #right: number;
  readonly #bottom: number;
  readonly #map: BrightnessMap;

  constructor(from: Padded, to: Padded, map: BrightnessMap) {
    this.#from = from;
    this.#data = to.data;
    this.#stride = to.stride;
    this.#right = to.width + BORDER - PATCH;
    this.#bottom = to.height + BORDER - PATCH;
    this.#map = map;
  }

  get x(): number {
    return this.#best[0] ?? 0;
  }
  get y(): number {
    return this.#best[1] ?? 0;
  }
  get residual(): number {
    return this.#best[2] ?? 0;
  }

  /** The patch whose top left is (px, py); standing still is tried first. */
  begin(px: number, py: number): void {
    this.#px = px;
    this.#py = py;
    const { data, stride } = this.#from;
    leveled(data, (py + BORDER) * stride + px + BORDER, stride, this.#map, this.#patch);
    const [x, y] = [this.#withinX(0), this.#withinY(0)];
    const difference = differenceOf(this.#patch, this.#data, this.#place(x, y), this.#stride, Infinity);
    this.#take(x, y, difference, STILL_BONUS);
  }

  /** Whole pixels. */
  try(dx: number, dy: number, bonus: number): void {
    const [x, y] = [this.#withinX(dx), this.#withinY(dy)];
    const best = this.#best;
    const limit = (best[3] ?? 0) + bonus;
    const difference =
      x === best[0] && y === best[1]
        ? (best[2] ?? 0)
        : differenceOf(this.#patch, this.#data, this.#place(x, y), this.#stride, limit);
    if (difference - bonus < (best[3] ?? 0)) this.#take(x, y, difference, bonus);
  }

  /** The four vectors next to the best one. */
  cross(): void {
    this.#lookAround();
    const [best, around] = [this.#best, this.#around];
    const [x, y] = [best[0] ?? 0, best[1] ?? 0];
    for (let i = 0; i < 4; i++) {
      const difference = around[i] ?? 0;
      if (difference >= (best[3] ?? 0)) continue;
      if (i < 2) this.#take(this.#withinX(i === 0 ? x - 1 : x + 1), y, difference, 0);
      else this.#take(x, this.#withinY(i === 2 ? y - 1 : y + 1), difference, 0);
    }
  }

  /** Moves to the bottom of the parabolas through the differences on both sides. */
  refine(): void {
    if (!this.#known) this.#lookAround();
    const [best, around] = [this.#best, this.#around];
    const [x, y, residual] = [best[0] ?? 0, best[1] ?? 0, best[2] ?? 0];
    const stepX = bottom(around[0] ?? 0, residual, around[1] ?? 0);
    const stepY = bottom(around[2] ?? 0, residual, around[3] ?? 0);
    // Standing still is exact where nothing moves; a fraction there would be noise.
    if (x === 0 && y === 0 && Math.hypot(stepX, stepY) < 0.25) return;
    best[0] = x + stepX;
    best[1] = y + stepY;
  }

  #take(x: number, y: number, difference: number, bonus: number): void {
    const best = this.#best;
    best[0] = x;
    best[1] = y;
    best[2] = difference;
    best[3] = difference - bonus;
    this.#known = false;
  }

  #withinX(x: number): number {
    return clamp(x, -BORDER - this.#px, this.#right - this.#px);
  }
  #withinY(y: number): number {
    return clamp(y, -BORDER - this.#py, this.#bottom - this.#py);
  }

  /** Where the patch (x, y) further begins. */
  #place(x: number, y: number): number {
    return (Math.imul(this.#py + y + BORDER, this.#stride) + (this.#px + x + BORDER)) | 0;
  }

  #lookAround(): void {
    const best = this.#best;
    const [x, y] = [best[0] ?? 0, best[1] ?? 0];
    const left = this.#place(this.#withinX(x - 1), y);
    const right = this.#place(this.#withinX(x + 1), y);
    const above = this.#place(x, this.#withinY(y - 1));
    const below = this.#place(x, this.#withinY(y + 1));
    differencesOf(this.#patch, this.#data, left, right, above, below, this.#stride, this.#around);
    this.#known = true;
  }
}

// The loops that most of the time goes into: functions of numbers and arrays, which every call makes fast for the others.

/** A patch of `data` in the brightness of the other picture. */
function leveled(
  data: Float32Array,
  place: number,
  stride: number,
  { gain, offset }: BrightnessMap,
  out: Float64Array,
): void {
  for (let p = place, k = 0; k < PIXELS; p += stride) {
    for (let i = 0; i < PATCH; i++, k++) out[k] = (data[p + i] ?? 0) * gain + offset;
  }
}

/** Mean difference of the patch and the one at `place`; anything above `limit` when it is not below that. */
function differenceOf(patch: Float64Array, data: Float32Array, place: number, stride: number, limit: number): number {
  const enough = limit * PIXELS;
  let sum = 0;
  for (let p = place, k = 0; k < PIXELS && sum <= enough; p += stride, k += PATCH) {
    for (let i = 0; i < PATCH; i++) sum += Math.abs((patch[k + i] ?? 0) - (data[p + i] ?? 0));
  }
  return sum / PIXELS;
}

/** Four mean differences: the terms of a sum wait for one another, so that four at once take little longer than one. */
function differencesOf(
  patch: Float64Array,
  data: Float32Array,
  place0: number,
  place1: number,
  place2: number,
  place3: number,
  stride: number,
  out: Float64Array,
): void {
  let sum0 = 0;
  let sum1 = 0;
  let sum2 = 0;
  let sum3 = 0;
  for (let row = 0, k = 0; k < PIXELS; row += stride) {
    for (let i = row; i < row + PATCH; i++, k++) {
      const value = patch[k] ?? 0;
      sum0 += Math.abs(value - (data[place0 + i] ?? 0));
      sum1 += Math.abs(value - (data[place1 + i] ?? 0));
      sum2 += Math.abs(value - (data[place2 + i] ?? 0));
      sum3 += Math.abs(value - (data[place3 + i] ?? 0));
    }
  }
  out[0] = sum0 / PIXELS;
  out[1] = sum1 / PIXELS;
  out[2] = sum2 / PIXELS;
  out[3] = sum3 / PIXELS;
}

/** Where a parabola through three heights at -1, 0 and 1 is lowest, within half a step. */
function bottom(before: number, middle: number, after: number): number {
  const bend = before + after - 2 * middle;
  return bend > 1e-6 ? clamp((before - after) / (2 * bend), -0.5, 0.5) : 0;
}

import { relateTones, type BrightnessMap } from './brightness.ts';
import { clamp, reduceArea, type Gray } from './gray.ts';

/**
 * Where each cell of a picture lies in another: cell centers move by (x, y), in pixels of the pictures that motion was
 * searched on. `residual` is the mean absolute difference of luma (0..1) that is left there, brightness leveled.
 */
export interface MotionField {
  /** Cells. */
  readonly width: number;
  readonly height: number;
  /** Size of the pictures that motion was searched on. */
  readonly pictureWidth: number;
  readonly pictureHeight: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly residual: Float32Array;
}

/** Side of the patches that are compared, at every size of the picture. */
const PATCH = 8;
const HALF = PATCH / 2;
/** Pixels repeated around a picture; vectors are kept such that patches stay inside. */
const BORDER = 16;
/** Short side below which pictures are not halved further. */
const SMALLEST = 14;
/** Full search on the smallest picture, in its pixels. */
const REACH = 3;
/** Mean difference (0..1) that another vector must gain over standing still, and over what the larger picture says. */
const STILL_BONUS = 0.003;
const PREDICTED_BONUS = 0.0015;

/** A picture made ready for motion search: halved again and again, with a border. */
export interface MotionPicture {
  readonly width: number;
  readonly height: number;
  /** Full size first. */
  readonly levels: readonly Padded[];
  readonly smallest: Gray;
}

interface Padded {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly data: Float32Array;
}

export function prepareMotion(gray: Gray): MotionPicture {
  const levels = [pad(gray)];
  let level = gray;
  while (Math.min(level.width, level.height) >= 2 * SMALLEST) {
    const [width, height] = [level.width >> 1, level.height >> 1];
    level = reduceArea(level.data, level.width, level.height, width, height);
    levels.push(pad(level));
  }
  return { width: gray.width, height: gray.height, levels, smallest: level };
}

function pad({ width, height, data }: Gray): Padded {
  const stride = width + 2 * BORDER;
  const out = new Float32Array(stride * (height + 2 * BORDER));
  for (let y = -BORDER; y < height + BORDER; y++) {
    const row = clamp(y, 0, height - 1) * width;
    for (let x = -BORDER; x < width + BORDER; x++) {
      out[(y + BORDER) * stride + x + BORDER] = data[row + clamp(x, 0, width - 1)] ?? 0;
    }
  }
  return { width, height, stride, data: out };
}

/** Searches patches of one pair of pictures at one size: `begin` at a patch, `try` vectors, read the best. */
class Search {
  x = 0;
  y = 0;
  residual = Infinity;
  #cost = Infinity;
  #px = 0;
  #py = 0;
  readonly #from: Padded;
  readonly #to: Padded;
  readonly #gain: number;
  readonly #offset: number;

  constructor(from: Padded, to: Padded, { gain, offset }: BrightnessMap) {
    this.#from = from;
    this.#to = to;
    this.#gain = gain;
    this.#offset = offset;
  }

  /** The patch whose top left is (px, py); standing still is tried first. */
  begin(px: number, py: number): void {
    this.#px = px;
    this.#py = py;
    this.#cost = Infinity;
    this.try(0, 0, STILL_BONUS);
  }

  /** Whole pixels. */
  try(dx: number, dy: number, bonus: number): void {
    const x = clamp(dx, -BORDER - this.#px, this.#to.width + BORDER - PATCH - this.#px);
    const y = clamp(dy, -BORDER - this.#py, this.#to.height + BORDER - PATCH - this.#py);
    const difference = this.#difference(x, y, this.#cost + bonus);
    if (difference - bonus >= this.#cost) return;
    this.#cost = difference - bonus;
    this.residual = difference;
    this.x = x;
    this.y = y;
  }

  /** The four vectors next to the best one. */
  cross(): void {
    const { x, y } = this;
    this.try(x - 1, y, 0);
    this.try(x + 1, y, 0);
    this.try(x, y - 1, 0);
    this.try(x, y + 1, 0);
  }

  /** Moves to the bottom of the parabolas through the differences on both sides. */
  refine(): void {
    const { x, y, residual } = this;
    const stepX = bottom(this.#difference(x - 1, y, Infinity), residual, this.#difference(x + 1, y, Infinity));
    const stepY = bottom(this.#difference(x, y - 1, Infinity), residual, this.#difference(x, y + 1, Infinity));
    // Standing still is exact where nothing moves; a fraction there would be noise.
    if (x === 0 && y === 0 && Math.hypot(stepX, stepY) < 0.25) return;
    this.x += stepX;
    this.y += stepY;
  }

  /** Mean difference of the patch and the one (dx, dy) further; anything above `limit` when it is not below that. */
  #difference(dx: number, dy: number, limit: number): number {
    const [from, to] = [this.#from, this.#to];
    const [gain, offset] = [this.#gain, this.#offset];
    const qx = clamp(this.#px + dx, -BORDER, to.width + BORDER - PATCH);
    const qy = clamp(this.#py + dy, -BORDER, to.height + BORDER - PATCH);
    const [a, b] = [from.data, to.data];
    const enough = limit * PATCH * PATCH;
    let p = (this.#py + BORDER) * from.stride + this.#px + BORDER;
    let q = (qy + BORDER) * to.stride + qx + BORDER;
    let sum = 0;
    for (let row = 0; row < PATCH && sum <= enough; row++) {
      for (let i = 0; i < PATCH; i++) sum += Math.abs((a[p + i] ?? 0) * gain + offset - (b[q + i] ?? 0));
      p += from.stride;
      q += to.stride;
    }
    return sum / (PATCH * PATCH);
  }
}

/** Mean change of luma (0..1) from a pixel to the next, around each cell: what a pixel of error in motion costs there. */
export function textureOf(
  { levels, width: pictureWidth, height: pictureHeight }: MotionPicture,
  width: number,
  height: number,
): Float32Array {
  const out = new Float32Array(width * height);
  const level = levels[0];
  if (!level) return out;
  const { data, stride } = level;
  for (let cell = 0; cell < out.length; cell++) {
    const [cx, cy] = [cell % width, Math.floor(cell / width)];
    const px = Math.round(((cx + 0.5) * pictureWidth) / width) - HALF;
    const py = Math.round(((cy + 0.5) * pictureHeight) / height) - HALF;
    let sum = 0;
    for (let row = 0; row < PATCH; row++) {
      const p = (py + row + BORDER) * stride + px + BORDER;
      for (let i = p; i < p + PATCH; i++) {
        const value = data[i] ?? 0;
        sum += Math.abs((data[i + 1] ?? 0) - value) + Math.abs((data[i + stride] ?? 0) - value);
      }
    }
    out[cell] = sum / (2 * PATCH * PATCH);
  }
  return out;
}

/** Where a parabola through three heights at -1, 0 and 1 is lowest, within half a step. */
function bottom(before: number, middle: number, after: number): number {
  const bend = before + after - 2 * middle;
  return bend > 1e-6 ? clamp((before - after) / (2 * bend), -0.5, 0.5) : 0;
}

/**
 * Motion of `from`'s cells (`width` x `height` over the whole picture) toward `to`: block matching from the smallest picture
 * to the largest, then to a part of a pixel. `start` is a forecast (motion over nearer frames joined together) that takes
 * the place of the search on smaller pictures. Depends on nothing but its arguments.
 */
export function estimateMotion(
  from: MotionPicture,
  to: MotionPicture,
  width: number,
  height: number,
  start?: MotionField,
): MotionField {
  const map = relateTones(from.smallest.data, to.smallest.data);
  const count = width * height;
  const residual = new Float32Array(count);
  const field = (x: Float32Array, y: Float32Array): MotionField => ({
    ...{ width, height, pictureWidth: from.width, pictureHeight: from.height },
    ...{ x, y, residual },
  });
  let found = start ?? field(new Float32Array(count), new Float32Array(count));
  const smallest = start ? 0 : from.levels.length - 1;
  for (let level = smallest; level >= 0; level--) {
    const [a, b] = [from.levels[level], to.levels[level]];
    if (!a || !b) break;
    const search = new Search(a, b, map);
    const next = field(new Float32Array(count), new Float32Array(count));
    for (let cell = 0; cell < count; cell++) {
      const cx = cell % width;
      const cy = (cell - cx) / width;
      if (level > 0 && level === smallest && ((cx | cy) & 1) !== 0) {
        // Patches overlap almost wholly there: every other cell tells as much.
        const near = (cy & ~1) * width + (cx & ~1);
        next.x[cell] = next.x[near] ?? 0;
        next.y[cell] = next.y[near] ?? 0;
        continue;
      }
      const px = Math.round(((cx + 0.5) * a.width) / width) - HALF;
      const py = Math.round(((cy + 0.5) * a.height) / height) - HALF;
      search.begin(px, py);
      if (start) tryForecast(search, found, cx, cy, 1, false);
      else if (level < smallest) tryForecast(search, found, cx, cy, 2, true);
      else searchAll(search);
      search.cross();
      if (level === 0) search.refine();
      next.x[cell] = search.x;
      next.y[cell] = search.y;
      residual[cell] = search.residual;
    }
    found = next;
  }
  return found;
}

function searchAll(search: Search): void {
  for (let dy = -REACH; dy <= REACH; dy++) for (let dx = -REACH; dx <= REACH; dx++) search.try(dx, dy, 0);
}

/** What a coarser or earlier field says of this cell, and of its neighbors: where two motions meet, one is theirs. */
function tryForecast(search: Search, field: MotionField, cx: number, cy: number, zoom: number, around: boolean): void {
  const { width, height, x, y } = field;
  const cell = cy * width + cx;
  const at = (other: number, bonus: number): void =>
    search.try(Math.round((x[other] ?? 0) * zoom), Math.round((y[other] ?? 0) * zoom), bonus);
  at(cell, PREDICTED_BONUS);
  if (!around) return;
  if (cx > 0) at(cell - 1, 0);
  if (cx < width - 1) at(cell + 1, 0);
  if (cy > 0) at(cell - width, 0);
  if (cy < height - 1) at(cell + width, 0);
}

/** Value at a place between samples (bilinear, borders repeated); coordinates count from the first sample's middle. */
export function sampleAt(data: Float32Array, width: number, height: number, x: number, y: number): number {
  const [u, v] = [clamp(x, 0, width - 1), clamp(y, 0, height - 1)];
  const [x0, y0] = [Math.floor(u), Math.floor(v)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const [fx, fy] = [u - x0, v - y0];
  const top = (data[y0 * width + x0] ?? 0) * (1 - fx) + (data[y0 * width + x1] ?? 0) * fx;
  const bottom = (data[y1 * width + x0] ?? 0) * (1 - fx) + (data[y1 * width + x1] ?? 0) * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Motion a -> b followed by motion b -> c: a forecast of a -> c. The residual is that of the second step. */
export function joinMotion(first: MotionField, second: MotionField): MotionField {
  const { width, height, pictureWidth, pictureHeight } = first;
  const [cellWidth, cellHeight] = [pictureWidth / width, pictureHeight / height];
  const count = width * height;
  const [x, y, residual] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  for (let cell = 0; cell < count; cell++) {
    const u = (cell % width) + (first.x[cell] ?? 0) / cellWidth;
    const v = Math.floor(cell / width) + (first.y[cell] ?? 0) / cellHeight;
    x[cell] = (first.x[cell] ?? 0) + sampleAt(second.x, width, height, u, v);
    y[cell] = (first.y[cell] ?? 0) + sampleAt(second.y, width, height, u, v);
    residual[cell] = sampleAt(second.residual, width, height, u, v);
  }
  return { width, height, pictureWidth, pictureHeight, x, y, residual };
}

/**
 * Brings a picture back along motion: the result at a place is `picture` where that place has moved to. With motion a -> b
 * and picture b it looks like a, except where something was covered. The picture may be of any size.
 */
export function warp(picture: Gray, motion: MotionField): Gray {
  const { width, height } = picture;
  const data = new Float32Array(width * height);
  const [perCellX, perCellY] = [width / motion.width, height / motion.height];
  const [scaleX, scaleY] = [width / motion.pictureWidth, height / motion.pictureHeight];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [u, v] = [(column + 0.5) / perCellX - 0.5, (row + 0.5) / perCellY - 0.5];
      const dx = sampleAt(motion.x, motion.width, motion.height, u, v) * scaleX;
      const dy = sampleAt(motion.y, motion.width, motion.height, u, v) * scaleY;
      data[row * width + column] = sampleAt(picture.data, width, height, column + dx, row + dy);
    }
  }
  return { width, height, data };
}

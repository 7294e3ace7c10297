import { relateBrightness, type BrightnessMap } from './brightness.ts';
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

/** Compares patches of one pair of pictures at one size. */
class Matcher {
  readonly #from: Padded;
  readonly #to: Padded;
  readonly #map: BrightnessMap;

  constructor(from: Padded, to: Padded, map: BrightnessMap) {
    this.#from = from;
    this.#to = to;
    this.#map = map;
  }

  /** Mean difference of the patch whose top left is (px, py) and the one (dx, dy) further; whole pixels. */
  difference(px: number, py: number, dx: number, dy: number): number {
    const [from, to] = [this.#from, this.#to];
    const { gain, offset } = this.#map;
    const qx = clamp(px + dx, -BORDER, to.width + BORDER - PATCH);
    const qy = clamp(py + dy, -BORDER, to.height + BORDER - PATCH);
    let sum = 0;
    for (let row = 0; row < PATCH; row++) {
      const p = (py + row + BORDER) * from.stride + px + BORDER;
      const q = (qy + row + BORDER) * to.stride + qx + BORDER;
      for (let i = 0; i < PATCH; i++) {
        sum += Math.abs((from.data[p + i] ?? 0) * gain + offset - (to.data[q + i] ?? 0));
      }
    }
    return sum / (PATCH * PATCH);
  }

  clampX = (px: number, dx: number): number => clamp(dx, -BORDER - px, this.#to.width + BORDER - PATCH - px);
  clampY = (py: number, dy: number): number => clamp(dy, -BORDER - py, this.#to.height + BORDER - PATCH - py);
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
  const map = relateBrightness(from.smallest.data, to.smallest.data);
  const count = width * height;
  const first = start ? 0 : Math.min(from.levels.length, to.levels.length) - 1;
  let x = start?.x ?? new Float32Array(count);
  let y = start?.y ?? new Float32Array(count);
  const residual = new Float32Array(count);
  for (let level = first; level >= 0; level--) {
    const [a, b] = [from.levels[level], to.levels[level]];
    if (!a || !b) break;
    const matcher = new Matcher(a, b, map);
    const zoom = level === first ? 1 : 2;
    const next = { x: new Float32Array(count), y: new Float32Array(count) };
    for (let cell = 0; cell < count; cell++) {
      const [cx, cy] = [cell % width, Math.floor(cell / width)];
      const px = Math.round(((cx + 0.5) * a.width) / width) - HALF;
      const py = Math.round(((cy + 0.5) * a.height) / height) - HALF;
      const search = new Search(matcher, px, py);
      search.try(0, 0, STILL_BONUS);
      if (level === first && !start) search.around(0, 0, REACH);
      else forecasts(search, x, y, cx, cy, width, height, zoom);
      search.around(search.x, search.y, 1);
      if (level === 0) search.refine();
      next.x[cell] = search.x;
      next.y[cell] = search.y;
      residual[cell] = search.residual;
    }
    x = next.x;
    y = next.y;
  }
  return { width, height, pictureWidth: from.width, pictureHeight: from.height, x, y, residual };
}

/** Tries what a coarser or earlier field says of this cell and of its four neighbors. */
function forecasts(
  search: Search,
  x: Float32Array,
  y: Float32Array,
  cx: number,
  cy: number,
  width: number,
  height: number,
  zoom: number,
): void {
  const at = (u: number, v: number, bonus: number): void => {
    const cell = clamp(v, 0, height - 1) * width + clamp(u, 0, width - 1);
    search.try(Math.round((x[cell] ?? 0) * zoom), Math.round((y[cell] ?? 0) * zoom), bonus);
  };
  at(cx, cy, PREDICTED_BONUS);
  at(cx - 1, cy, 0);
  at(cx + 1, cy, 0);
  at(cx, cy - 1, 0);
  at(cx, cy + 1, 0);
}

/** The best vector so far for one patch. */
class Search {
  x = 0;
  y = 0;
  residual = Infinity;
  #cost = Infinity;
  readonly #matcher: Matcher;
  readonly #px: number;
  readonly #py: number;

  constructor(matcher: Matcher, px: number, py: number) {
    this.#matcher = matcher;
    this.#px = px;
    this.#py = py;
  }

  try(dx: number, dy: number, bonus: number): void {
    const [x, y] = [this.#matcher.clampX(this.#px, dx), this.#matcher.clampY(this.#py, dy)];
    const difference = this.#matcher.difference(this.#px, this.#py, x, y);
    if (difference - bonus >= this.#cost) return;
    this.#cost = difference - bonus;
    this.residual = difference;
    this.x = x;
    this.y = y;
  }

  around(middleX: number, middleY: number, reach: number): void {
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        if (dx !== 0 || dy !== 0) this.try(middleX + dx, middleY + dy, 0);
      }
    }
  }

  /** Moves to the bottom of the parabola through the differences on both sides. */
  refine(): void {
    const at = (dx: number, dy: number): number =>
      this.#matcher.difference(this.#px, this.#py, this.x + dx, this.y + dy);
    const bottom = (before: number, after: number): number => {
      const bend = before + after - 2 * this.residual;
      return bend > 1e-6 ? clamp((before - after) / (2 * bend), -0.5, 0.5) : 0;
    };
    const stepX = bottom(at(-1, 0), at(1, 0));
    const stepY = bottom(at(0, -1), at(0, 1));
    // Standing still is exact where nothing moves; a fraction there would be noise.
    if (this.x === 0 && this.y === 0 && Math.hypot(stepX, stepY) < 0.25) return;
    this.x += stepX;
    this.y += stepY;
  }
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

import { relateTones } from './brightness.ts';
import { clamp, type Gray } from './gray.ts';
import { PATCH, type MotionPicture } from './motion-picture.ts';
import { PatchSearch } from './patch-search.ts';

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

/** What is thought of motion before it is searched. */
export type Forecast = Pick<MotionField, 'width' | 'height' | 'x' | 'y'>;

/** Full search on the smallest picture, in its pixels. */
const REACH = 3;
/** Mean difference (0..1) that another vector must gain over what the larger picture says. */
const PREDICTED_BONUS = 0.0015;

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
  start?: Forecast,
): MotionField {
  const map = relateTones(from, to);
  const count = width * height;
  const residual = new Float32Array(count);
  const field = (x: Float32Array, y: Float32Array): MotionField => ({
    ...{ width, height, pictureWidth: from.width, pictureHeight: from.height },
    ...{ x, y, residual },
  });
  let found = field(new Float32Array(count), new Float32Array(count));
  const smallest = start ? 0 : from.levels.length - 1;
  for (let level = smallest; level >= 0; level--) {
    const [a, b] = [from.levels[level], to.levels[level]];
    if (!a || !b) break;
    const search = new PatchSearch(a, b, map);
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
      const px = Math.round(((cx + 0.5) * a.width) / width) - PATCH / 2;
      const py = Math.round(((cy + 0.5) * a.height) / height) - PATCH / 2;
      search.begin(px, py);
      if (start) tryForecast(search, start, cx, cy, 1, false);
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

function searchAll(search: PatchSearch): void {
  for (let dy = -REACH; dy <= REACH; dy++) for (let dx = -REACH; dx <= REACH; dx++) search.try(dx, dy, 0);
}

/** What a coarser or earlier field says of this cell, and of its neighbors: where two motions meet, one is theirs. */
function tryForecast(
  search: PatchSearch,
  field: Forecast,
  cx: number,
  cy: number,
  zoom: number,
  around: boolean,
): void {
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

/** Reads arrays of one size between their samples (bilinear, borders repeated): goes to a place, then reads there. */
export class Sampler {
  readonly #width: number;
  readonly #height: number;
  /** Of the four samples around the place, and how far it is from the first. */
  #topLeft = 0;
  #topRight = 0;
  #bottomLeft = 0;
  #bottomRight = 0;
  #fx = 0;
  #fy = 0;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
  }

  /** Coordinates count from the first sample's middle. */
  go(x: number, y: number): void {
    const [width, height] = [this.#width, this.#height];
    const u = clamp(x, 0, width - 1);
    const v = clamp(y, 0, height - 1);
    const x0 = Math.floor(u);
    const y0 = Math.floor(v);
    const x1 = Math.min(x0 + 1, width - 1);
    const y1 = Math.min(y0 + 1, height - 1);
    this.#fx = u - x0;
    this.#fy = v - y0;
    this.#topLeft = y0 * width + x0;
    this.#topRight = y0 * width + x1;
    this.#bottomLeft = y1 * width + x0;
    this.#bottomRight = y1 * width + x1;
  }

  read(data: Float32Array): number {
    const [fx, fy] = [this.#fx, this.#fy];
    const top = (data[this.#topLeft] ?? 0) * (1 - fx) + (data[this.#topRight] ?? 0) * fx;
    const bottom = (data[this.#bottomLeft] ?? 0) * (1 - fx) + (data[this.#bottomRight] ?? 0) * fx;
    return top * (1 - fy) + bottom * fy;
  }
}

/** One value as `Sampler` reads it. */
export function sampleAt(data: Float32Array, width: number, height: number, x: number, y: number): number {
  const sampler = new Sampler(width, height);
  sampler.go(x, y);
  return sampler.read(data);
}

/** Motion a -> b followed by motion b -> c: a forecast of a -> c. */
export function joinMotion(first: MotionField, second: MotionField): Forecast {
  const { width, height, pictureWidth, pictureHeight } = first;
  const [cellWidth, cellHeight] = [pictureWidth / width, pictureHeight / height];
  const count = width * height;
  const [x, y] = [new Float32Array(count), new Float32Array(count)];
  const sampler = new Sampler(width, height);
  for (let cell = 0; cell < count; cell++) {
    const [dx, dy] = [first.x[cell] ?? 0, first.y[cell] ?? 0];
    sampler.go((cell % width) + dx / cellWidth, Math.floor(cell / width) + dy / cellHeight);
    x[cell] = dx + sampler.read(second.x);
    y[cell] = dy + sampler.read(second.y);
  }
  return { width, height, x, y };
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

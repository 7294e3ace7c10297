import { z } from 'zod';
import type { ChromaGrid, Frame } from '../core/frame.ts';
import type { Rect } from '../core/media.ts';
import type { Stage } from '../core/stage.ts';
import { areaOption, guidePicture, isInside } from './chroma-guide.ts';
import { clamp, median } from './gray.ts';
import { estimateMotion, joinMotion, sampleAt, type MotionField } from './motion.ts';
import { textureOf, type MotionPicture } from './motion-picture.ts';
import { overWindow, type WindowWork } from './window.ts';

export const chromaSmoothOptions = z.strictObject({
  radius: z.number().int().min(0).max(12).default(12).describe('Neighbors on each side whose color counts'),
  area: areaOption,
});
export type ChromaSmoothOptions = z.infer<typeof chromaSmoothOptions>;

/** Luma differences along motion, as multiples of what the pair of frames has on average, and limits of that (0..1). */
const RESIDUAL_REACH = 2.2;
const RESIDUAL_FLOOR = 0.03;
const RESIDUAL_CEILING = 0.06;
/** Pixels of error in motion that are forgiven. */
const MOTION_ERROR = 0.5;
/** Pixels of the guide that there and back may miss each other by. */
const ROUND_TRIP = 1.5;
/** Color differences (of -0.5..0.5) from what most neighbors say that always count as agreement. */
const CHROMA_AGREEMENT = 0.03;
/**
 * How many frames away neighbors are that count: all near ones, few far ones, which say nearly the same. Each but the first
 * is the sum of two others, so that motion is joined of what was found already.
 */
const DISTANCES: readonly number[] = [1, 2, 3, 4, 6, 8, 12];
/** What a cell counts whose color is only a guess. */
const GUESS_WEIGHT = 0.15;

/** What is kept of a frame: its color, its small luma, and its motion toward neighbors, searched once a pair. */
interface Item {
  readonly index: number;
  readonly grid: ChromaGrid;
  readonly picture: MotionPicture;
  readonly texture: Float32Array;
  readonly motion: Map<number, MotionField>;
}

/**
 * Steadies the color of `Frame.chromaGrid` in time: each cell becomes the robust mean of what lies along its motion in
 * the frames around it. A neighbor counts where luma agrees, where motion there and back meets (nothing was covered), by
 * its own confidence and its nearness; so color does not trail behind what moves. Planes are untouched.
 */
export function chromaSmooth({ radius, area }: ChromaSmoothOptions): Stage {
  return {
    kind: 'chroma-smooth',
    temporalRadius: radius,
    outputFormat: (input) => input,
    run: (frames, context) => (radius === 0 ? frames : overWindow(frames, radius, work(radius, area), context)),
  };
}

const work = (radius: number, area: Rect | undefined): WindowWork<Item> => ({
  prepare: (frame) => prepare(frame, area),
  fits: (before, after) => before.grid.width === after.grid.width && before.grid.height === after.grid.height,
  finish: (frame, items, middle) => {
    const chromaGrid = smooth(items, middle, radius);
    if (!chromaGrid) return frame;
    const { index, pts, duration, format, planes } = frame;
    return { index, pts, duration, format, planes, chromaGrid, dispose: () => frame.dispose() };
  },
});

function prepare(frame: Frame, area: Rect | undefined): Item | undefined {
  const grid = frame.chromaGrid;
  if (!grid) return undefined;
  const picture = guidePicture(frame, grid, area);
  const texture = textureOf(picture, grid.width, grid.height);
  return { index: frame.index, grid, picture, texture, motion: new Map() };
}

/** How many frames, left out ones included, one at this distance speaks for. */
function standsFor(distance: number): number {
  const place = DISTANCES.indexOf(distance);
  const [before, after] = [DISTANCES[place - 1] ?? 0, DISTANCES[place + 1] ?? distance + 1];
  return (after - before) / 2;
}

/** Of a way over so many frames the longest part but itself that is looked at anyway, with what remains. */
const firstPart = (distance: number): number =>
  DISTANCES.findLast((part) => part < distance && DISTANCES.includes(distance - part)) ?? distance;

/** Motion from `items[i]` to `items[j]`: searched between neighbors, joined of two parts and corrected over more frames. */
function motionBetween(items: readonly Item[], i: number, j: number): MotionField | undefined {
  const [from, to] = [items[i], items[j]];
  if (!from || !to) return undefined;
  const known = from.motion.get(to.index);
  if (known) return known;
  const { width, height } = from.grid;
  const between = i + Math.sign(j - i) * firstPart(Math.abs(j - i));
  const [first, second] =
    between === j ? [undefined, undefined] : [motionBetween(items, i, between), motionBetween(items, between, j)];
  const start = first && second ? joinMotion(first, second) : undefined;
  const found = estimateMotion(from.picture, to.picture, width, height, start);
  from.motion.set(to.index, found);
  return found;
}

/** What one neighbor says about each cell of the frame in the middle. */
interface Vote {
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  readonly confidence: Float32Array;
  readonly weight: Float32Array;
}

function vote(items: readonly Item[], middle: number, other: number, radius: number): Vote | undefined {
  const [there, back] = [motionBetween(items, middle, other), motionBetween(items, other, middle)];
  const grid = items[other]?.grid;
  const texture = items[middle]?.texture;
  if (!grid || !texture || !there || !back) return undefined;
  const { width, height } = grid;
  const count = width * height;
  const [cellWidth, cellHeight] = [there.pictureWidth / width, there.pictureHeight / height];
  const [cb, cr] = [new Float32Array(count), new Float32Array(count)];
  const [confidence, weight] = [new Float32Array(count), new Float32Array(count)];
  const reach = clamp(RESIDUAL_REACH * median(there.residual), RESIDUAL_FLOOR, RESIDUAL_CEILING);
  const distance = Math.abs(other - middle);
  const nearness = standsFor(distance) * Math.exp(-0.5 * (distance / (0.7 * radius)) ** 2);
  for (let cell = 0; cell < count; cell++) {
    const [dx, dy] = [there.x[cell] ?? 0, there.y[cell] ?? 0];
    const u = (cell % width) + dx / cellWidth;
    const v = Math.floor(cell / width) + dy / cellHeight;
    cb[cell] = sampleAt(grid.cb, width, height, u, v);
    cr[cell] = sampleAt(grid.cr, width, height, u, v);
    confidence[cell] = sampleAt(grid.confidence, width, height, u, v);
    const missX = dx + sampleAt(back.x, width, height, u, v);
    const missY = dy + sampleAt(back.y, width, height, u, v);
    const roundTrip = 1 / (1 + ((missX * missX + missY * missY) / ROUND_TRIP ** 2) ** 2);
    const agreement = Math.exp(-(((there.residual[cell] ?? 0) / (reach + MOTION_ERROR * (texture[cell] ?? 0))) ** 2));
    const inside = isInside(grid, u, v) ? 1 : 0;
    weight[cell] = nearness * roundTrip * agreement * inside * (GUESS_WEIGHT + (confidence[cell] ?? 0));
  }
  return { cb, cr, confidence, weight };
}

/** The steadied color of the frame in the middle; undefined when it has no neighbor. */
function smooth(items: readonly Item[], middle: number, radius: number): ChromaGrid | undefined {
  const own = items[middle]?.grid;
  if (!own || items.length === 1) return undefined;
  const count = own.width * own.height;
  const votes: Vote[] = [{ ...own, weight: own.confidence.map((value) => GUESS_WEIGHT + value) }];
  for (let other = 0; other < items.length; other++) {
    const counts = DISTANCES.includes(Math.abs(other - middle));
    const neighbor = counts ? vote(items, middle, other, radius) : undefined;
    if (neighbor) votes.push(neighbor);
  }
  const [cb, cr, confidence] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  const mean = new RobustMean(votes.length);
  for (let cell = 0; cell < count; cell++) {
    for (const [i, { cb, cr, confidence, weight }] of votes.entries()) {
      mean.set(i, cb[cell] ?? 0, cr[cell] ?? 0, confidence[cell] ?? 0, weight[cell] ?? 0);
    }
    mean.solve();
    cb[cell] = mean.cb;
    cr[cell] = mean.cr;
    confidence[cell] = mean.confidence;
  }
  return { ...own, cb, cr, confidence };
}

/** Weighted mean of colors in which single frames that say something else have little weight. */
class RobustMean {
  cb = 0;
  cr = 0;
  confidence = 0;
  readonly #cb: Float64Array;
  readonly #cr: Float64Array;
  readonly #confidence: Float64Array;
  readonly #weight: Float64Array;
  readonly #order: number[];

  constructor(count: number) {
    this.#cb = new Float64Array(count);
    this.#cr = new Float64Array(count);
    this.#confidence = new Float64Array(count);
    this.#weight = new Float64Array(count);
    this.#order = Array.from({ length: count }, (_, i) => i);
  }

  set(i: number, cb: number, cr: number, confidence: number, weight: number): void {
    this.#cb[i] = cb;
    this.#cr[i] = cr;
    this.#confidence[i] = confidence;
    this.#weight[i] = weight;
  }

  /** From the weighted medians, two rounds of reweighting by distance (Cauchy). */
  solve(): void {
    this.cb = this.#median(this.#cb);
    this.cr = this.#median(this.#cr);
    for (let round = 0; round < 2; round++) this.#reweigh();
  }

  #reweigh(): void {
    let [sum, cb, cr, confidence] = [0, 0, 0, 0];
    for (let i = 0; i < this.#weight.length; i++) {
      const [x, y] = [this.#cb[i] ?? 0, this.#cr[i] ?? 0];
      const distance = ((x - this.cb) ** 2 + (y - this.cr) ** 2) / CHROMA_AGREEMENT ** 2;
      const weight = (this.#weight[i] ?? 0) / (1 + distance / 4);
      sum += weight;
      cb += weight * x;
      cr += weight * y;
      confidence += weight * (this.#confidence[i] ?? 0);
    }
    this.cb = cb / sum;
    this.cr = cr / sum;
    this.confidence = confidence / sum;
  }

  #median(values: Float64Array): number {
    // Ties keep their place, so that the order, and with it the sum, is always the same.
    this.#order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
    let half = 0;
    for (const weight of this.#weight) half += weight;
    half /= 2;
    for (const i of this.#order) {
      half -= this.#weight[i] ?? 0;
      if (half <= 0) return values[i] ?? 0;
    }
    return 0;
  }
}

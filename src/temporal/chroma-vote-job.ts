import type { ChromaGrid } from '../core/frame.ts';
import { isInside } from './chroma-guide.ts';
import { DISTANCES, motionIn, type SeenColor } from './chroma-motion-job.ts';
import { clamp, median } from './gray.ts';
import { Sampler } from './motion.ts';
import { motionPicture, textureOf } from './motion-picture.ts';
import { RobustMean } from './robust-mean.ts';

/** Steadies the color of one frame by what lies along its motion in the frames around it. */
export interface ChromaVoteJob {
  readonly job: 'chroma-vote';
  readonly own: SeenColor;
  readonly neighbors: readonly ColorNeighbor[];
  /** Neighbors on each side at most. */
  readonly radius: number;
}

export interface ColorNeighbor {
  /** In frames; below 0: before it. */
  readonly distance: number;
  /** As in `SeenColor`. */
  readonly colors: Float32Array;
  /** A block of the later one's `SeenColor.motion`. */
  readonly motion: Float32Array;
}

export type SteadyColor = Pick<ChromaGrid, 'cb' | 'cr' | 'confidence'>;

/** Luma differences along motion, as multiples of what the pair of frames has on average, and limits of that (0..1). */
const RESIDUAL_REACH = 2.2;
const RESIDUAL_FLOOR = 0.03;
const RESIDUAL_CEILING = 0.06;
/** Pixels of error in motion that are forgiven. */
const MOTION_ERROR = 0.5;
/** Pixels of the guide that there and back may miss each other by. */
const ROUND_TRIP = 1.5;
/** What a cell counts whose color is only a guess. */
const GUESS_WEIGHT = 0.15;

/** How many frames, left out ones included, one at this distance speaks for. */
function standsFor(distance: number): number {
  const place = DISTANCES.indexOf(distance);
  const [before, after] = [DISTANCES[place - 1] ?? 0, DISTANCES[place + 1] ?? distance + 1];
  return (after - before) / 2;
}

const apart = (colors: Float32Array): readonly [Float32Array, Float32Array, Float32Array] => {
  const count = colors.length / 3;
  return [colors.subarray(0, count), colors.subarray(count, 2 * count), colors.subarray(2 * count)];
};

/** What one frame says about each cell. */
interface Vote extends SteadyColor {
  readonly weight: Float32Array;
}

function voteOf(own: SeenColor, texture: Float32Array, neighbor: ColorNeighbor, radius: number): Vote {
  const { width, height, pictureWidth, pictureHeight } = own;
  const count = width * height;
  const isEarlier = neighbor.distance < 0;
  const there = motionIn(own, neighbor.motion, isEarlier ? 'to-earlier' : 'to-later');
  const back = motionIn(own, neighbor.motion, isEarlier ? 'to-later' : 'to-earlier');
  const [blues, reds, certainty] = apart(neighbor.colors);
  const [cellWidth, cellHeight] = [pictureWidth / width, pictureHeight / height];
  const [cb, cr] = [new Float32Array(count), new Float32Array(count)];
  const [confidence, weight] = [new Float32Array(count), new Float32Array(count)];
  const reach = clamp(RESIDUAL_REACH * median(there.residual), RESIDUAL_FLOOR, RESIDUAL_CEILING);
  const distance = Math.abs(neighbor.distance);
  const nearness = standsFor(distance) * Math.exp(-0.5 * (distance / (0.7 * radius)) ** 2);
  const sampler = new Sampler(width, height);
  for (let cell = 0; cell < count; cell++) {
    const [dx, dy] = [there.x[cell] ?? 0, there.y[cell] ?? 0];
    const u = (cell % width) + dx / cellWidth;
    const v = Math.floor(cell / width) + dy / cellHeight;
    sampler.go(u, v);
    cb[cell] = sampler.read(blues);
    cr[cell] = sampler.read(reds);
    confidence[cell] = sampler.read(certainty);
    const missX = dx + sampler.read(back.x);
    const missY = dy + sampler.read(back.y);
    const roundTrip = 1 / (1 + ((missX * missX + missY * missY) / ROUND_TRIP ** 2) ** 2);
    const agreement = Math.exp(-(((there.residual[cell] ?? 0) / (reach + MOTION_ERROR * (texture[cell] ?? 0))) ** 2));
    const inside = isInside(own, u, v) ? 1 : 0;
    weight[cell] = nearness * roundTrip * agreement * inside * (GUESS_WEIGHT + (confidence[cell] ?? 0));
  }
  return { cb, cr, confidence, weight };
}

/** The steadied color. */
export function steadied({ own, neighbors, radius }: ChromaVoteJob): SteadyColor {
  const { width, height } = own;
  const texture = textureOf(motionPicture(own.pictureWidth, own.pictureHeight, own.picture), width, height);
  const [blues, reds, certainty] = apart(own.colors);
  const votes: readonly Vote[] = [
    { cb: blues, cr: reds, confidence: certainty, weight: certainty.map((value) => GUESS_WEIGHT + value) },
    ...neighbors.map((neighbor) => voteOf(own, texture, neighbor, radius)),
  ];
  const count = width * height;
  const [cb, cr, confidence] = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  const mean = new RobustMean(votes.length);
  for (let cell = 0; cell < count; cell++) {
    for (let i = 0; i < votes.length; i++) {
      const vote = votes[i];
      if (vote) mean.set(i, vote.cb[cell] ?? 0, vote.cr[cell] ?? 0, vote.confidence[cell] ?? 0, vote.weight[cell] ?? 0);
    }
    mean.solve();
    cb[cell] = mean.cb;
    cr[cell] = mean.cr;
    confidence[cell] = mean.confidence;
  }
  return { cb, cr, confidence };
}

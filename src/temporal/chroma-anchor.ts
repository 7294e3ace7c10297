import { z } from 'zod';
import type { ChromaGrid, Frame, FrameStream } from '../core/frame.ts';
import type { Rect } from '../core/media.ts';
import { shotAt } from '../core/range.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import { areaOption, guidePicture, isInside } from './chroma-guide.ts';
import { clamp } from './gray.ts';
import { estimateMotion, sampleAt } from './motion.ts';
import type { MotionPicture } from './motion-picture.ts';

export const chromaAnchorOptions = z.strictObject({
  memory: z.number().int().min(0).max(240).default(24).describe('Frames before it that hold the color of a frame'),
  area: areaOption,
});
export type ChromaAnchorOptions = z.infer<typeof chromaAnchorOptions>;

/** Luma difference (0..1) along motion at which a cell hardly counts as found again. */
const SAME_LUMA = 0.04;
/** Mean weight of the cells under which too little was found again to say anything about color. */
const ENOUGH = 0.05;
/** Variance of chroma at which a change of gain is half believed: a gray picture has none. */
const GAIN_DOUBT = 1e-4;
/** Limits of the change of gain from one frame to the next, and of what is corrected in all. */
const STEP_GAIN = 1.25;
const TOTAL_GAIN = 2;

/** How the color of the same things changed: `after = gain * before + (cb, cr)`. */
interface ColorStep {
  readonly gain: number;
  readonly cb: number;
  readonly cr: number;
}
const SAME: ColorStep = { gain: 1, cb: 0, cr: 0 };

interface Seen {
  readonly index: number;
  readonly grid: ChromaGrid;
  readonly picture: MotionPicture;
}

/**
 * Keeps the color of `Frame.chromaGrid` from drifting inside a shot. A colorizer that judges each frame alone gives the
 * same meadow a little more green from second to second. Followed along motion, the same things tell by how much color as
 * a whole changed, as a gain and an offset; each frame is brought back to the mean of the `memory` frames before it.
 * What comes into the picture has no say, so a pan keeps its colors. Holds no frames; planes are untouched.
 */
export function chromaAnchor({ memory, area }: ChromaAnchorOptions): Stage {
  return {
    kind: 'chroma-anchor',
    temporalRadius: 0,
    lookBack: memory,
    outputFormat: (input) => input,
    run: (frames, context) => (memory === 0 ? frames : anchored(frames, memory, area, context)),
  };
}

async function* anchored(
  frames: FrameStream,
  memory: number,
  area: Rect | undefined,
  { shots, signal }: StageContext,
): FrameStream {
  let previous: Seen | undefined;
  /** From each frame of the memory to the next, the newest last. */
  let steps: ColorStep[] = [];
  for await (const frame of frames) {
    signal.throwIfAborted();
    const grid = frame.chromaGrid;
    if (!grid) {
      previous = undefined;
      yield frame;
      continue;
    }
    const seen = { index: frame.index, grid, picture: guidePicture(frame, grid, area) };
    const follows =
      previous?.index === frame.index - 1 &&
      shotAt(shots, frame.index).range.start !== frame.index &&
      previous.grid.width === grid.width &&
      previous.grid.height === grid.height;
    const step = follows && previous ? colorStep(previous, seen) : undefined;
    // A frame in which nothing was found again begins anew, as a shot does.
    steps = step ? [...steps, step].slice(-memory) : [];
    previous = seen;
    yield corrected(frame, grid, steps);
  }
}

/** Weighted least squares over all cells of `to` that were found again in `from`; undefined when too few were. */
function colorStep(from: Seen, to: Seen): ColorStep | undefined {
  const { width, height, cb, cr } = to.grid;
  const motion = estimateMotion(to.picture, from.picture, width, height);
  const [cellWidth, cellHeight] = [motion.pictureWidth / width, motion.pictureHeight / height];
  const [weights, beforeB, beforeR] = [
    new Float64Array(cb.length),
    new Float64Array(cb.length),
    new Float64Array(cb.length),
  ];
  let [sum, meanB, meanR, nowB, nowR] = [0, 0, 0, 0, 0];
  for (let cell = 0; cell < cb.length; cell++) {
    const u = (cell % width) + (motion.x[cell] ?? 0) / cellWidth;
    const v = Math.floor(cell / width) + (motion.y[cell] ?? 0) / cellHeight;
    if (!isInside(to.grid, u, v)) continue;
    const weight = Math.exp(-(((motion.residual[cell] ?? 0) / SAME_LUMA) ** 2));
    const [b, r] = [sampleAt(from.grid.cb, width, height, u, v), sampleAt(from.grid.cr, width, height, u, v)];
    [weights[cell], beforeB[cell], beforeR[cell]] = [weight, b, r];
    sum += weight;
    meanB += weight * b;
    meanR += weight * r;
    nowB += weight * (cb[cell] ?? 0);
    nowR += weight * (cr[cell] ?? 0);
  }
  if (sum < ENOUGH * cb.length) return undefined;
  [meanB, meanR, nowB, nowR] = [meanB / sum, meanR / sum, nowB / sum, nowR / sum];
  let [together, alone] = [0, 0];
  for (let cell = 0; cell < cb.length; cell++) {
    const weight = weights[cell] ?? 0;
    const [b, r] = [(beforeB[cell] ?? 0) - meanB, (beforeR[cell] ?? 0) - meanR];
    together += weight * (b * ((cb[cell] ?? 0) - nowB) + r * ((cr[cell] ?? 0) - nowR));
    alone += weight * (b * b + r * r);
  }
  const gain = clamp((together / sum + GAIN_DOUBT) / (alone / sum + GAIN_DOUBT), 1 / STEP_GAIN, STEP_GAIN);
  return { gain, cb: nowB - gain * meanB, cr: nowR - gain * meanR };
}

/** How the color of now differs from the mean of the frames that `steps` lead from, and of now itself. */
function drift(steps: readonly ColorStep[]): ColorStep {
  let now = SAME;
  let [gain, cb, cr] = [0, 0, 0];
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i] ?? SAME;
    now = { gain: now.gain * step.gain, cb: now.cb + now.gain * step.cb, cr: now.cr + now.gain * step.cr };
    gain += Math.log(now.gain);
    cb += now.cb;
    cr += now.cr;
  }
  const count = steps.length + 1;
  return { gain: clamp(Math.exp(gain / count), 1 / TOTAL_GAIN, TOTAL_GAIN), cb: cb / count, cr: cr / count };
}

function corrected(frame: Frame, grid: ChromaGrid, steps: readonly ColorStep[]): Frame {
  if (steps.length === 0) return frame;
  const { gain, cb, cr } = drift(steps);
  const back = (values: Float32Array, offset: number): Float32Array =>
    values.map((value) => clamp((value - offset) / gain, -0.5, 0.5));
  const chromaGrid = { ...grid, cb: back(grid.cb, cb), cr: back(grid.cr, cr) };
  const { index, pts, duration, format, planes } = frame;
  return { index, pts, duration, format, planes, chromaGrid, dispose: () => frame.dispose() };
}

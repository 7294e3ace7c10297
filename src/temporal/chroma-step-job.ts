import { isInside } from './chroma-guide.ts';
import type { SeenColor } from './chroma-motion-job.ts';
import { clamp } from './gray.ts';
import { estimateMotion, sampleAt } from './motion.ts';
import { motionPicture } from './motion-picture.ts';

/** How the color of the same things changed: `after = gain * before + (cb, cr)`. */
export interface ColorStep {
  readonly gain: number;
  readonly cb: number;
  readonly cr: number;
}

/** Finds out how color as a whole changed from one frame to another, by what is found again along motion. */
export interface ChromaStepJob {
  readonly job: 'chroma-step';
  readonly from: SeenColor;
  /** As many cells as `from`, and a picture as large. */
  readonly to: SeenColor;
}

/** Luma difference (0..1) along motion at which a cell hardly counts as found again. */
const SAME_LUMA = 0.04;
/** Mean weight of the cells under which too little was found again to say anything about color. */
const ENOUGH = 0.05;
/** Variance of chroma at which a change of gain is half believed: a gray picture has none. */
const GAIN_DOUBT = 1e-4;
/** Limit of the change of gain from one frame to the next. */
const STEP_GAIN = 1.25;

const pictureOf = ({ pictureWidth, pictureHeight, picture }: SeenColor): ReturnType<typeof motionPicture> =>
  motionPicture(pictureWidth, pictureHeight, picture);

/** Cb and Cr of all cells. */
const colorsOf = ({ width, height, colors }: SeenColor): readonly [Float32Array, Float32Array] => {
  const count = width * height;
  return [colors.subarray(0, count), colors.subarray(count, 2 * count)];
};

/** Weighted least squares over all cells of `to` that were found again in `from`; undefined when too few were. */
export function colorStep({ from, to }: ChromaStepJob): ColorStep | undefined {
  const { width, height } = to;
  const [[blues, reds], [cb, cr]] = [colorsOf(from), colorsOf(to)];
  const motion = estimateMotion(pictureOf(to), pictureOf(from), width, height);
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
    if (!isInside(to, u, v)) continue;
    const weight = Math.exp(-(((motion.residual[cell] ?? 0) / SAME_LUMA) ** 2));
    const [b, r] = [sampleAt(blues, width, height, u, v), sampleAt(reds, width, height, u, v)];
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

import type { MotionPicture } from './motion-picture.ts';
import { clamp, median } from './gray.ts';

/** How brightness of one picture becomes that of another: `gain * value + offset`, values in 0..1. */
export interface BrightnessMap {
  readonly gain: number;
  readonly offset: number;
}

export const SAME_BRIGHTNESS: BrightnessMap = { gain: 1, offset: 0 };

/** Differences below this (0..1) always count as agreement. */
const AGREEMENT = 0.002;
const ROUNDS = 6;
/** Pulls the gain of pictures without contrast toward 1. */
const PRIOR = 1e-4;

/**
 * The map that carries most of `a` to `b` (values of the same places in two pictures, 0..1). Places where something moved
 * are outliers and have no say as long as they are fewer than half: reduced major axis, reweighted by Tukey's biweight.
 */
export function relateBrightness(a: Float32Array, b: Float32Array): BrightnessMap {
  const count = a.length;
  if (count === 0) return SAME_BRIGHTNESS;
  const residuals = new Float64Array(count);
  let gain = 1;
  let offset = median(a.map((value, i) => (b[i] ?? 0) - value));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < count; i++) residuals[i] = Math.abs((b[i] ?? 0) - gain * (a[i] ?? 0) - offset);
    const reach = 4.685 * (1.4826 * median(residuals) + AGREEMENT);
    let [sw, sx, sy, sxx, syy] = [0, 0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const t = (residuals[i] ?? 0) / reach;
      if (t >= 1) continue;
      const weight = (1 - t * t) ** 2;
      const x = a[i] ?? 0;
      const y = b[i] ?? 0;
      sw += weight;
      sx += weight * x;
      sy += weight * y;
      sxx += weight * x * x;
      syy += weight * y * y;
    }
    if (sw === 0) return SAME_BRIGHTNESS;
    const spreadX = Math.max(0, sxx - (sx * sx) / sw);
    const spreadY = Math.max(0, syy - (sy * sy) / sw);
    // The ratio of spreads, not the slope of a regression: that is too flat as soon as the camera moves.
    gain = clamp(Math.sqrt((spreadY + PRIOR * count) / (spreadX + PRIOR * count)), 0.5, 2);
    offset = clamp((sy - gain * sx) / sw, -0.3, 0.3);
  }
  return { gain, offset };
}

/** As `relateBrightness`, by the tones that the pictures have and not by where: for pictures that moved as a whole. */
export const relateTones = (a: MotionPicture, b: MotionPicture): BrightnessMap => relateBrightness(a.tones, b.tones);

/** `second` after `first`. */
export const composeBrightness = (first: BrightnessMap, second: BrightnessMap): BrightnessMap => ({
  gain: first.gain * second.gain,
  offset: first.offset * second.gain + second.offset,
});

export const invertBrightness = ({ gain, offset }: BrightnessMap): BrightnessMap => ({
  gain: 1 / gain,
  offset: -offset / gain,
});

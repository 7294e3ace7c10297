import { normal, random } from './random.ts';

/** Waves over the color plane, their length in chroma units, and how far they move the logits (standard deviation). */
const WAVES = 6;
const WAVE_LENGTH = 0.35;
const STRENGTH = 1;
/** Knots of the fields over the picture, along its sides. */
const KNOTS = 3;
/** How much of it is the same all over the picture, as a share of amplitude: more variety within looks like a rainbow. */
const COMMON = 0.9;

/** A smooth random function over the unit square, of unit variance at its knots. */
function field(next: () => number): (x: number, y: number) => number {
  const knots = Float32Array.from({ length: KNOTS * KNOTS }, () => normal(next));
  const at = (i: number, j: number): number => knots[j * KNOTS + i] ?? 0;
  return (x, y) => {
    const [u, v] = [x * (KNOTS - 1), y * (KNOTS - 1)];
    const [i, j] = [Math.min(Math.floor(u), KNOTS - 2), Math.min(Math.floor(v), KNOTS - 2)];
    const ease = (t: number): number => t * t * (3 - 2 * t);
    const [s, t] = [ease(u - i), ease(v - j)];
    return (at(i, j) * (1 - s) + at(i + 1, j) * s) * (1 - t) + (at(i, j + 1) * (1 - s) + at(i + 1, j + 1) * s) * t;
  };
}

/**
 * What a seed adds to the logits, `bins.length * width * height` values: neighbors in the picture and colors that are
 * alike move together, so that other plausible colors come out whole instead of speckled. It does not depend on time, so
 * it does not flicker.
 */
export function colorNoise(
  seed: number,
  bins: readonly (readonly [number, number])[],
  width: number,
  height: number,
): Float32Array {
  const next = random(seed);
  const noise = new Float32Array(bins.length * width * height);
  for (let wave = 0; wave < WAVES; wave++) {
    const [fx, fy] = [normal(next) / WAVE_LENGTH, normal(next) / WAVE_LENGTH];
    const phase = 2 * Math.PI * next();
    const common = COMMON * normal(next);
    const local = field(next);
    const plane = Float32Array.from(
      { length: width * height },
      (_, i) =>
        common +
        Math.sqrt(1 - COMMON ** 2) * local(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height),
    );
    bins.forEach(([cb, cr], bin) => {
      const gain = STRENGTH * Math.sqrt(2 / WAVES) * Math.cos(2 * Math.PI * (fx * cb + fy * cr) + phase);
      const start = bin * plane.length;
      for (let i = 0; i < plane.length; i++) noise[start + i] = (noise[start + i] ?? 0) + gain * (plane[i] ?? 0);
    });
  }
  return noise;
}

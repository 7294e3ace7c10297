import type { Samples } from '../core/frame.ts';
import type { Picture } from './align.ts';
import { clamp } from './gray.ts';

/** Tones that noise is told for: grain is strongest in the middle. */
const TONES = 16;
/** Side of the blocks that it is told from, the share of them that is quieter than what counts, and how many tell. */
const BLOCK = 16;
const QUIET = 0.3;
const ENOUGH = 12;
/** Below this (sigma, 8-bit codes) a picture or a block is the same over again, and says nothing about noise. */
export const REPEATED = 0.05;

/** Noise of a picture. */
export interface Noise {
  /** Sigma in codes, by code. */
  readonly byCode: Float32Array;
  /** Sigma in codes over all tones. */
  readonly overall: number;
}

/** A neighbor's plane. */
export interface Other {
  /** As the neighbor has it. */
  readonly plane: Samples;
  /** Leveled and moved onto the picture. */
  readonly moved: Float32Array;
}

/**
 * What the quieter blocks of a picture differ by from a neighbor that was moved onto it, for each tone. Where motion was not
 * found blocks differ by more, and have no say; nor do those that the neighbor repeats where they are: borders, and what a
 * codec left as it was. Leveling would hide that. `max` is the largest code, `unit` an 8-bit code.
 */
export function noiseByTone(
  { plane, width, height }: Picture<Samples>,
  { plane: raw, moved }: Other,
  max: number,
  unit: number,
): Noise {
  const same = (REPEATED * unit * BLOCK) ** 2;
  const perTone = (max + 1) / TONES;
  const byTone = Array.from({ length: TONES }, (): number[] => []);
  for (let top = 0; top + BLOCK <= height; top += BLOCK) {
    for (let left = 0; left + BLOCK <= width; left += BLOCK) {
      let [squares, sum, apart] = [0, 0, 0];
      for (let y = top; y < top + BLOCK; y += 2) {
        for (let i = y * width + left, end = i + BLOCK; i < end; i++) {
          const one = plane[i] ?? 0;
          const other = moved[i] ?? 0;
          squares += (one - other) * (one - other);
          sum += one + other;
          apart += (one - (raw[i] ?? 0)) ** 2;
        }
      }
      if (apart < same) continue;
      // Half of the samples were looked at; two noisy pictures differ by twice the variance of one.
      const tone = clamp(Math.floor(sum / (BLOCK * BLOCK) / perTone), 0, TONES - 1);
      byTone[tone]?.push(Math.sqrt(squares / (BLOCK * BLOCK)));
    }
  }
  const quiet = (sigmas: readonly number[]): number | undefined =>
    sigmas.length < ENOUGH ? undefined : [...sigmas].sort((a, b) => a - b)[Math.floor(sigmas.length * QUIET)];
  const overall = quiet(byTone.flat()) ?? 0;
  const tones = byTone.map((sigmas) => quiet(sigmas) ?? overall);
  const byCode = Float32Array.from({ length: max + 1 }, (_, code) => {
    const at = clamp(code / perTone - 0.5, 0, TONES - 1);
    const low = Math.floor(at);
    const part = at - low;
    return (tones[low] ?? overall) * (1 - part) + (tones[Math.min(TONES - 1, low + 1)] ?? overall) * part;
  });
  return { byCode, overall };
}

import type { RgbPicture } from '../picture.ts';
import type { LabPicture } from './lab.ts';

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

/** Any array of numbers. */
type Values = Iterable<number> & ArrayLike<number>;

function moments(values: Values): Moments {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}

/** Pearson's correlation; 0 where one of the two does not vary. */
export function correlation(x: Values, y: Values): number {
  const [mx, my] = [moments(x), moments(y)];
  if (mx.deviation < 1e-6 || my.deviation < 1e-6) return 0;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += ((x[i] ?? 0) - mx.mean) * ((y[i] ?? 0) - my.mean);
  return sum / x.length / (mx.deviation * my.deviation);
}

/** What counts as color that varies inside a picture: standard deviation of a or b of the truth. */
const VARIES = 0.5;
/** Below this standard deviation a coloring is one tint: gray in RGB already has a thousandth of a unit of a and b. */
const CONSTANT = 0.01;

export interface ChromaAgreement {
  /** Mean over a and b of the correlation of predicted and true values inside the picture. */
  readonly correlation: number;
  /** Mean over a and b of the predicted standard deviation over the true one. */
  readonly spread: number;
}

/**
 * How far a predicted coloring follows the true one inside a picture. A constant tint gets 0 and 0; a true coloring gets 1
 * and 1. Coordinates that hardly vary in the truth say nothing and are left out; undefined when that is both.
 */
export function chromaAgreement(predicted: LabPicture, truth: LabPicture): ChromaAgreement | undefined {
  const found: ChromaAgreement[] = [];
  for (const coordinate of ['a', 'b'] as const) {
    const [p, t] = [predicted[coordinate], truth[coordinate]];
    const { deviation } = moments(t);
    if (deviation <= VARIES) continue;
    const own = moments(p).deviation;
    found.push({ correlation: own < CONSTANT ? 0 : correlation(p, t), spread: own / deviation });
  }
  if (found.length === 0) return undefined;
  const over = (pick: (one: ChromaAgreement) => number): number =>
    found.reduce((sum, one) => sum + pick(one), 0) / found.length;
  return { correlation: over((one) => one.correlation), spread: over((one) => one.spread) };
}

/**
 * Colorfulness: Hasler and Suesstrunk, "Measuring colourfulness in natural images", SPIE 5007, 2003 (their M3, on 8-bit
 * sRGB codes). 0 is gray, 15 slightly, 33 moderately, 59 quite, 82 highly colorful.
 */
export function colorfulness({ data }: RgbPicture): number {
  const size = data.length / 3;
  const [rg, yb] = [new Float32Array(size), new Float32Array(size)];
  for (let i = 0; i < size; i++) {
    const [r, g, b] = [data[i * 3] ?? 0, data[i * 3 + 1] ?? 0, data[i * 3 + 2] ?? 0];
    rg[i] = r - g;
    yb[i] = (r + g) / 2 - b;
  }
  const [one, two] = [moments(rg), moments(yb)];
  return Math.hypot(one.deviation, two.deviation) + 0.3 * Math.hypot(one.mean, two.mean);
}

/** Marginal histograms of a and b over any number of pictures, in steps of `STEP`. */
export class ChromaHistogram {
  static readonly STEP = 2;
  static readonly REACH = 128;
  readonly #bins = (2 * ChromaHistogram.REACH) / ChromaHistogram.STEP;
  readonly #counts = [new Float64Array(this.#bins), new Float64Array(this.#bins)] as const;
  #total = 0;

  add({ a, b }: LabPicture): void {
    for (const [counts, values] of [
      [this.#counts[0], a],
      [this.#counts[1], b],
    ] as const) {
      for (const value of values) {
        const bin = Math.floor((value + ChromaHistogram.REACH) / ChromaHistogram.STEP);
        const inside = Math.min(this.#bins - 1, Math.max(0, bin));
        counts[inside] = (counts[inside] ?? 0) + 1;
      }
    }
    this.#total += a.length;
  }

  /**
   * Mean over a and b of the overlap with another set's histogram, 0..1: whether a whole set's colors are as varied and
   * as saturated as the truth's, wherever they are (Guadarrama et al., "PixColor: pixel recursive colorization", BMVC
   * 2017, compares its colorizations so).
   */
  intersection(other: ChromaHistogram): number {
    let sum = 0;
    for (const which of [0, 1] as const) {
      this.#counts[which].forEach((count, bin) => {
        sum += Math.min(count / this.#total, (other.#counts[which][bin] ?? 0) / other.#total);
      });
    }
    return sum / 2;
  }
}

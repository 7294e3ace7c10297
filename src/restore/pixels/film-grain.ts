import type { CodeRange } from '../../core/color.ts';
import type { Plane } from '../../core/frame.ts';
import { normal, random } from './random.ts';

/** Standard deviation in middle gray at strength 1, as a share of the way from black to white: 12 codes of 8 bits. */
const FULL_SIGMA = 12 / 219;
/** How fast it fades toward black and white, which have none: bars stay black, and nothing is clipped. */
const FADING = 0.7;
/** Radius of a grain (sigma of a Gaussian) in samples of 1920 x 1080; it grows with the picture, as on one film scanned finer. */
const SIZE_AT_HD = 0.5;
/** Grains much smaller than a sample are one. */
const LEAST_SIZE = 0.35;
/** A frame's grain is the sum of two wrapped tiles; with sides without a common divisor it repeats beyond any picture's size. */
const SIDES = [509, 383] as const;

interface Tile {
  readonly side: number;
  /** Wrapped on both axes, of variance 1/2. */
  readonly values: Float32Array;
}

/** Weights of a Gaussian at whole distances, from -radius to radius. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-(((k - radius) / sigma) ** 2) / 2));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** One pass along rows, wrapped, that also swaps rows and columns: two of them blur both ways. */
function blurredAcross(values: Float32Array, side: number, weights: Float64Array): Float32Array {
  const radius = (weights.length - 1) / 2;
  const out = new Float32Array(values.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      let sum = 0;
      weights.forEach((weight, k) => {
        sum += weight * (values[y * side + ((x + k - radius + side) % side)] ?? 0);
      });
      out[x * side + y] = sum;
    }
  }
  return out;
}

function makeTile(side: number, size: number): Tile {
  const next = random(side);
  const white = Float32Array.from({ length: side * side }, () => normal(next));
  const weights = gaussian(size);
  const clumps = blurredAcross(blurredAcross(white, side, weights), side, weights);
  const variance = clumps.reduce((sum, value) => sum + value * value, 0) / clumps.length;
  const gain = Math.sqrt(0.5 / variance);
  return { side, values: clumps.map((value) => value * gain) };
}

let made: { readonly size: number; readonly tiles: readonly Tile[] } | undefined;

/** The tiles of a size, kept while it stays the same. */
function tilesOf(size: number): readonly Tile[] {
  if (made?.size !== size) made = { size, tiles: SIDES.map((side) => makeTile(side, size)) };
  return made.tiles;
}

/** What one tile adds to a row, from its column `x` on. */
interface Strip {
  readonly values: Float32Array;
  readonly side: number;
  readonly start: number;
  readonly x: number;
}

/**
 * Adds fresh grain to a plane of luma, in place: of another pattern in every frame (`index`, counted from where decoding begins), and
 * the same one for the same frame, whatever segment it is in. Strength 0..1. It is strongest in middle tones.
 */
export function addGrain(
  plane: Plane,
  { width, height }: { readonly width: number; readonly height: number },
  { black, span, max }: CodeRange,
  strength: number,
  index: number,
): void {
  const size = Math.max(LEAST_SIZE, SIZE_AT_HD * Math.sqrt((width * height) / (1920 * 1080)));
  const gains = Float32Array.from({ length: max + 1 }, (_, code) => {
    const tone = Math.min(1, Math.max(0, (code - black) / span));
    return strength * FULL_SIGMA * span * (4 * tone * (1 - tone)) ** FADING;
  });
  const next = random(index);
  const places = tilesOf(size).map((tile) => ({
    ...tile,
    x: Math.floor(next() * tile.side),
    y: Math.floor(next() * tile.side),
  }));
  for (let y = 0; y < height; y++) {
    const [first, second] = places.map(({ values, side, x, y: top }): Strip => ({
      values,
      side,
      start: ((y + top) % side) * side,
      x,
    }));
    if (first && second) grainRow(plane, y * width, width, gains, max, first, second);
  }
}

/** The innermost loop: plain variables only. */
function grainRow(
  plane: Plane,
  from: number,
  width: number,
  gains: Float32Array,
  max: number,
  one: Strip,
  other: Strip,
): void {
  const { values: a, side: sideA, start: startA } = one;
  const { values: b, side: sideB, start: startB } = other;
  let xa = one.x;
  let xb = other.x;
  for (let i = from; i < from + width; i++) {
    const code = plane[i] ?? 0;
    const value = code + (gains[code] ?? 0) * ((a[startA + xa] ?? 0) + (b[startB + xb] ?? 0)) + 0.5;
    plane[i] = value < 0 ? 0 : value > max ? max : value;
    if (++xa === sideA) xa = 0;
    if (++xb === sideB) xb = 0;
  }
}

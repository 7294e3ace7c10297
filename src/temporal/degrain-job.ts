import { codeRange, type CodeRange } from '../core/color.ts';
import { deepened, planeSizes, type PlaneSize } from '../core/format.ts';
import type { Plane, Samples } from '../core/frame.ts';
import { alignBlocks, moveBlocks, type Picture } from './align.ts';
import { relateTones } from './brightness.ts';
import { clamp } from './gray.ts';
import { cellsOf, guideOf } from './guide.ts';
import { estimateMotion, type MotionField } from './motion.ts';
import type { MotionPicture } from './motion-picture.ts';
import { noiseByTone, REPEATED, type Noise, type Other } from './noise.ts';
import { Room } from './room.ts';
import type { Seen, Surrounded } from './shared.ts';
import { toneTable } from './tones.ts';
import { trustIn, trustTable } from './trust.ts';

/** Averages a picture with its neighbors along motion, where they show the same. */
export interface DegrainJob extends Surrounded {
  readonly job: 'degrain';
  /** 0..1 */
  readonly strength: number;
}

/** Less noise (sigma, 8-bit codes) is not told from rounding. */
const LEAST_NOISE = 0.5;
/** A sample changes by at most so many sigmas: what stands out by more is no grain. */
const MOST_SIGMAS = 3;

/** A plane in work. */
interface Work extends Picture<Samples> {
  /** Weighted sums of what is known of each sample. */
  readonly value: Float32Array;
  readonly weight: Float32Array;
}

/** What a neighbor's planes look like from this picture, and the motion that this was found by. */
interface Moved {
  readonly others: readonly Other[];
  readonly field: MotionField;
}

/** All planes anew, those of 8 bits in 10: an average has finer steps. */
export function averaged(job: DegrainJob): readonly Plane[] {
  const room = new Room();
  try {
    return averagedIn(room, job);
  } finally {
    room.leave();
  }
}

function averagedIn(room: Room, { own, before, after, strength }: DegrainJob): readonly Plane[] {
  const { format } = own;
  const depth = format.pixelFormat.bitDepth;
  const unit = 2 ** (depth - 8);
  const from = codeRange(format.color.range, depth);
  const to = codeRange(format.color.range, deepened(format).pixelFormat.bitDepth);
  const sizes = planeSizes(format);
  const works = own.planes.map((plane, i): Work => {
    const [value, weight] = [room.floats(plane.length), room.floats(plane.length)];
    value.set(plane);
    weight.fill(1);
    return { plane, ...(sizes[i] ?? { width: 0, height: 0 }), value, weight };
  });
  const mover = new Mover(room, own, unit);
  const sides = [before, after];
  const near = sides.map(([nearest], side) => mover.move(nearest, side));
  const variances = works.map((work, i) => {
    const noise = noiseOf(
      work,
      near.flatMap((moved) => moved?.others[i] ?? []),
      from.max,
      unit,
    );
    return noise.byCode.map((sigma) => Math.max(LEAST_NOISE * unit, sigma) ** 2);
  });
  const table = trustTable(2 * strength);
  const rooms = works.map(({ plane }) => [room.floats(plane.length), room.floats(plane.length)] as const);
  const count = (moved: Moved | undefined): void => {
    for (const [i, work] of works.entries()) {
      const [picked, variance, [ratio, weights]] = [moved?.others[i]?.moved, variances[i], rooms[i] ?? []];
      if (!picked || !variance || !ratio || !weights) continue;
      trustIn(work, picked, variance, table, ratio, weights);
      const [luma, gate] = [works[0], rooms[0]?.[1]];
      if (i > 0 && luma && gate) multiply(weights, work, gate, luma);
      add(work, picked, weights);
    }
  };
  near.forEach(count);
  // The nearest are counted: those further away take their room.
  for (const [side, [, next]] of sides.entries()) count(mover.move(next, side, near[side]?.field));
  return works.map((work, i) => written(work, variances[i] ?? new Float32Array(), codesOf(from, i), codesOf(to, i)));
}

/** Brings neighbors to where the things in them are in one picture. */
class Mover {
  readonly #own: Seen;
  readonly #guide: MotionPicture;
  readonly #unit: number;
  readonly #leveled: readonly Float32Array[];
  readonly #sides: readonly (readonly Float32Array[])[];

  constructor(room: Room, own: Seen, unit: number) {
    this.#own = own;
    this.#guide = guideOf(own);
    this.#unit = unit;
    const planes = (): Float32Array[] => own.planes.map(({ length }) => room.floats(length));
    [this.#leveled, this.#sides] = [planes(), [planes(), planes()]];
  }

  /** The result is overwritten by the next one of that side. `nearer`: motion over half the time. */
  move(other: Seen | undefined, side: number, nearer?: MotionField): Moved | undefined {
    const planes = this.#sides[side];
    if (!other || !planes) return undefined;
    const { format } = this.#own;
    const [guide, toward] = [this.#guide, guideOf(other)];
    const cells = cellsOf(guide);
    const field = estimateMotion(guide, toward, cells.width, cells.height, nearer && doubled(nearer));
    const tone = toneTable(relateTones(toward, guide), format);
    const [luma] = this.#leveled;
    const codes = other.planes[0] ?? [];
    if (luma) for (let i = 0; i < luma.length; i++) luma[i] = tone[codes[i] ?? 0] ?? 0;
    const picture = { plane: this.#own.planes[0] ?? new Uint8Array(), width: format.width, height: format.height };
    const motion = alignBlocks(picture, luma ?? new Float32Array(), field, this.#unit);
    for (const [i, size] of planeSizes(format).entries()) {
      const [leveled, out] = [this.#leveled[i], planes[i]];
      if (!leveled || !out) continue;
      if (i > 0) leveled.set(other.planes[i] ?? []);
      moveBlocks({ plane: leveled, ...size }, motion, format, out);
    }
    return { others: planes.map((moved, i) => ({ plane: other.planes[i] ?? new Uint8Array(), moved })), field };
  }
}

/** The same way once more: a forecast for twice the time. */
const doubled = (field: MotionField): MotionField => ({
  ...field,
  x: field.x.map((value) => 2 * value),
  y: field.y.map((value) => 2 * value),
});

/** By the quieter of the nearest neighbors that are no repetition. */
function noiseOf(picture: Picture<Samples>, nearest: readonly Other[], max: number, unit: number): Noise {
  const told = nearest.map((other) => noiseByTone(picture, other, max, unit));
  const real = told.filter(({ overall }) => overall > REPEATED * unit);
  const none = { byCode: new Float32Array(max + 1), overall: 0 };
  return real.reduce((best, noise) => (noise.overall < best.overall ? noise : best), real[0] ?? none);
}

/** Chroma counts as far as the luma over it does. */
function multiply(weights: Float32Array, { width, height }: PlaneSize, gate: Float32Array, luma: PlaneSize): void {
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * luma.height) / height) * luma.width;
    for (let x = 0; x < width; x++, i++) {
      weights[i] = (weights[i] ?? 0) * (gate[row + Math.floor((x * luma.width) / width)] ?? 0);
    }
  }
}

function add({ value, weight }: Work, moved: Float32Array, weights: Float32Array): void {
  for (let i = 0; i < value.length; i++) {
    const w = weights[i] ?? 0;
    value[i] = (value[i] ?? 0) + w * (moved[i] ?? 0);
    weight[i] = (weight[i] ?? 0) + w;
  }
}

interface Codes {
  readonly zero: number;
  readonly span: number;
  readonly max: number;
}
const codesOf = ({ black, span, neutral, chromaSpan, max }: CodeRange, plane: number): Codes =>
  plane === 0 ? { zero: black, span, max } : { zero: neutral, span: chromaSpan, max };

/** The means, in the codes of the format that comes out. */
function written({ plane, value, weight }: Work, variance: Float32Array, from: Codes, to: Codes): Plane {
  const most = variance.map((square) => MOST_SIGMAS * Math.sqrt(square));
  const scale = to.span / from.span;
  const out = to.max > 255 ? new Uint16Array(plane.length) : new Uint8Array(plane.length);
  for (let i = 0; i < out.length; i++) {
    const code = plane[i] ?? 0;
    const reach = most[code] ?? 0;
    const mean = clamp((value[i] ?? 0) / (weight[i] ?? 1), code - reach, code + reach);
    out[i] = clamp(Math.round(to.zero + (mean - from.zero) * scale), 0, to.max);
  }
  return out;
}

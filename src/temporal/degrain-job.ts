import { codeRange, type CodeRange } from '../core/color.ts';
import { deepened, planeSizes, type PlaneSize } from '../core/format.ts';
import type { Plane, Samples } from '../core/frame.ts';
import { alignBlocks, moveBlocks, type BlockMotion, type Picture } from './align.ts';
import { relateTones } from './brightness.ts';
import { clamp } from './gray.ts';
import { cellsOf } from './guide-job.ts';
import { estimateMotion, type MotionField } from './motion.ts';
import { noiseBetween, type Noise } from './noise.ts';
import { Room } from './room.ts';
import type { Seen } from './seen.ts';
import { toneTable } from './tones.ts';
import { trustIn, trustTable } from './trust.ts';

/** Averages `seen[middle]` with its neighbors along motion, where they show the same. */
export interface DegrainJob {
  readonly job: 'degrain';
  readonly seen: readonly Seen[];
  readonly middle: number;
  /** 0..1 */
  readonly strength: number;
}

/** Less noise (sigma, 8-bit codes) is not told from rounding. */
const LEAST_NOISE = 0.5;
/** Below this (sigma, 8-bit codes) a neighbor is the same picture over again, and says nothing about noise. */
const REPEATED = 0.05;
/** A sample changes by at most so many sigmas: what stands out by more is no grain. */
const MOST_SIGMAS = 3;

/** A neighbor, and where the blocks of the picture in the middle lie in it. */
interface Neighbor {
  readonly planes: readonly Float32Array[];
  readonly motion: BlockMotion;
}

/** Weighted sums of what is known of each sample. */
interface Sums {
  readonly value: Float32Array;
  readonly weight: Float32Array;
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

function averagedIn(room: Room, { seen, middle, strength }: DegrainJob): readonly Plane[] {
  const own = seen[middle];
  if (!own) return [];
  const { format } = own;
  const depth = format.pixelFormat.bitDepth;
  const unit = 2 ** (depth - 8);
  const from = codeRange(format.color.range, depth);
  const to = codeRange(format.color.range, deepened(format).pixelFormat.bitDepth);
  const neighbors = neighborsOf(room, seen, middle, unit);
  const table = trustTable(2 * strength);
  const sizes = planeSizes(format);
  const luma = sizes[0] ?? { width: 0, height: 0 };
  /** How far luma says that each neighbor shows the same. */
  const gates = neighbors.map(() => room.floats(luma.width * luma.height));
  return own.planes.map((plane, i): Plane => {
    const picture = { plane, ...(sizes[i] ?? luma) };
    const moved = neighbors.map(({ planes, motion }) => {
      const out = room.floats(plane.length);
      moveBlocks({ ...picture, plane: planes[i] ?? new Float32Array() }, motion, luma, out);
      return out;
    });
    const noise = noiseOf(picture, moved.slice(0, 2), from.max, unit);
    const variance = noise.byCode.map((sigma) => Math.max(LEAST_NOISE * unit, sigma) ** 2);
    const [value, weight, ratio, weights] = [0, 1, 2, 3].map(() => room.floats(plane.length)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    value.set(plane);
    weight.fill(1);
    const sums: Sums = { value, weight };
    for (const [k, picked] of moved.entries()) {
      trustIn(picture, picked, variance, table, ratio, weights);
      const gate = gates[k];
      if (i === 0) gate?.set(weights);
      else if (gate) multiply(weights, picture, gate, luma);
      add(sums, picked, weights);
    }
    return written(plane, sums, variance, codesOf(from, i), codesOf(to, i));
  });
}

/** The nearest first. Motion over two frames is searched around twice that over one. */
function neighborsOf(room: Room, seen: readonly Seen[], middle: number, unit: number): Neighbor[] {
  const own = seen[middle];
  if (!own) return [];
  const [width, height] = [cellsOf(own.guide).width, cellsOf(own.guide).height];
  const near = new Map<number, MotionField>();
  const neighbors: Neighbor[] = [];
  for (const step of [-1, 1, -2, 2]) {
    const other = seen[middle + step];
    if (!other) continue;
    const start = near.get(step / 2);
    const field = estimateMotion(own.guide, other.guide, width, height, start && doubled(start));
    near.set(step, field);
    const tone = toneTable(relateTones(other.guide.smallest.data, own.guide.smallest.data), own.format);
    const planes = other.planes.map((plane, i) => {
      const out = room.floats(plane.length);
      if (i > 0) out.set(plane);
      else for (let k = 0; k < out.length; k++) out[k] = tone[plane[k] ?? 0] ?? 0;
      return out;
    });
    const luma = { plane: own.planes[0] ?? new Uint8Array(), width: own.format.width, height: own.format.height };
    neighbors.push({ planes, motion: alignBlocks(luma, planes[0] ?? new Float32Array(), field, unit) });
  }
  return neighbors;
}

const doubled = (field: MotionField): MotionField => ({
  ...field,
  x: field.x.map((value) => 2 * value),
  y: field.y.map((value) => 2 * value),
});

/** By the quieter of the nearest neighbors that are no repetition. */
function noiseOf(picture: Picture<Samples>, nearest: readonly Float32Array[], max: number, unit: number): Noise {
  const told = nearest.map((moved) => noiseBetween(picture, moved, max));
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

function add({ value, weight }: Sums, moved: Float32Array, weights: Float32Array): void {
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
function written(plane: Samples, { value, weight }: Sums, variance: Float32Array, from: Codes, to: Codes): Plane {
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

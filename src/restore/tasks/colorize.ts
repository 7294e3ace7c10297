import type { ChromaGrid, Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import type { ColorizeManifest, ResolvedModel } from '../models/schema.ts';
import type { FloatPlane, PlaneCoding } from '../pixels/codes.ts';
import { colorNoise } from '../pixels/color-noise.ts';
import { areaReduce, resample, triangle } from '../pixels/resample.ts';
import { scratch } from '../pixels/scratch.ts';
import { outputFault } from './faults.ts';
import type { TaskTools } from './task.ts';

/** Luma to colors on a coarse grid. */
export interface ColorizeRequest {
  readonly task: 'colorize';
  readonly model: ResolvedModel & { readonly manifest: ColorizeManifest };
  readonly plane: Plane;
  readonly source: PlaneCoding;
  /** Where the picture is; only it is looked at. */
  readonly area: Rect;
  /** Of the annealed mean (see below). */
  readonly temperature: number;
  /** Gain of the result. */
  readonly saturation: number;
  /** 0: the most plausible colors; others: other plausible ones. */
  readonly seed: number;
}

export type ColorizeReply = ChromaGrid;

function lumaOf({ plane, source, area }: ColorizeRequest): FloatPlane {
  const { black, span } = source.codes;
  const data = scratch('luma', area.width * area.height);
  for (let y = 0; y < area.height; y++) {
    const from = (area.y + y) * source.width + area.x;
    const to = y * area.width;
    for (let x = 0; x < area.width; x++) {
      const value = ((plane[from + x] ?? 0) - black) / span;
      data[to + x] = value < 0 ? 0 : value > 1 ? 1 : value;
    }
  }
  return { width: area.width, height: area.height, data };
}

/** Means where the picture shrinks, linear where it grows. */
const sized = (picture: FloatPlane, width: number, height: number): FloatPlane =>
  width <= picture.width && height <= picture.height
    ? areaReduce(picture, width, height)
    : resample(picture, width, height, { kernel: triangle });

/** Size that the network works at: short side about `workSize`, both sides multiples. */
export function workingSize(
  { width, height }: Pick<Rect, 'width' | 'height'>,
  { workSize, sizeMultiple }: Pick<ColorizeManifest, 'workSize' | 'sizeMultiple'>,
): { width: number; height: number } {
  const scale = workSize / Math.min(width, height);
  const side = (length: number): number => Math.max(1, Math.round((length * scale) / sizeMultiple)) * sizeMultiple;
  return { width: side(width), height: side(height) };
}

interface Colors {
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  readonly confidence: Float32Array;
}

/**
 * The annealed mean of Zhang et al. 2016: probabilities are sharpened, f_T(z) = exp(log z / T) / sum, then the mean of
 * the bins is taken. T = 1 is the plain mean (safe, grayish), T near 0 the most likely bin (vivid, speckled).
 * Confidence is 1 less the normalized entropy of the probabilities as they are.
 */
function decode(
  logits: Float32Array,
  bins: readonly (readonly [number, number])[],
  cells: number,
  temperature: number,
): Colors {
  const greatest = new Float32Array(cells).fill(-Infinity);
  for (let i = 0; i < logits.length; i++) {
    const cell = i % cells;
    const value = logits[i] ?? 0;
    if (value > (greatest[cell] ?? 0)) greatest[cell] = value;
  }
  const cb = new Float32Array(cells);
  const cr = new Float32Array(cells);
  const sharp = new Float64Array(cells);
  const plain = new Float64Array(cells);
  const spread = new Float64Array(cells);
  bins.forEach(([blue, red], bin) => {
    const start = bin * cells;
    for (let cell = 0; cell < cells; cell++) {
      const level = (logits[start + cell] ?? 0) - (greatest[cell] ?? 0);
      const chance = Math.exp(level);
      const sharpened = temperature === 1 ? chance : Math.exp(level / temperature);
      sharp[cell] = (sharp[cell] ?? 0) + sharpened;
      cb[cell] = (cb[cell] ?? 0) + sharpened * blue;
      cr[cell] = (cr[cell] ?? 0) + sharpened * red;
      plain[cell] = (plain[cell] ?? 0) + chance;
      spread[cell] = (spread[cell] ?? 0) + chance * level;
    }
  });
  const confidence = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    cb[cell] = (cb[cell] ?? 0) / (sharp[cell] ?? 1);
    cr[cell] = (cr[cell] ?? 0) / (sharp[cell] ?? 1);
    // Entropy of exp(level) / sum: log sum - mean level.
    const sum = plain[cell] ?? 1;
    const entropy = Math.log(sum) - (spread[cell] ?? 0) / sum;
    confidence[cell] = Math.min(1, Math.max(0, 1 - entropy / Math.log(bins.length)));
  }
  return { cb, cr, confidence };
}

let noise: { readonly key: string; readonly values: Float32Array } | undefined;

/** The field of a seed, kept while seed, size and model stay the same. */
function noiseFor(seed: number, model: ColorizeRequest['model'], width: number, height: number): Float32Array {
  const key = [seed, model.sha256, width, height].join(' ');
  if (noise?.key !== key) noise = { key, values: colorNoise(seed, model.manifest.bins, width, height) };
  return noise.values;
}

export async function runColorize(request: ColorizeRequest, tools: TaskTools): Promise<ColorizeReply> {
  const { model, area, seed, saturation, temperature } = request;
  const { input, output, bins, reduction } = model.manifest;
  const picture = lumaOf(request);
  const work = workingSize(area, model.manifest);
  const fed = sized(picture, work.width, work.height);
  const { session } = await tools.model(model);
  const results = await tools.infer(session, {
    [input.name]: { type: 'float32', dims: [1, 1, work.height, work.width], data: fed.data },
  });
  const [width, height] = [work.width / reduction, work.height / reduction];
  const logits = results[output.name]?.data;
  const cells = width * height;
  if (!(logits instanceof Float32Array) || logits.length !== bins.length * cells) {
    throw outputFault(model, tools, `a result that is not ${bins.length} x ${height} x ${width}`);
  }
  if (seed !== 0) {
    const field = noiseFor(seed, model, width, height);
    for (let i = 0; i < logits.length; i++) logits[i] = (logits[i] ?? 0) + (field[i] ?? 0);
  }
  const { cb, cr, confidence } = decode(logits, bins, cells, temperature);
  if (cb.some(Number.isNaN)) throw outputFault(model, tools, 'values that are not numbers');
  const limit = (value: number): number => Math.min(0.5, Math.max(-0.5, value * saturation));
  const luma = sized(picture, width, height).data;
  return { width, height, cb: cb.map(limit), cr: cr.map(limit), confidence, luma };
}

import type { Plane } from '../../core/frame.ts';
import type { PictureManifest, ResolvedModel } from '../models/schema.ts';
import { catmullRom, lanczos3, resample } from '../pixels/resample.ts';
import { codesFor, lumaToCodes, type PlaneCoding } from '../pixels/codes.ts';
import { scratch } from '../pixels/scratch.ts';
import { runTiled, type TiledPicture } from '../tiling/run.ts';
import { isFlat, outputFault } from './faults.ts';
import type { TaskTools } from './task.ts';

/** A luma plane through a network: super-resolution or denoising. */
export interface LumaRequest {
  readonly task: 'luma';
  readonly model: ResolvedModel & { readonly manifest: PictureManifest };
  readonly plane: Plane;
  readonly source: PlaneCoding;
  readonly target: PlaneCoding;
  /** Noise level, 0..1, for networks that take one; for others the share of their result. */
  readonly strength: number;
}

export interface LumaReply {
  readonly plane: Plane;
}

function reader({ plane, source }: LumaRequest): TiledPicture['read'] {
  const { width, height, codes } = source;
  return (x, y, w, h, target) => {
    for (let row = 0, at = 0; row < h; row++) {
      const from = Math.min(y + row, height - 1) * width;
      const inside = Math.max(0, Math.min(w, width - x));
      for (let i = 0; i < inside; i++) target[at++] = ((plane[from + x + i] ?? 0) - codes.black) / codes.span;
      const last = ((plane[from + width - 1] ?? 0) - codes.black) / codes.span;
      for (let i = inside; i < w; i++) target[at++] = last;
    }
  };
}

/** Part of a row of the network's result: `count` samples from `from` on, `to` in the whole picture. */
type TakeRow = (data: Float32Array, from: number, count: number, to: number) => void;

function pictureOf(request: LumaRequest, take: TakeRow): TiledPicture {
  const { width, height } = request.source;
  const { scale } = request.model.manifest;
  return {
    width,
    height,
    channels: 1,
    read: reader(request),
    write: (tile, { data, offset, stride }) => {
      const columns = Math.min(tile.width, width - tile.x) * scale;
      const rows = Math.min(tile.height, height - tile.y) * scale;
      for (let row = 0; row < rows; row++) {
        take(data, offset + row * stride, columns, ((tile.y * scale + row) * width + tile.x) * scale);
      }
    },
  };
}

/**
 * Normalizes, runs, and rounds to the target's codes. A network of another scale than asked for is followed by
 * antialiased Lanczos (too large) or Catmull-Rom (too small), in float.
 */
export async function runLuma(request: LumaRequest, tools: TaskTools): Promise<LumaReply> {
  const { source, target, model } = request;
  const { manifest } = model;
  const width = source.width * manifest.scale;
  const height = source.height * manifest.scale;
  const plane = codesFor(target.width * target.height, target.codes.max);
  const blends = manifest.kind === 'denoise' && manifest.input.strengthName === undefined;
  let valid = true;
  if (width === target.width && height === target.height && !blends) {
    const take: TakeRow = (data, from, count, to) => {
      const row = data.subarray(from, from + count);
      if (!lumaToCodes(row, target.codes, plane.subarray(to, to + count))) valid = false;
    };
    await runTiled(pictureOf(request, take), model, request.strength, tools);
  } else {
    const whole = { width, height, data: scratch('luma', width * height) };
    const take: TakeRow = (data, from, count, to) => {
      whole.data.set(data.subarray(from, from + count), to);
    };
    await runTiled(pictureOf(request, take), model, request.strength, tools);
    if (blends) blend(request, whole.data);
    const kernel = width > target.width || height > target.height ? lanczos3 : catmullRom;
    valid = lumaToCodes(resample(whole, target.width, target.height, { kernel }).data, target.codes, plane);
  }
  if (!valid) throw outputFault(model, tools, 'values that are not numbers');
  if (tools.suspicious && isFlat(plane) && !isFlat(request.plane)) {
    throw outputFault(model, tools, 'an empty picture');
  }
  return { plane };
}

/** For denoisers without a level of their own: their result and the source, mixed by strength. */
function blend({ plane, source, strength }: LumaRequest, result: Float32Array): void {
  for (let i = 0; i < result.length; i++) {
    const before = ((plane[i] ?? 0) - source.codes.black) / source.codes.span;
    result[i] = before + strength * ((result[i] ?? 0) - before);
  }
}

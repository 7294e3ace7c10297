import type { Plane } from '../../core/frame.ts';
import type { PictureManifest, ResolvedModel } from '../models/schema.ts';
import { catmullRom, lanczos3, resample } from '../pixels/resample.ts';
import { codesFor, lumaToCodes, type FloatPlane, type PlaneCoding } from '../pixels/codes.ts';
import { scratch } from '../pixels/scratch.ts';
import { changedBox } from '../tiling/changes.ts';
import { runTiled, type TiledPicture } from '../tiling/run.ts';
import { isFlat, outputFault } from './faults.ts';
import type { KeptPicture } from './kept.ts';
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

/** A result, and what of it is kept for the next picture. */
interface Made extends Pick<KeptPicture, 'codes' | 'floats'> {
  readonly plane: Plane;
  readonly valid: boolean;
}

function pictureOf(request: LumaRequest, before: KeptPicture | undefined, take: TakeRow): TiledPicture {
  const { width, height } = request.source;
  const { scale } = request.model.manifest;
  const was = before?.sources[0];
  return {
    width,
    height,
    channels: 1,
    read: reader(request),
    changed: was && ((region) => changedBox(was, request.plane, width, region)),
    write: (tile, { data, offset, stride }) => {
      const columns = Math.min(tile.width, width - tile.x) * scale;
      const rows = Math.min(tile.height, height - tile.y) * scale;
      for (let row = 0; row < rows; row++) {
        take(data, offset + row * stride, columns, ((tile.y * scale + row) * width + tile.x) * scale);
      }
    },
  };
}

/** The result is what the network gives, rounded row by row. */
async function runDirect(request: LumaRequest, before: KeptPicture | undefined, tools: TaskTools): Promise<Made> {
  const { target, model, strength } = request;
  const codes = before?.codes ?? codesFor(target.width * target.height, target.codes.max);
  let valid = true;
  const take: TakeRow = (data, from, count, to) => {
    const row = data.subarray(from, from + count);
    if (!lumaToCodes(row, target.codes, codes.subarray(to, to + count))) valid = false;
  };
  await runTiled(pictureOf(request, before, take), model, strength, tools);
  // The reply is handed over; what is kept stays here.
  return { plane: tools.kept ? codes.slice() : codes, valid, codes, floats: [] };
}

/**
 * Another scale than asked for is followed by antialiased Lanczos (too large) or Catmull-Rom (too small), in float; a
 * denoiser without a level of its own is mixed with the source.
 */
async function runFurther(request: LumaRequest, before: KeptPicture | undefined, tools: TaskTools): Promise<Made> {
  const { source, target, model, strength } = request;
  const width = source.width * model.manifest.scale;
  const height = source.height * model.manifest.scale;
  const size = width * height;
  const data = before?.floats[0] ?? (tools.kept ? new Float32Array(size) : scratch('luma', size));
  const take: TakeRow = (row, from, count, to) => {
    data.set(row.subarray(from, from + count), to);
  };
  await runTiled(pictureOf(request, before, take), model, strength, tools);
  const whole = { width, height, data: blends(request) ? blended(request, data) : data };
  const kernel = width > target.width || height > target.height ? lanczos3 : catmullRom;
  const plane = codesFor(target.width * target.height, target.codes.max);
  const valid = lumaToCodes(resample(whole, target.width, target.height, { kernel }).data, target.codes, plane);
  return { plane, valid, floats: [data] };
}

/** Normalizes, runs, and rounds to the target's codes. What has not changed since the picture before is left out. */
export async function runLuma(request: LumaRequest, tools: TaskTools): Promise<LumaReply> {
  const { source, target, model, strength } = request;
  const { scale } = model.manifest;
  const key = JSON.stringify([source, target, strength]);
  const before = tools.kept?.take(model.sha256, key);
  const fits = source.width * scale === target.width && source.height * scale === target.height;
  const made = await (fits && !blends(request) ? runDirect : runFurther)(request, before, tools);
  const { plane, valid, ...kept } = made;
  if (!valid) throw outputFault(model, tools, 'values that are not numbers');
  if (tools.suspicious && isFlat(plane) && !isFlat(request.plane)) {
    throw outputFault(model, tools, 'an empty picture');
  }
  tools.kept?.put(model.sha256, { key, sources: [request.plane], ...kept });
  return { plane };
}

const blends = ({ model: { manifest } }: LumaRequest): boolean =>
  manifest.kind === 'denoise' && manifest.input.strengthName === undefined;

/** For denoisers without a level of their own: their result and the source, mixed by strength. */
function blended({ plane, source, strength }: LumaRequest, result: Float32Array): FloatPlane['data'] {
  const mixed = scratch('mixed luma', result.length);
  for (let i = 0; i < result.length; i++) {
    const before = ((plane[i] ?? 0) - source.codes.black) / source.codes.span;
    mixed[i] = before + strength * ((result[i] ?? 0) - before);
  }
  return mixed;
}

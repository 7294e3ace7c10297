import type { Plane } from '../../core/frame.ts';
import type { PictureManifest, ResolvedModel } from '../models/schema.ts';
import { catmullRom, lanczos3, resample } from '../pixels/resample.ts';
import { codesFor, lumaToCodes, type PlaneCoding } from '../pixels/codes.ts';
import { scratch } from '../pixels/scratch.ts';
import { runTiled, type TiledPicture } from '../tiling/run.ts';
import { outputFault } from './faults.ts';
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

/**
 * Normalizes, runs, and rounds to the target's codes. A network of another scale than asked for is followed by
 * antialiased Lanczos (too large) or Catmull-Rom (too small), in float.
 */
export async function runLuma(request: LumaRequest, tools: TaskTools): Promise<LumaReply> {
  const { source, target, model } = request;
  const { scale } = model.manifest;
  const [width, height] = [source.width * scale, source.height * scale];
  const whole = { width, height, data: scratch('luma', width * height) };
  const picture: TiledPicture = {
    width: source.width,
    height: source.height,
    channels: 1,
    read: reader(request),
    write: (tile, result) => {
      const columns = Math.min(tile.width * scale, width - tile.x * scale);
      const rows = Math.min(tile.height * scale, height - tile.y * scale);
      for (let row = 0; row < rows; row++) {
        const from = result.offset + row * result.stride;
        whole.data.set(result.data.subarray(from, from + columns), (tile.y * scale + row) * width + tile.x * scale);
      }
    },
  };
  await runTiled(picture, model, request.strength, tools);
  if (model.manifest.kind === 'denoise' && model.manifest.input.strengthName === undefined) {
    blend(request, whole.data);
  }
  const kernel = width > target.width || height > target.height ? lanczos3 : catmullRom;
  const sized = resample(whole, target.width, target.height, { kernel });
  const plane = codesFor(target.width * target.height, target.codes.max);
  if (!lumaToCodes(sized.data, target.codes, plane)) throw outputFault(model, tools, 'values that are not numbers');
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

/** Whether a sample of the plane's values are all the same. */
function isFlat(plane: Plane): boolean {
  const step = Math.max(1, Math.floor(plane.length / 4096));
  for (let i = step; i < plane.length; i += step) if (plane[i] !== plane[0]) return false;
  return true;
}

import { lumaWeights, type Matrix } from '../../core/color.ts';
import { chromaSize, type ChromaLocation, type ChromaSampling } from '../../core/format.ts';
import type { Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import type { PictureManifest, ResolvedModel } from '../models/schema.ts';
import { chromaMapping, chromaSites } from '../pixels/chroma-sites.ts';
import {
  chromaToCodes,
  chromaToFloat,
  codesFor,
  lumaToCodes,
  type FloatPlane,
  type PlaneCoding,
} from '../pixels/codes.ts';
import { catmullRom, lanczos3, resample, triangle } from '../pixels/resample.ts';
import { scratch } from '../pixels/scratch.ts';
import { changedBox, joinBoxes } from '../tiling/changes.ts';
import { runTiled, type TiledPicture } from '../tiling/run.ts';
import { isFlat, outputFault } from './faults.ts';
import type { KeptPicture } from './kept.ts';
import type { TaskTools } from './task.ts';

/** A whole picture through a network that takes and gives RGB. */
export interface RgbRequest {
  readonly task: 'rgb';
  readonly model: ResolvedModel & { readonly manifest: PictureManifest };
  /** Luma, then Cb and Cr unless the sampling is gray. */
  readonly planes: readonly Plane[];
  readonly sampling: ChromaSampling;
  readonly location: ChromaLocation;
  readonly matrix: Matrix;
  readonly source: PlaneCoding;
  readonly target: PlaneCoding;
  /** Noise level, 0..1, for networks that take one; for other denoisers the share of their result. */
  readonly strength: number;
}

export interface RgbReply {
  readonly planes: readonly Plane[];
}

interface Ycc {
  readonly luma: FloatPlane;
  readonly cb: FloatPlane;
  readonly cr: FloatPlane;
}

/** Chroma at every luma sample; neutral for gray. */
function fullChroma(request: RgbRequest, plane: Plane | undefined, name: string): FloatPlane {
  const { source, sampling, location } = request;
  const { width, height } = source;
  if (!plane) return { width, height, data: scratch(name, width * height).fill(0) };
  const size = chromaSize(width, height, sampling);
  const { stepX, stepY, siteX, siteY } = chromaSites(sampling, location);
  const data = scratch(name, plane.length);
  chromaToFloat(plane, source.codes, data);
  return resample({ ...size, data }, width, height, {
    kernel: catmullRom,
    horizontal: chromaMapping({ luma: width, step: stepX, site: siteX }, { luma: width, step: 1, site: 0 }),
    vertical: chromaMapping({ luma: height, step: stepY, site: siteY }, { luma: height, step: 1, site: 0 }),
  });
}

/** Chroma samples on each side that a full-size sample is made of, its own site and rounding included. */
const CHROMA_REACH = 3;

/** Where the planes differ from those before, in luma samples. */
function changes(request: RgbRequest, before: readonly Plane[]): TiledPicture['changed'] {
  const { planes, source, sampling, location } = request;
  const { stepX, stepY } = chromaSites(sampling, location);
  const size = chromaSize(source.width, source.height, sampling);
  return (region) => {
    const boxes = planes.map((plane, i): Rect | undefined => {
      const was = before[i] ?? plane;
      if (i === 0) return changedBox(was, plane, source.width, region);
      const seen = scaled(region, 1 / stepX, 1 / stepY, size);
      const box = changedBox(was, plane, size.width, seen);
      return box && scaled(box, stepX, stepY, source);
    });
    return joinBoxes(boxes, region);
  };
}

/** A region in the samples of another plane, grown by all that interpolation looks at. */
function scaled(
  { x, y, width, height }: Rect,
  byX: number,
  byY: number,
  within: { readonly width: number; readonly height: number },
): Rect {
  const [growX, growY] = [CHROMA_REACH * Math.max(1, byX), CHROMA_REACH * Math.max(1, byY)];
  const left = Math.max(0, Math.floor(x * byX - growX));
  const top = Math.max(0, Math.floor(y * byY - growY));
  const right = Math.min(within.width, Math.ceil((x + width) * byX + growX));
  const bottom = Math.min(within.height, Math.ceil((y + height) * byY + growY));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

const unit = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/** Feeds RGB, clipped to 0..1, and takes YCbCr of the result. */
function pictureOf(request: RgbRequest, before: KeptPicture | undefined, whole: Ycc): TiledPicture {
  const { source, matrix, planes, model } = request;
  const { width, height, codes } = source;
  const { scale } = model.manifest;
  const [luma] = planes;
  if (!luma) throw new RangeError('A frame has no planes');
  const cb = fullChroma(request, planes[1], 'cb').data;
  const cr = fullChroma(request, planes[2], 'cr').data;
  const { kr, kb } = lumaWeights(matrix);
  const kg = 1 - kr - kb;
  const toRed = 2 * (1 - kr);
  const toBlue = 2 * (1 - kb);
  const { kind, input } = model.manifest;
  const share = kind === 'denoise' && input.strengthName === undefined ? request.strength : 1;
  const mixed = (before: number, after: number): number => before + share * (after - before);
  return {
    width,
    height,
    channels: 3,
    changed: before && changes(request, before.sources),
    read: (x, y, w, h, target) => {
      const area = w * h;
      for (let row = 0, at = 0; row < h; row++) {
        const from = Math.min(y + row, height - 1) * width;
        for (let column = 0; column < w; column++, at++) {
          const i = from + Math.min(x + column, width - 1);
          const bright = ((luma[i] ?? 0) - codes.black) / codes.span;
          const red = toRed * (cr[i] ?? 0);
          const blue = toBlue * (cb[i] ?? 0);
          target[at] = unit(bright + red);
          target[at + area] = unit(bright - (kr * red + kb * blue) / kg);
          target[at + 2 * area] = unit(bright + blue);
        }
      }
    },
    write: (tile, { data, stride, channelStride, offset }) => {
      const columns = Math.min(tile.width, width - tile.x) * scale;
      const rows = Math.min(tile.height, height - tile.y) * scale;
      for (let row = 0; row < rows; row++) {
        const from = offset + row * stride;
        const to = (tile.y * scale + row) * width * scale + tile.x * scale;
        for (let column = 0; column < columns; column++) {
          const red = data[from + column] ?? 0;
          const green = data[from + column + channelStride] ?? 0;
          const blue = data[from + column + 2 * channelStride] ?? 0;
          const bright = kr * red + kg * green + kb * blue;
          const at = to + column;
          const [u, v] = [(blue - bright) / toBlue, (red - bright) / toRed];
          if (share === 1) {
            whole.luma.data[at] = bright;
            whole.cb.data[at] = u;
            whole.cr.data[at] = v;
          } else {
            // A denoiser keeps the size, so that source and result lie at the same place.
            whole.luma.data[at] = mixed(((luma[at] ?? 0) - codes.black) / codes.span, bright);
            whole.cb.data[at] = mixed(cb[at] ?? 0, u);
            whole.cr.data[at] = mixed(cr[at] ?? 0, v);
          }
        }
      }
    },
  };
}

/** Converts, runs, converts back, and brings luma and chroma to the target's size and sampling. */
export async function runRgb(request: RgbRequest, tools: TaskTools): Promise<RgbReply> {
  const { model, source, target, sampling, location } = request;
  const { scale } = model.manifest;
  const width = source.width * scale;
  const height = source.height * scale;
  const key = JSON.stringify([source, sampling, location, request.matrix, request.strength]);
  const before = tools.kept?.take(model.sha256, key);
  const plane = (index: number): FloatPlane => {
    const fresh = (): FloatPlane['data'] =>
      tools.kept ? new Float32Array(width * height) : scratch(`whole ${index}`, width * height);
    return { width, height, data: before?.floats[index] ?? fresh() };
  };
  const whole: Ycc = { luma: plane(0), cb: plane(1), cr: plane(2) };
  await runTiled(pictureOf(request, before, whole), model, request.strength, tools);

  const kernel = width > target.width || height > target.height ? lanczos3 : catmullRom;
  const bright = resample(whole.luma, target.width, target.height, { kernel });
  const luma = codesFor(bright.data.length, target.codes.max);
  let valid = lumaToCodes(bright.data, target.codes, luma);
  const planes = [luma];
  if (sampling !== 'gray') {
    const size = chromaSize(target.width, target.height, sampling);
    const { stepX, stepY, siteX, siteY } = chromaSites(sampling, location);
    const options = {
      kernel: size.width < width ? triangle : catmullRom,
      horizontal: chromaMapping({ luma: width, step: 1, site: 0 }, { luma: target.width, step: stepX, site: siteX }),
      vertical: chromaMapping({ luma: height, step: 1, site: 0 }, { luma: target.height, step: stepY, site: siteY }),
    };
    for (const chroma of [whole.cb, whole.cr]) {
      const sized = resample(chroma, size.width, size.height, options);
      const codes = codesFor(sized.data.length, target.codes.max);
      valid = chromaToCodes(sized.data, target.codes, codes) && valid;
      planes.push(codes);
    }
  }
  if (!valid) throw outputFault(model, tools, 'values that are not numbers');
  if (tools.suspicious && isFlat(luma) && !isFlat(request.planes[0] ?? luma)) {
    throw outputFault(model, tools, 'an empty picture');
  }
  const floats = [whole.luma.data, whole.cb.data, whole.cr.data];
  tools.kept?.put(model.sha256, { key, sources: request.planes, floats });
  return { planes };
}

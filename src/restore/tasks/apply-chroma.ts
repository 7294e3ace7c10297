import { chromaFrom601, lumaWeights, type Matrix } from '../../core/color.ts';
import { chromaSize, type ChromaLocation, type ChromaSampling } from '../../core/format.ts';
import type { ChromaGrid, Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import { chromaSites } from '../pixels/chroma-sites.ts';
import { codesFor, type FloatPlane, type PlaneCoding } from '../pixels/codes.ts';
import { lumaAtChroma } from '../pixels/luma-at-chroma.ts';
import { jointUpsample, type ChromaPair } from '../pixels/joint-upsample.ts';

/** Predicted color to chroma planes that fit a luma plane. */
export interface ApplyChromaRequest {
  readonly task: 'apply-chroma';
  readonly plane: Plane;
  readonly source: PlaneCoding;
  readonly grid: Pick<ChromaGrid, 'width' | 'height' | 'cb' | 'cr'>;
  readonly sampling: Exclude<ChromaSampling, 'gray'>;
  readonly location: ChromaLocation;
  readonly matrix: Matrix;
  /** Where the picture is; chroma outside is neutral. */
  readonly area: Rect;
}

export interface ApplyChromaReply {
  readonly cb: Plane;
  readonly cr: Plane;
}

/**
 * From BT.601 color differences to those of `matrix`, and back toward gray where red, green or blue would leave 0..1 at
 * this luma: near black and white there is no room for color, and a player would clip it to a wrong hue and luma.
 */
function makeLegal({ cb, cr }: ChromaPair, luma: Float32Array, matrix: Matrix): void {
  const { kr, kb } = lumaWeights(matrix);
  const [cbFromCb, cbFromCr, crFromCb, crFromCr] = chromaFrom601(matrix);
  const toRed = 2 * (1 - kr);
  const toBlue = 2 * (1 - kb);
  const kg = 1 - kr - kb;
  const count = luma.length;
  const blues = cb.data;
  const reds = cr.data;
  for (let i = 0; i < count; i++) {
    const y = luma[i] ?? 0;
    const left = 1 - y;
    const cb601 = blues[i] ?? 0;
    const cr601 = reds[i] ?? 0;
    const blue = cbFromCb * cb601 + cbFromCr * cr601;
    const red = crFromCb * cb601 + crFromCr * cr601;
    const r = toRed * red;
    const b = toBlue * blue;
    const g = -(kr * r + kb * b) / kg;
    // The largest share of the offsets that stays inside: most samples need no reduction, and no division.
    let scale = 1;
    if (r > left) scale = left / r;
    else if (-r > y) scale = -y / r;
    if (g * scale > left) scale = left / g;
    else if (-g * scale > y) scale = -y / g;
    if (b * scale > left) scale = left / b;
    else if (-b * scale > y) scale = -y / b;
    blues[i] = blue * scale;
    reds[i] = red * scale;
  }
}

export function runApplyChroma(request: ApplyChromaRequest): ApplyChromaReply {
  const { source, grid, sampling, location, area } = request;
  const sites = chromaSites(sampling, location);
  const { stepX, stepY, siteX, siteY } = sites;
  const { width, height } = chromaSize(source.width, source.height, sampling);
  const left = Math.ceil(area.x / stepX);
  const top = Math.ceil(area.y / stepY);
  const right = Math.min(width, Math.ceil((area.x + area.width) / stepX));
  const bottom = Math.min(height, Math.ceil((area.y + area.height) / stepY));
  const guide = lumaAtChroma(request.plane, source, sites, {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
  });
  const cells = (data: Float32Array): FloatPlane => ({
    width: grid.width,
    height: grid.height,
    data: Float32Array.from(data),
  });
  // The middle of a chroma sample's luma samples is half a step on; its own place is its site.
  const shift = { x: (siteX + 0.5) / stepX - 0.5, y: (siteY + 0.5) / stepY - 0.5 };
  const color = jointUpsample({ cb: cells(grid.cb), cr: cells(grid.cr) }, guide, shift);
  makeLegal(color, guide.data, request.matrix);
  const placed = ({ data }: FloatPlane): Plane => {
    const { neutral, chromaSpan, max } = source.codes;
    const codes = codesFor(width * height, max).fill(neutral);
    for (let y = 0; y < guide.height; y++) {
      const to = (top + y) * width + left;
      const from = y * guide.width;
      for (let x = 0; x < guide.width; x++) codes[to + x] = neutral + (data[from + x] ?? 0) * chromaSpan + 0.5;
    }
    return codes;
  };
  return { cb: placed(color.cb), cr: placed(color.cr) };
}

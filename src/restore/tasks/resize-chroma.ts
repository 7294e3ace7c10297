import type { ChromaLocation, ChromaSampling } from '../../core/format.ts';
import { chromaSize } from '../../core/format.ts';
import type { Plane } from '../../core/frame.ts';
import { chromaMapping, chromaSites } from '../pixels/chroma-sites.ts';
import { chromaToCodes, chromaToFloat, codesFor, type PlaneCoding } from '../pixels/codes.ts';
import { catmullRom, resample, triangle } from '../pixels/resample.ts';
import { scratch } from '../pixels/scratch.ts';

/** Chroma planes brought to another picture size and depth. Sizes in `source` and `target` are those of luma. */
export interface ResizeChromaRequest {
  readonly task: 'resize-chroma';
  readonly planes: readonly Plane[];
  readonly sampling: ChromaSampling;
  readonly location: ChromaLocation;
  readonly source: PlaneCoding;
  readonly target: PlaneCoding;
}

export interface ResizeChromaReply {
  readonly planes: readonly Plane[];
}

/** Catmull-Rom upward, antialiased triangle downward; chroma keeps its place relative to luma. */
export function runResizeChroma({
  planes,
  sampling,
  location,
  source,
  target,
}: ResizeChromaRequest): ResizeChromaReply {
  const { stepX, stepY, siteX, siteY } = chromaSites(sampling, location);
  const from = chromaSize(source.width, source.height, sampling);
  const to = chromaSize(target.width, target.height, sampling);
  const options = {
    kernel: to.width < from.width ? triangle : catmullRom,
    horizontal: chromaMapping(
      { luma: source.width, step: stepX, site: siteX },
      { luma: target.width, step: stepX, site: siteX },
    ),
    vertical: chromaMapping(
      { luma: source.height, step: stepY, site: siteY },
      { luma: target.height, step: stepY, site: siteY },
    ),
  };
  return {
    planes: planes.map((plane) => {
      const data = scratch('chroma', plane.length);
      chromaToFloat(plane, source.codes, data);
      const sized = resample({ ...from, data }, to.width, to.height, options);
      const codes = codesFor(sized.data.length, target.codes.max);
      chromaToCodes(sized.data, target.codes, codes);
      return codes;
    }),
  };
}

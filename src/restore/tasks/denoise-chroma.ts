import { chromaSize, type ChromaLocation, type ChromaSampling } from '../../core/format.ts';
import type { Plane } from '../../core/frame.ts';
import { chromaSites } from '../pixels/chroma-sites.ts';
import { chromaToCodes, chromaToFloat, codesFor, floatPlane, type PlaneCoding } from '../pixels/codes.ts';
import { guidedFilter } from '../pixels/guided-filter.ts';
import { lumaAtChroma } from '../pixels/luma-at-chroma.ts';

/** Windows of 7 x 7 chroma samples: the best of 5, 7, 9 and 13 on average over noise levels. */
const RADIUS = 3;

/** Chroma planes freed from noise, guided by luma that is clean already. */
export interface DenoiseChromaRequest {
  readonly task: 'denoise-chroma';
  readonly planes: readonly Plane[];
  readonly sampling: ChromaSampling;
  readonly location: ChromaLocation;
  readonly source: PlaneCoding;
  /** Clean luma, coded as `target`. */
  readonly luma: Plane;
  readonly target: PlaneCoding;
  /** Noise level: sigma in 8-bit code values divided by 50. */
  readonly strength: number;
}

export interface DenoiseChromaReply {
  readonly planes: readonly Plane[];
}

export function runDenoiseChroma(request: DenoiseChromaRequest): DenoiseChromaReply {
  const { planes, sampling, location, source, target, luma, strength } = request;
  // Black-and-white film in a format with color: nothing to clean.
  if (planes.every(isOneValue)) return { planes: planes.map((plane) => recoded(plane, source, target)) };
  const size = chromaSize(source.width, source.height, sampling);
  const guide = lumaAtChroma(luma, target, chromaSites(sampling, location), { x: 0, y: 0, ...size });
  const unit = (source.codes.max + 1) / 256;
  const sigma = (50 * strength * unit) / source.codes.chromaSpan;
  const noisy = planes.map((plane) => {
    const float = floatPlane(size.width, size.height);
    chromaToFloat(plane, source.codes, float.data);
    return float;
  });
  return {
    planes: guidedFilter(noisy, guide, RADIUS, sigma).map(({ data }) => {
      const codes = codesFor(data.length, target.codes.max);
      chromaToCodes(data, target.codes, codes);
      return codes;
    }),
  };
}

function isOneValue(plane: Plane): boolean {
  const [first] = plane;
  for (const value of plane) if (value !== first) return false;
  return true;
}

/** A plane of one value in the target's codes. */
function recoded(plane: Plane, source: PlaneCoding, target: PlaneCoding): Plane {
  const float = new Float32Array(1);
  chromaToFloat(plane.subarray(0, 1), source.codes, float);
  const code = codesFor(1, target.codes.max);
  chromaToCodes(float, target.codes, code);
  return codesFor(plane.length, target.codes.max).fill(code[0] ?? 0);
}

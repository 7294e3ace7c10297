import type { ChromaLocation, ChromaSampling } from '../../core/format.ts';
import type { Mapping } from './resample.ts';

/** How chroma samples lie over luma samples along both axes. */
export interface ChromaSites {
  /** Luma samples from one chroma sample to the next. */
  readonly stepX: 1 | 2;
  readonly stepY: 1 | 2;
  /** Where the first chroma sample lies, in luma samples: 0 on the first luma sample, 0.5 between the first two. */
  readonly siteX: number;
  readonly siteY: number;
}

/** Sites of a sampling; an unspecified location is MPEG-2's and H.264's default, left. */
export function chromaSites(sampling: ChromaSampling, location: ChromaLocation): ChromaSites {
  const stepX = sampling === '420' || sampling === '422' ? 2 : 1;
  const stepY = sampling === '420' ? 2 : 1;
  const middleX = location === 'center' || location === 'top' || location === 'bottom';
  const top = location === 'topleft' || location === 'top';
  const bottom = location === 'bottomleft' || location === 'bottom';
  return {
    stepX,
    stepY,
    siteX: stepX === 2 && middleX ? 0.5 : 0,
    siteY: stepY === 1 || top ? 0 : bottom ? 1 : 0.5,
  };
}

/** One axis of one side of a chroma resampling. */
export interface ChromaAxis {
  /** Length of the luma axis in samples. */
  readonly luma: number;
  readonly step: 1 | 2;
  readonly site: number;
}

/** Where the chroma samples of `to` lie among those of `from`, so that color stays on the luma that it belongs to. */
export function chromaMapping(from: ChromaAxis, to: ChromaAxis): Mapping {
  const ratio = from.luma / to.luma;
  return {
    scale: (to.step * ratio) / from.step,
    offset: ((to.site + 0.5) * ratio - 0.5 - from.site) / from.step,
  };
}

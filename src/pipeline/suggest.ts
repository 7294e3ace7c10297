import type { MediaInfo } from '../core/media.ts';

export interface Suggestion {
  readonly preset: string;
  /** Why, as the end of "because ...". */
  readonly reason: string;
}

/** Luma noise (sigma in 8-bit codes) from which a picture looks grainy. */
const GRAINY_SIGMA = 3.5;
/** Lines of the largest standard-definition picture. */
const SD_LINES = 576;

/** Picks a preset from what the source looks like. */
export function suggestPreset({ video, diagnosis }: Pick<MediaInfo, 'video' | 'diagnosis'>): Suggestion {
  const noise = diagnosis.noiseSigma.toFixed(1);
  const interlaced = video.fieldOrder === 'tff' || video.fieldOrder === 'bff';
  if (diagnosis.blackAndWhite && !interlaced) {
    return { preset: 'bw-film', reason: `the picture is black-and-white (noise ${noise})` };
  }
  if (interlaced && video.telecine === 'none' && video.height <= SD_LINES) {
    return diagnosis.noiseSigma >= GRAINY_SIGMA
      ? { preset: 'vhs', reason: `it is interlaced standard definition with noise (${noise})` }
      : { preset: 'home-video', reason: `it is interlaced standard definition` };
  }
  if (diagnosis.noiseSigma >= GRAINY_SIGMA) return { preset: 'grainy-tv', reason: `the picture is noisy (${noise})` };
  if (video.height <= SD_LINES) return { preset: 'home-video', reason: 'it is standard definition with little noise' };
  return { preset: 'clean', reason: `the picture is clean (noise ${noise})` };
}

import type { BitDepth, ColorInfo } from './color.ts';
import type { Rational } from './rational.ts';

/** Chroma sampling of a planar format; 'gray' has no chroma planes. */
export type ChromaSampling = '420' | '422' | '444' | 'gray';
export type { BitDepth };

/** Planar formats that the pipeline works in: Y, then Cb and Cr where there is chroma; more than 8 bits are 16-bit words. */
export interface PixelFormat {
  readonly sampling: ChromaSampling;
  readonly bitDepth: BitDepth;
}

export type FieldOrder = 'progressive' | 'tff' | 'bff' | 'unknown';
export type ChromaLocation = 'left' | 'center' | 'topleft' | 'top' | 'bottomleft' | 'bottom' | 'unspecified';

export interface FrameFormat {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: PixelFormat;
  readonly color: ColorInfo;
  readonly sampleAspectRatio: Rational;
  readonly chromaLocation: ChromaLocation;
}

/** FFmpeg's name of a planar format: yuv420p10le, gray, ... */
export function pixelFormatName({ sampling, bitDepth }: PixelFormat): string {
  const depth = bitDepth === 8 ? '' : `${bitDepth}le`;
  return sampling === 'gray' ? `gray${depth}` : `yuv${sampling}p${depth}`;
}

export interface PlaneSize {
  readonly width: number;
  readonly height: number;
}

export const bytesPerSample = (format: PixelFormat): 1 | 2 => (format.bitDepth === 8 ? 1 : 2);

/** Size of a chroma plane in samples (odd sizes round up, as in FFmpeg); 0 x 0 for gray. */
export function chromaSize(width: number, height: number, sampling: ChromaSampling): PlaneSize {
  if (sampling === 'gray') return { width: 0, height: 0 };
  return {
    width: sampling === '444' ? width : (width + 1) >> 1,
    height: sampling === '420' ? (height + 1) >> 1 : height,
  };
}

/** Sizes of the planes of a picture in storage order: luma, then Cb and Cr where there is chroma. */
export function planeSizes(format: Pick<FrameFormat, 'width' | 'height' | 'pixelFormat'>): readonly PlaneSize[] {
  const luma = { width: format.width, height: format.height };
  if (format.pixelFormat.sampling === 'gray') return [luma];
  const chroma = chromaSize(format.width, format.height, format.pixelFormat.sampling);
  return [luma, chroma, chroma];
}

/** Bytes of one picture, planes packed without padding. */
export function frameBytes(format: Pick<FrameFormat, 'width' | 'height' | 'pixelFormat'>): number {
  const samples = planeSizes(format).reduce((sum, plane) => sum + plane.width * plane.height, 0);
  return samples * bytesPerSample(format.pixelFormat);
}

/** What is computed has more than 256 steps: pictures of 8 bits become ones of 10. */
export const deepened = (format: FrameFormat): FrameFormat =>
  format.pixelFormat.bitDepth === 8 ? { ...format, pixelFormat: { ...format.pixelFormat, bitDepth: 10 } } : format;

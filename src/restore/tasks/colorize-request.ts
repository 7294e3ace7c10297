import type { ChromaGrid, Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import type { ColorizeManifest, ResolvedModel } from '../models/schema.ts';
import type { FloatPlane, PlaneCoding } from '../pixels/codes.ts';
import { areaReduce, resample, triangle } from '../pixels/resample.ts';
import { scratch } from '../pixels/scratch.ts';

/** Luma to colors on a coarse grid. */
export interface ColorizeRequest {
  readonly task: 'colorize';
  readonly model: ResolvedModel & { readonly manifest: ColorizeManifest };
  readonly plane: Plane;
  readonly source: PlaneCoding;
  /** Where the picture is; only it is looked at. */
  readonly area: Rect;
  /** Of the annealed mean, for networks that give chances of colors. */
  readonly temperature: number;
  /** Gain of the result. */
  readonly saturation: number;
  /** 0: the most plausible colors; others: other plausible ones, from networks that give chances. */
  readonly seed: number;
}

export type ColorizeReply = ChromaGrid;

/** The picture that is looked at, 0..1. */
export function lumaOf({ plane, source, area }: ColorizeRequest): FloatPlane {
  const { black, span } = source.codes;
  const data = scratch('luma', area.width * area.height);
  for (let y = 0; y < area.height; y++) {
    const from = (area.y + y) * source.width + area.x;
    const to = y * area.width;
    for (let x = 0; x < area.width; x++) {
      const value = ((plane[from + x] ?? 0) - black) / span;
      data[to + x] = value < 0 ? 0 : value > 1 ? 1 : value;
    }
  }
  return { width: area.width, height: area.height, data };
}

/** Means where the picture shrinks, linear where it grows. */
export const sized = (picture: FloatPlane, width: number, height: number): FloatPlane =>
  width <= picture.width && height <= picture.height
    ? areaReduce(picture, width, height)
    : resample(picture, width, height, { kernel: triangle });

/** Long side in work sizes at most: the network's time and memory go with it, and a longer picture is a strip that shows nothing. */
const LONGEST = 8;

/** Size that the network works at: short side about `workSize`, both sides multiples; very long pictures are squeezed. */
export function workingSize(
  { width, height }: Pick<Rect, 'width' | 'height'>,
  { workSize, sizeMultiple }: Pick<ColorizeManifest, 'workSize' | 'sizeMultiple'>,
): { width: number; height: number } {
  const scale = workSize / Math.min(width, height);
  const side = (length: number): number =>
    Math.max(1, Math.round(Math.min(length * scale, LONGEST * workSize) / sizeMultiple)) * sizeMultiple;
  return { width: side(width), height: side(height) };
}

/** A request whose model is of one adapter. */
export type RequestFor<Manifest extends ColorizeManifest> = ColorizeRequest & {
  readonly model: { readonly manifest: Manifest };
};

/** A gain on color that stays within what Cb and Cr can be. */
export const saturated =
  (gain: number) =>
  (value: number): number =>
    Math.min(0.5, Math.max(-0.5, value * gain));

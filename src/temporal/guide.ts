import type { PlaneSize } from '../core/format.ts';
import { reduceLuma } from './gray.ts';
import { sampleAt, type MotionField } from './motion.ts';
import { prepareMotion, type MotionPicture } from './motion-picture.ts';
import type { Seen } from './shared.ts';

/** Short side of the pictures that motion is searched on, and the pixels of a cell there. */
const GUIDE_SIDE = 180;
const CELL = 8;

/** The small picture that motion is searched on. Made anew in every job that looks at the frame, so that nothing but planes is shared. */
export function guideOf(seen: Seen): MotionPicture {
  const { width, height } = seen.format;
  const finer = Math.max(1, Math.min(width, height) / GUIDE_SIDE);
  const side = (samples: number): number => Math.max(CELL, Math.round(samples / finer));
  return prepareMotion(reduceLuma(seen, side(width), side(height)));
}

/** Cells of a guide's motion field. */
export const cellsOf = ({ width, height }: MotionPicture): { readonly width: number; readonly height: number } => ({
  width: Math.ceil(width / CELL),
  height: Math.ceil(height / CELL),
});

/** Where a place of a large picture (in its samples, from the edge) has moved to, in whole samples. */
export function vectorAt(
  field: MotionField,
  { width, height }: PlaneSize,
  x: number,
  y: number,
): { readonly x: number; readonly y: number } {
  const u = (x * field.width) / width - 0.5;
  const v = (y * field.height) / height - 0.5;
  return {
    x: Math.round(sampleAt(field.x, field.width, field.height, u, v) * (width / field.pictureWidth)),
    y: Math.round(sampleAt(field.y, field.width, field.height, u, v) * (height / field.pictureHeight)),
  };
}

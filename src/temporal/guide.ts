import { reduceLuma } from './gray.ts';
import { prepareMotion, type MotionPicture } from './motion.ts';
import type { Seen } from './shared.ts';

/** Short side of the pictures that motion is searched on, and the pixels of a cell there. */
const GUIDE_SIDE = 180;
const CELL = 8;

/** The small picture that motion is searched on. */
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

import type { FrameFormat } from '../core/format.ts';
import type { Samples } from '../core/frame.ts';
import { reduceLuma, type Gray } from './gray.ts';
import { prepareMotion, type MotionPicture } from './motion.ts';
import { shared } from './shared.ts';

/** Short side of the pictures that motion is searched on, and the pixels of a cell there. */
const GUIDE_SIDE = 180;
const CELL = 8;

/** Makes the small picture that motion is searched on. */
export interface GuideJob {
  readonly job: 'guide';
  readonly format: FrameFormat;
  /** Luma. */
  readonly planes: readonly Samples[];
}

/** In shared memory: several jobs look at it. */
export function guided({ format, planes }: GuideJob): MotionPicture {
  const { width, height } = format;
  const finer = Math.max(1, Math.min(width, height) / GUIDE_SIDE);
  const side = (samples: number): number => Math.max(CELL, Math.round(samples / finer));
  const {
    width: w,
    height: h,
    levels,
    smallest,
  } = prepareMotion(reduceLuma({ format, planes }, side(width), side(height)));
  const kept = <T extends Gray>(picture: T): T => ({ ...picture, data: shared(picture.data) });
  return { width: w, height: h, levels: levels.map(kept), smallest: kept(smallest) };
}

/** Cells of a guide's motion field. */
export const cellsOf = ({ width, height }: MotionPicture): { readonly width: number; readonly height: number } => ({
  width: Math.ceil(width / CELL),
  height: Math.ceil(height / CELL),
});

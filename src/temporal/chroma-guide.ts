import { z } from 'zod';
import type { ChromaGrid, Frame } from '../core/frame.ts';
import type { Rect } from '../core/media.ts';
import { clamp, reduceLuma } from './gray.ts';
import { prepareMotion, type MotionPicture } from './motion-picture.ts';

const whole = z.number().int().min(0);
/** Option of the stages that work on color grids. */
export const areaOption = z
  .object({ x: whole, y: whole, width: whole.min(2), height: whole.min(2) })
  .optional()
  .describe('Where the picture is between black bars that were not cut off: what the color grid lies over');

/** Short side of the luma pictures that motion of color is searched on. */
const GUIDE_SIDE = 64;

/** The frame's luma made ready for motion search: a whole number of pixels a cell of its color grid. */
export function guidePicture(frame: Frame, grid: ChromaGrid, area: Rect | undefined): MotionPicture {
  const finer = clamp(Math.round(GUIDE_SIDE / Math.min(grid.width, grid.height)), 1, 8);
  return prepareMotion(reduceLuma(frame, grid.width * finer, grid.height * finer, area));
}

/** Whether a place, in cells, lies in the picture: beyond its border there is nothing to compare with. */
export const isInside = ({ width, height }: Pick<ChromaGrid, 'width' | 'height'>, u: number, v: number): boolean =>
  u > -0.75 && v > -0.75 && u < width - 0.25 && v < height - 0.25;

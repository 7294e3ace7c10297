import type { Frame } from '../core/frame.ts';
import type { Rect } from '../core/media.ts';
import { guidePicture } from './chroma-guide.ts';
import type { SeenColor } from './chroma-motion-job.ts';
import type { SharedPool } from './shared.ts';

/** Color of a frame and the luma under it in memory from a pool, without motion yet; undefined for a frame without color. */
export function seenColor(
  frame: Frame,
  area: Rect | undefined,
  pool: SharedPool,
): (SeenColor & { readonly motion: Float32Array[] }) | undefined {
  const grid = frame.chromaGrid;
  if (!grid) return undefined;
  const { width, height, cb, cr, confidence } = grid;
  const picture = guidePicture(frame, grid, area);
  const colors = new Float32Array(3 * cb.length);
  for (const [i, values] of [cb, cr, confidence].entries()) colors.set(values, i * cb.length);
  return {
    ...{ width, height, pictureWidth: picture.width, pictureHeight: picture.height },
    ...{ picture: pool.copy(picture.data), colors: pool.copy(colors), motion: [] },
  };
}

/** Gives everything that it lies in back. */
export function giveColor({ picture, colors, motion }: SeenColor, pool: SharedPool): void {
  for (const memory of [picture, colors, ...motion]) if (memory) pool.give(memory);
}

/** Whether cells of one are those of the other. */
export const sameCells = (one: SeenColor, other: SeenColor): boolean =>
  one.width === other.width && one.height === other.height;

import type { Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import { roundUp, type Tile } from './tiles.ts';

/** Sides of what is computed again are multiples of it, so that a network meets few sizes. */
const GRAIN = 32;

/**
 * The smallest box that holds every sample of `region` in which two planes of `stride` samples a row differ; undefined
 * when none does.
 */
export function changedBox(before: Plane, now: Plane, stride: number, region: Rect): Rect | undefined {
  const { x, y, width, height } = region;
  /** First column from `from` on in which the row differs, at most `to`. */
  const first = (row: number, from: number, to: number): number => {
    const start = row * stride;
    let column = from;
    while (column < to && before[start + column] === now[start + column]) column++;
    return column;
  };
  let top = y;
  while (top < y + height && first(top, x, x + width) === x + width) top++;
  if (top === y + height) return undefined;
  let bottom = y + height;
  while (first(bottom - 1, x, x + width) === x + width) bottom--;
  let left = x + width;
  let right = x;
  for (let row = top; row < bottom; row++) {
    left = first(row, x, left);
    const start = row * stride;
    let end = x + width;
    while (end > right && before[start + end - 1] === now[start + end - 1]) end--;
    right = end;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The box around all boxes, cut at `region`; undefined when there is none. */
export function joinBoxes(boxes: readonly (Rect | undefined)[], region: Rect): Rect | undefined {
  const there = boxes.filter((box) => box !== undefined);
  if (there.length === 0) return undefined;
  const x = Math.max(region.x, Math.min(...there.map((box) => box.x)));
  const y = Math.max(region.y, Math.min(...there.map((box) => box.y)));
  const right = Math.min(region.x + region.width, Math.max(...there.map((box) => box.x + box.width)));
  const bottom = Math.min(region.y + region.height, Math.max(...there.map((box) => box.y + box.height)));
  return right > x && bottom > y ? { x, y, width: right - x, height: bottom - y } : undefined;
}

interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The part of a tile whose result may differ when `changed` samples of the `picture` did; undefined when none may.
 * `padded` is the size that the picture is fed with (its last samples repeat), `reach` the halo.
 */
export function changedPart(
  tile: Tile,
  changed: Rect | undefined,
  picture: PictureSize,
  padded: PictureSize,
  reach: number,
  multiple: number,
): Tile | undefined {
  if (!changed) return undefined;
  const grain = roundUp(GRAIN, multiple);
  const along = (
    at: number,
    length: number,
    whole: number,
    padding: number,
    start: number,
    size: number,
  ): readonly [from: number, to: number] => {
    const end = at + length === whole ? padding : at + length;
    // On the tile's own grain: its core begins at a multiple already.
    const from = start + Math.floor(Math.max(0, at - reach - start) / grain) * grain;
    return [from, Math.min(start + size, start + roundUp(Math.max(0, end + reach - start), grain))];
  };
  const [x, right] = along(changed.x, changed.width, picture.width, padded.width, tile.x, tile.width);
  const [y, bottom] = along(changed.y, changed.height, picture.height, padded.height, tile.y, tile.height);
  if (right <= x || bottom <= y) return undefined;
  const [inX, inY] = [Math.max(0, x - reach), Math.max(0, y - reach)];
  return {
    x,
    y,
    width: right - x,
    height: bottom - y,
    inX,
    inY,
    inWidth: Math.min(padded.width, right + reach) - inX,
    inHeight: Math.min(padded.height, bottom + reach) - inY,
  };
}

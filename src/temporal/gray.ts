import type { FrameFormat } from '../core/format.ts';
import type { Samples } from '../core/frame.ts';
import { codeRange } from '../core/color.ts';
import type { Rect } from '../core/media.ts';

/** A small luma picture: row-major, 0..1 (values a little outside are possible in limited-range sources). */
export interface Gray {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Numbers that a picture is made from; source of `reduceArea`. */
interface Numbers {
  readonly [index: number]: number;
  readonly length: number;
}

interface ReduceOptions {
  readonly scale?: number;
  readonly offset?: number;
  readonly area?: Rect | undefined;
}

/** Samples on a side that a cell's mean is taken from at most: more tell no more, and cost time in large pictures. */
const ENOUGH = 8;

/**
 * Averages a picture into `toWidth` x `toHeight` cells whose edges are rounded to whole samples; of large cells, evenly
 * spread samples. Where there are fewer samples than cells, the nearest sample is repeated.
 * `area`: the part that is looked at, all by default. `scale` and `offset`: result = (mean - offset) * scale.
 */
export function reduceArea(
  samples: Numbers,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
  { scale = 1, offset = 0, area = { x: 0, y: 0, width, height } }: ReduceOptions = {},
): Gray {
  const data = new Float32Array(toWidth * toHeight);
  const left = edges(area.x, area.width, toWidth);
  const top = edges(area.y, area.height, toHeight);
  const stepX = Math.max(1, Math.floor(area.width / toWidth / ENOUGH));
  const stepY = Math.max(1, Math.floor(area.height / toHeight / ENOUGH));
  for (let cy = 0; cy < toHeight; cy++) {
    const y0 = top[2 * cy] ?? 0;
    const y1 = top[2 * cy + 1] ?? 0;
    for (let cx = 0; cx < toWidth; cx++) {
      const x0 = left[2 * cx] ?? 0;
      const x1 = left[2 * cx + 1] ?? 0;
      let sum = 0;
      let count = 0;
      for (let y = y0; y < y1; y += stepY) {
        const row = y * width;
        for (let x = x0; x < x1; x += stepX) {
          sum += samples[row + x] ?? 0;
          count++;
        }
      }
      data[cy * toWidth + cx] = (sum / count - offset) * scale;
    }
  }
  return { width: toWidth, height: toHeight, data };
}

/** First and past-last sample of each cell, at least one sample wide. */
function edges(origin: number, samples: number, cells: number): Int32Array {
  const out = new Int32Array(cells * 2);
  for (let i = 0; i < cells; i++) {
    const start = Math.min(samples - 1, Math.floor((i * samples) / cells));
    out[2 * i] = origin + start;
    out[2 * i + 1] = origin + Math.max(start + 1, Math.floor(((i + 1) * samples) / cells));
  }
  return out;
}

/** The luma plane of a frame, or a part of it, averaged into cells; black = 0 and white = 1. */
export function reduceLuma(
  frame: { readonly format: FrameFormat; readonly planes: readonly Samples[] },
  toWidth: number,
  toHeight: number,
  area?: Rect,
): Gray {
  const { width, height, color, pixelFormat }: FrameFormat = frame.format;
  const codes = codeRange(color.range, pixelFormat.bitDepth);
  return reduceArea(frame.planes[0] ?? [], width, height, toWidth, toHeight, {
    ...{ scale: 1 / codes.span, offset: codes.black, area },
  });
}

/** Middle value (lower of the two for an even count); does not change the order of `values`. 0 for none. */
export function median(values: ArrayLike<number>): number {
  const some = new Float64Array(values);
  const middle = (some.length - 1) >> 1;
  let [low, high] = [0, some.length - 1];
  // Parts what is left at one of its values until only the middle is left. Which one varies: no order makes it slow.
  for (let turn = 0.5; low < high; turn = (turn + 0.618) % 1) {
    const pivot = some[low + Math.floor(turn * (high - low))] ?? 0;
    let [i, j] = [low, high];
    while (i <= j) {
      while ((some[i] ?? 0) < pivot) i++;
      while ((some[j] ?? 0) > pivot) j--;
      if (i > j) break;
      const value = some[i] ?? 0;
      some[i++] = some[j] ?? 0;
      some[j--] = value;
    }
    if (middle <= j) high = j;
    else if (middle >= i) low = i;
    else break;
  }
  return some[middle] ?? 0;
}

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

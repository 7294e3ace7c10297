import { z } from 'zod';
import { codeRange, type CodeRange } from '../core/color.ts';
import { planeSizes } from '../core/format.ts';
import type { Frame, FrameStream, Plane } from '../core/frame.ts';
import { BufferPool } from '../core/pool.ts';
import { SharedPicture } from '../core/shared-picture.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import {
  composeBrightness,
  invertBrightness,
  relateBrightness,
  SAME_BRIGHTNESS,
  type BrightnessMap,
} from './brightness.ts';
import { clamp, median, reduceLuma } from './gray.ts';
import { overWindow } from './window.ts';

export const deflickerOptions = z.strictObject({
  strength: z.number().min(0).max(1).default(0.7).describe('0 leaves brightness as it is, 1 evens it out fully'),
  radius: z.number().int().min(1).max(24).default(8).describe('Neighbors on each side that say how bright is right'),
});
export type DeflickerOptions = z.infer<typeof deflickerOptions>;

/** Cells that brightness is compared on: large enough that grain is gone, enough of them that what moves is outvoted. */
const CELLS_X = 32;
const CELLS_Y = 24;
/** The most that a frame's contrast is changed by. */
const MAX_GAIN = 1.35;
/** Light tones that are off by the first factor pump; those by the second are lightning, a shot, a lamp, and meant to be. */
const [PUMPING, FLASH] = [1.4, 1.8];
/** Slope toward black and white where a map would clip: tones are pushed together there, not lost. */
const SOFT = 0.5;

/** A picture that is shown by up to so many frames in a row is seen from the middle of them, and is the same in all. */
const MOST_REPEATS = 4;

interface Item {
  readonly means: Float32Array;
  /** Brightness of this frame to that of the frame before it; set when the pair is first looked at. */
  before?: BrightnessMap;
}

/**
 * Evens out brightness that pumps from frame to frame. The map (gain and offset) between neighbors comes from most of the
 * picture, so that what moves through it has no say; maps joined along the shot show how each frame's tones go up and
 * down; a line through that in time, fitted around the frame, is where they belong. So fades and slow changes stay.
 * Luma goes through a table; chroma is untouched. Nothing that was inside the range is clipped.
 */
export function deflicker({ strength, radius }: DeflickerOptions): Stage {
  const pool = new BufferPool();
  async function* run(frames: FrameStream, context: StageContext): FrameStream {
    let last: Made | undefined;
    const finish = (frame: Frame, items: readonly Item[], middle: number): Frame => {
      const map = correction(items, middle, radius);
      const { color, pixelFormat } = frame.format;
      const table = lumaTable(map, strength, codeRange(color.range, pixelFormat.bitDepth));
      if (!table) return frame;
      if (last && madeFrom(last, frame, table)) frame.dispose();
      else {
        const result = new SharedPicture(applyTable(frame, table, pool));
        last?.result.release();
        last = { source: frame.planes, table, result };
      }
      const result = last.result.at(frame);
      return frame.chromaGrid ? { ...result, chromaGrid: frame.chromaGrid } : result;
    };
    try {
      yield* overWindow(frames, radius, { prepare, fits: () => true, finish }, context);
    } finally {
      last?.result.release();
    }
  }
  return {
    kind: 'deflicker',
    temporalRadius: strength === 0 ? 0 : radius,
    outputFormat: (input) => input,
    run: (frames, context) => (strength === 0 ? frames : run(frames, context)),
  };
}

/** What the last frame that was changed became, and from what: one that shows the same, and is changed in the same way, shares it. */
interface Made {
  readonly source: Frame['planes'];
  readonly table: Uint16Array;
  readonly result: SharedPicture;
}

const madeFrom = ({ source, table }: Made, { planes }: Frame, wanted: Uint16Array): boolean =>
  planes.every((plane, i) => plane === source[i]) && equal(table, wanted);

const equal = (one: ArrayLike<number>, other: ArrayLike<number>): boolean => {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
};

const prepare = (frame: Frame): Item => ({ means: reduceLuma(frame, CELLS_X, CELLS_Y).data });

/** Map from a frame to the one before it. */
function toPrevious(item: Item | undefined, previous: Item | undefined): BrightnessMap {
  if (!item || !previous) return SAME_BRIGHTNESS;
  item.before ??= relateBrightness(item.means, previous.means);
  return item.before;
}

/**
 * The first and the last of the frames that show the picture of the middle one. A picture that is held for longer counts as so
 * many different ones: nothing but itself would be in sight of all of its frames.
 */
function heldOver(items: readonly Item[], middle: number, radius: number): readonly [first: number, last: number] {
  const same = (i: number, j: number): boolean => equal(items[i]?.means ?? [], items[j]?.means ?? []);
  let [first, last] = [middle, middle];
  while (first > 0 && same(first - 1, first)) first--;
  while (last + 1 < items.length && same(last, last + 1)) last++;
  return last - first < Math.min(MOST_REPEATS, radius) ? [first, last] : [middle, middle];
}

/** The map that brings the middle frame to where its neighborhood says that it belongs. */
function correction(items: readonly Item[], middle: number, radius: number): BrightnessMap {
  const [first, last] = heldOver(items, middle, radius);
  const center = (first + last) / 2;
  const maps: { readonly distance: number; readonly map: BrightnessMap }[] = [];
  for (let i = first; i <= last; i++) maps.push({ distance: i - center, map: SAME_BRIGHTNESS });
  // Frames that all of them see, and no more.
  for (let map = SAME_BRIGHTNESS, i = first; i > Math.max(0, last - radius); i--) {
    map = composeBrightness(map, toPrevious(items[i], items[i - 1]));
    maps.push({ distance: i - 1 - center, map });
  }
  for (let map = SAME_BRIGHTNESS, i = last + 1; i <= Math.min(items.length - 1, first + radius); i++) {
    map = composeBrightness(map, invertBrightness(toPrevious(items[i], items[i - 1])));
    maps.push({ distance: i - center, map });
  }
  // Two tones of this frame stand for all: the map is a line.
  const sorted = Float32Array.from(items[middle]?.means ?? []).sort();
  const dark = sorted[Math.floor(sorted.length * 0.15)] ?? 0;
  const light = Math.max(sorted[Math.floor(sorted.length * 0.85)] ?? 1, dark + 0.15);
  const belongs = (tone: number): number =>
    centerOfLine(
      maps.map(({ distance, map }) => ({ x: distance, y: map.gain * tone + map.offset })),
      radius,
    );
  const [low, high] = [belongs(dark), belongs(light)];
  const gain = clamp((high - low) / (light - dark), 1 / MAX_GAIN, MAX_GAIN);
  const offset = (low + high) / 2 - (gain * (dark + light)) / 2;
  const share = clamp((FLASH - (high > 0 ? Math.max(high / light, light / high) : FLASH)) / (FLASH - PUMPING), 0, 1);
  return { gain: 1 + share * (gain - 1), offset: share * offset };
}

/** Height at x = 0 of a line through the points; near ones count more, single ones that lie far off little. */
function centerOfLine(points: readonly { readonly x: number; readonly y: number }[], radius: number): number {
  let center = median(points.map(({ y }) => y));
  let slope = 0;
  const spread = 1.4826 * median(points.map(({ y }) => Math.abs(y - center))) + 0.01;
  for (let round = 0; round < 3; round++) {
    let [sw, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
    for (const { x, y } of points) {
      const near = Math.exp(-0.5 * (x / (0.6 * radius)) ** 2);
      const weight = near / (1 + ((y - center - slope * x) / (2.5 * spread)) ** 2);
      sw += weight;
      sx += weight * x;
      sy += weight * y;
      sxx += weight * x * x;
      sxy += weight * x * y;
    }
    const determinant = sw * sxx - sx * sx;
    slope = determinant > 1e-9 ? (sw * sxy - sx * sy) / determinant : 0;
    center = (sy - slope * sx) / sw;
  }
  return center;
}

/** Code to code; undefined when nothing changes. Rises with the code, keeps black and white inside the range. */
export function lumaTable(map: BrightnessMap, strength: number, codes: CodeRange): Uint16Array | undefined {
  const gain = 1 + strength * (map.gain - 1);
  const offset = strength * map.offset;
  const line = (value: number): number => gain * value + offset;
  const inside = (value: number): number => Math.max(Math.min(line(value), 1 - SOFT * (1 - value)), SOFT * value);
  const bend = (value: number): number => {
    if (value > 1) return inside(1) + value - 1;
    return value < 0 ? inside(0) + value : inside(value);
  };
  const table = new Uint16Array(codes.max + 1);
  let same = true;
  for (let code = 0; code < table.length; code++) {
    const value = Math.round(codes.black + codes.span * bend((code - codes.black) / codes.span));
    table[code] = clamp(value, 0, codes.max);
    if (table[code] !== code) same = false;
  }
  return same ? undefined : table;
}

/** A new frame whose luma went through the table; all planes in one piece of pooled memory. The old one is disposed. */
function applyTable(frame: Frame, table: Uint16Array, pool: BufferPool): Frame {
  const { index, pts, duration, format, chromaGrid } = frame;
  const wide = format.pixelFormat.bitDepth > 8;
  const sizes = planeSizes(format).map(({ width, height }) => width * height);
  const buffer = pool.take(sizes.reduce((sum, size) => sum + size, 0) * (wide ? 2 : 1));
  let start = 0;
  const planes = sizes.map((size, i): Plane => {
    const plane = wide
      ? new Uint16Array(buffer.buffer, buffer.byteOffset + start, size)
      : new Uint8Array(buffer.buffer, buffer.byteOffset + start, size);
    start += plane.byteLength;
    const source = frame.planes[i] ?? new Uint8Array();
    if (i > 0) plane.set(source);
    else for (let at = 0; at < size; at++) plane[at] = table[source[at] ?? 0] ?? 0;
    return plane;
  });
  frame.dispose();
  let disposed = false;
  const dispose = (): void => {
    if (!disposed) pool.give(buffer);
    disposed = true;
  };
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose };
}

import { z } from 'zod';
import { codeRange, type CodeRange } from '../core/color.ts';
import { planeSizes } from '../core/format.ts';
import type { Frame, Plane } from '../core/frame.ts';
import type { Stage } from '../core/stage.ts';
import { relateTones } from './brightness.ts';
import { clamp, reduceLuma } from './gray.ts';
import { estimateMotion, prepareMotion, sampleAt, type MotionField, type MotionPicture } from './motion.ts';
import { between, findDirt, type Dirt } from './dirt.ts';
import { BLOCK, blockAt, noiseBetween, type Neighbor, type Offset, type SpeckLimits, type Triple } from './specks.ts';
import { overWindow, type WindowWork } from './window.ts';

export const dustOptions = z.strictObject({
  strength: z.number().min(0).max(1).default(0.5).describe('0 leaves everything, 1 takes faint specks too'),
});
export type DustOptions = z.infer<typeof dustOptions>;

/** One neighbor on each side, or two on one at the ends of a shot. */
const RADIUS = 2;
/** Short side of the pictures that motion is searched on, and the pixels of a cell there. */
const GUIDE_SIDE = 180;
const CELL = 8;
/** Limits at strength 0.5, in 8-bit codes, and how many sigmas of noise come on top. */
const SEED = { codes: 10, sigmas: 3 };
const EDGE = { codes: 4, sigmas: 1.2 };
const SAME = { codes: 5, sigmas: 1.5 };

/** What is kept of a frame: copies of its planes as they came, and its small luma. */
interface Item {
  readonly frame: Pick<Frame, 'index' | 'format'>;
  readonly planes: readonly Plane[];
  readonly picture: MotionPicture;
  readonly cells: { readonly width: number; readonly height: number };
}

/**
 * Takes away dust, dirt and hairs: what is in one frame only, small, and surrounded by what all three frames have. It is
 * replaced by the mean of the neighbors along motion. Scratches that stay where they are over several frames are not found.
 */
export function dust({ strength }: DustOptions): Stage {
  return {
    kind: 'dust',
    temporalRadius: strength === 0 ? 0 : RADIUS,
    outputFormat: (input) => input,
    run: (frames, context) => (strength === 0 ? frames : overWindow(frames, RADIUS, work(strength), context)),
  };
}

const work = (strength: number): WindowWork<Item> => ({
  prepare,
  fits: ({ frame: { format: a } }, { frame: { format: b } }) => a.width === b.width && a.height === b.height,
  finish: (frame, items, middle) => clean(frame, items, middle, strength),
});

function prepare(frame: Frame): Item {
  const { width, height } = frame.format;
  const finer = Math.max(1, Math.min(width, height) / GUIDE_SIDE);
  const guide = {
    width: Math.max(CELL, Math.round(width / finer)),
    height: Math.max(CELL, Math.round(height / finer)),
  };
  return {
    frame: { index: frame.index, format: frame.format },
    planes: frame.planes.map((plane) => plane.slice()),
    picture: prepareMotion(reduceLuma(frame, guide.width, guide.height)),
    cells: { width: Math.ceil(guide.width / CELL), height: Math.ceil(guide.height / CELL) },
  };
}

/** Two frames that the middle one is compared with: on both sides, at an end of the shot on the same one. */
function neighborsOf(items: readonly Item[], middle: number): readonly [Item, Item] | undefined {
  const [before, after] = [items[middle - 1], items[middle + 1]];
  const [one, other] = [before ?? items[middle + 2], after ?? items[middle - 2]];
  return one && other ? [one, other] : undefined;
}

function clean(frame: Frame, items: readonly Item[], middle: number, strength: number): Frame {
  const own = items[middle];
  const neighbors = neighborsOf(items, middle);
  const luma = own?.planes[0];
  if (!own || !luma || !neighbors) return frame;
  const { width, height, color, pixelFormat } = frame.format;
  const codes = codeRange(color.range, pixelFormat.bitDepth);
  const [before, after] = [neighborOf(own, neighbors[0], codes), neighborOf(own, neighbors[1], codes)];
  const triple: Triple = { width, height, luma, before, after };
  const dirt = findDirt(triple, limitsFor(strength, noiseBetween(triple), 2 ** (pixelFormat.bitDepth - 8)));
  if (dirt.length === 0) return frame;
  const planes = repaired(own, triple, dirt, neighbors, codes);
  const { index, pts, duration, format, chromaGrid } = frame;
  frame.dispose();
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
}

function limitsFor(strength: number, sigma: number, unit: number): SpeckLimits {
  const bold = 1.5 - strength;
  const limit = ({ codes, sigmas }: typeof SEED): number => codes * unit + sigmas * sigma;
  return { seed: bold * limit(SEED), edge: bold * limit(EDGE), same: limit(SAME) };
}

/** How a neighbor is compared with: its brightness leveled, and motion in whole samples for each block. */
function neighborOf(own: Item, other: Item, codes: CodeRange): Neighbor {
  const { gain, offset } = relateTones(other.picture.smallest.data, own.picture.smallest.data);
  const tone = Float32Array.from(
    { length: codes.max + 1 },
    (_, code) => codes.black + gain * (code - codes.black) + offset * codes.span,
  );
  const motion = estimateMotion(own.picture, other.picture, own.cells.width, own.cells.height);
  const luma = other.planes[0] ?? new Uint8Array();
  return { luma, tone, ...blockVectors(motion, own.frame.format) };
}

function blockVectors(
  motion: MotionField,
  { width, height }: { readonly width: number; readonly height: number },
): Pick<Neighbor, 'x' | 'y'> {
  const [across, down] = [Math.ceil(width / BLOCK), Math.ceil(height / BLOCK)];
  const [x, y] = [new Int16Array(across * down), new Int16Array(across * down)];
  const [scaleX, scaleY] = [width / motion.pictureWidth, height / motion.pictureHeight];
  for (let block = 0; block < x.length; block++) {
    const u = (((block % across) + 0.5) * BLOCK * motion.width) / width - 0.5;
    const v = ((Math.floor(block / across) + 0.5) * BLOCK * motion.height) / height - 0.5;
    x[block] = Math.round(sampleAt(motion.x, motion.width, motion.height, u, v) * scaleX);
    y[block] = Math.round(sampleAt(motion.y, motion.width, motion.height, u, v) * scaleY);
  }
  return { x, y };
}

/** New planes: luma as the neighbors have it, chroma wherever a sample of luma was replaced. */
function repaired(
  own: Item,
  triple: Triple,
  dirt: readonly Dirt[],
  neighbors: readonly Item[],
  { max }: CodeRange,
): readonly Plane[] {
  const { width, height } = triple;
  const planes = own.planes.map((plane) => plane.slice());
  const sizes = planeSizes(own.frame.format);
  for (const speck of dirt) {
    for (const place of speck.at) {
      const [x, y] = [place % width, Math.floor(place / width)];
      const value = between(triple, speck, x, y);
      const [luma, ...chroma] = planes;
      if (value === undefined || !luma) continue;
      luma[place] = clamp(Math.round(value), 0, max);
      for (const [i, plane] of chroma.entries()) {
        const size = sizes[i + 1] ?? { width: 1, height: 1 };
        const [cx, cy] = [Math.floor((x * size.width) / width), Math.floor((y * size.height) / height)];
        const shift = (vectors: Neighbor, offset: Offset): Offset => {
          const block = blockAt(width, x, y);
          return {
            x: clamp(cx + Math.round((((vectors.x[block] ?? 0) + offset.x) * size.width) / width), 0, size.width - 1),
            y: clamp(
              cy + Math.round((((vectors.y[block] ?? 0) + offset.y) * size.height) / height),
              0,
              size.height - 1,
            ),
          };
        };
        const places = [shift(triple.before, speck.before), shift(triple.after, speck.after)];
        const values = places.map((at, k) => neighbors[k]?.planes[i + 1]?.[at.y * size.width + at.x] ?? 0);
        plane[cy * size.width + cx] = Math.round(((values[0] ?? 0) + (values[1] ?? 0)) / 2);
      }
    }
  }
  return planes;
}

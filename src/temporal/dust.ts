import { z } from 'zod';
import { codeRange, type CodeRange } from '../core/color.ts';
import { planeSizes } from '../core/format.ts';
import type { Frame, Plane } from '../core/frame.ts';
import type { Stage } from '../core/stage.ts';
import { relateTones } from './brightness.ts';
import { clamp, reduceLuma } from './gray.ts';
import { estimateMotion, prepareMotion, sampleAt, type MotionField, type MotionPicture } from './motion.ts';
import { between, BLOCK, findSpecks, noiseBetween, type Neighbor, type SpeckLimits, type Triple } from './specks.ts';
import { overWindow, type WindowWork } from './window.ts';

export const dustOptions = z.strictObject({
  strength: z.number().min(0).max(1).default(0.5).describe('0 leaves everything, 1 takes faint specks too'),
});
export type DustOptions = z.infer<typeof dustOptions>;

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
 * replaced by the mean of the neighbors along motion. Scratches that stay where they are over several frames are not found,
 * nor is anything in the first and the last frame of a shot.
 */
export function dust({ strength }: DustOptions): Stage {
  return {
    kind: 'dust',
    temporalRadius: strength === 0 ? 0 : 1,
    outputFormat: (input) => input,
    run: (frames, context) => (strength === 0 ? frames : overWindow(frames, 1, work(strength), context)),
  };
}

const work = (strength: number): WindowWork<Item> => ({
  prepare,
  fits: ({ frame: { format: a } }, { frame: { format: b } }) => a.width === b.width && a.height === b.height,
  finish: (frame, items, middle) => clean(frame, items[middle - 1], items[middle], items[middle + 1], strength),
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

function clean(frame: Frame, before?: Item, own?: Item, after?: Item, strength = 0): Frame {
  const luma = own?.planes[0];
  if (!before || !own || !after || !luma) return frame;
  const { width, height, color, pixelFormat } = frame.format;
  const codes = codeRange(color.range, pixelFormat.bitDepth);
  const triple: Triple = {
    ...{ width, height, luma },
    before: neighborOf(own, before, codes),
    after: neighborOf(own, after, codes),
  };
  const mask = findSpecks(triple, limitsFor(strength, noiseBetween(triple), 2 ** (pixelFormat.bitDepth - 8)));
  if (!mask) return frame;
  const planes = repaired(own, triple, mask, [before, after], codes);
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
  mask: Uint8Array,
  neighbors: readonly Item[],
  { max }: CodeRange,
): readonly Plane[] {
  const { width, height } = triple;
  const sizes = planeSizes(own.frame.format);
  const planes = own.planes.map((plane) => plane.slice());
  const [luma] = planes;
  for (let place = 0; place < mask.length; place++) {
    if (mask[place] === 0 || !luma) continue;
    const [x, y] = [place % width, Math.floor(place / width)];
    const value = between(triple, x, y);
    if (value === undefined) continue;
    luma[place] = clamp(Math.round(value), 0, max);
    for (const [i, plane] of planes.entries()) {
      const size = sizes[i];
      if (i === 0 || !size) continue;
      const [cx, cy] = [Math.floor((x * size.width) / width), Math.floor((y * size.height) / height)];
      plane[cy * size.width + cx] = meanChroma(neighbors, triple, i, size, [cx, cy], [x, y]);
    }
  }
  return planes;
}

/** Mean of a chroma sample in both neighbors, along the motion of the luma sample above it. */
function meanChroma(
  neighbors: readonly Item[],
  { width, height, before, after }: Triple,
  plane: number,
  size: { readonly width: number; readonly height: number },
  [cx, cy]: readonly [number, number],
  [x, y]: readonly [number, number],
): number {
  const block = Math.floor(y / BLOCK) * Math.ceil(width / BLOCK) + Math.floor(x / BLOCK);
  const sum = [before, after].reduce((total, vectors, i) => {
    const u = clamp(cx + Math.round(((vectors.x[block] ?? 0) * size.width) / width), 0, size.width - 1);
    const v = clamp(cy + Math.round(((vectors.y[block] ?? 0) * size.height) / height), 0, size.height - 1);
    return total + (neighbors[i]?.planes[plane]?.[v * size.width + u] ?? 0);
  }, 0);
  return Math.round(sum / 2);
}

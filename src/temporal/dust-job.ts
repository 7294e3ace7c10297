import { codeRange, type CodeRange } from '../core/color.ts';
import { planeSizes, type PlaneSize } from '../core/format.ts';
import type { Plane, Samples } from '../core/frame.ts';
import { relateTones } from './brightness.ts';
import { between, findDirt, type Dirt } from './dirt.ts';
import { clamp } from './gray.ts';
import { cellsOf, guideOf, vectorAt } from './guide.ts';
import { estimateMotion, type MotionField } from './motion.ts';
import type { MotionPicture } from './motion-picture.ts';
import type { Seen, Surrounded } from './shared.ts';
import { BLOCK, blockAt, noiseBetween, type Neighbor, type Offset, type SpeckLimits, type Triple } from './specks.ts';
import { toneTable } from './tones.ts';

/** Takes dirt away that a picture has and its neighbors do not. */
export interface DustJob extends Surrounded {
  readonly job: 'dust';
  /** 0..1 */
  readonly strength: number;
}

/** Limits at strength 0.5, in 8-bit codes, and how many sigmas of noise come on top. */
const SEED = { codes: 10, sigmas: 3 };
const EDGE = { codes: 4, sigmas: 1.2 };
const SAME = { codes: 5, sigmas: 1.5 };

/**
 * Larger things are not taken for dirt: share of the picture. In a picture that is shown twice a hand that waves is as far from where
 * it was as dirt is from nothing: only what is small can be told from it.
 */
const LARGEST = 0.004;
const LARGEST_HELD = 0.00015;

/** Mean absolute difference of two noisy samples, in sigmas of one: 2 / sqrt(pi), and what playing it safe adds. */
const DIFFERENCE = 1.3;

/** Two pictures that the one in the middle is compared with: on both sides, at an end of the shot on the same one. */
function neighborsOf({ before, after }: Surrounded): readonly [Seen, Seen] | undefined {
  const [one, other] = [before[0] ?? after[1], after[0] ?? before[1]];
  return one && other ? [one, other] : undefined;
}

/** See `Triple`: the second one on a side is twice as far away. */
function onwardOf({ before, after }: Surrounded): number {
  if (!before[0]) return 0.5;
  return after[0] ? -1 : 2;
}

/** New planes, or undefined where nothing was found. */
export function cleaned(job: DustJob): readonly Plane[] | undefined {
  const { own, strength, held } = job;
  const neighbors = neighborsOf(job);
  const luma = own.planes[0];
  if (!luma || !neighbors) return undefined;
  const { width, height, color, pixelFormat } = own.format;
  const codes = codeRange(color.range, pixelFormat.bitDepth);
  const guide = guideOf(own);
  const triple: Triple = {
    width,
    height,
    luma,
    before: neighborOf(own, guide, neighbors[0]),
    after: neighborOf(own, guide, neighbors[1]),
    onward: onwardOf(job),
  };
  const dirt = findDirt(triple, limitsFor(strength, noiseBetween(triple), 2 ** (pixelFormat.bitDepth - 8), held));
  return dirt.length === 0 ? undefined : repaired(own, triple, dirt, neighbors, codes);
}

function limitsFor(strength: number, sigma: number, unit: number, held: boolean): SpeckLimits {
  const bold = 1.5 - strength;
  const limit = ({ codes, sigmas }: typeof SEED): number => codes * unit + sigmas * sigma;
  return {
    seed: bold * limit(SEED),
    edge: bold * limit(EDGE),
    same: limit(SAME),
    noise: DIFFERENCE * sigma,
    largest: held ? LARGEST_HELD : LARGEST,
  };
}

/** How a neighbor is compared with: its brightness leveled, and motion in whole samples for each block. */
function neighborOf(own: Seen, guide: MotionPicture, other: Seen): Neighbor {
  const { width, height } = cellsOf(guide);
  const toward = guideOf(other);
  const motion = estimateMotion(guide, toward, width, height);
  const tone = toneTable(relateTones(toward, guide), own.format);
  return { luma: other.planes[0] ?? new Uint8Array(), tone, ...blockVectors(motion, own.format) };
}

function blockVectors(motion: MotionField, size: PlaneSize): Pick<Neighbor, 'x' | 'y'> {
  const across = Math.ceil(size.width / BLOCK);
  const vectors = Array.from({ length: across * Math.ceil(size.height / BLOCK) }, (_, block) =>
    vectorAt(motion, size, ((block % across) + 0.5) * BLOCK, (Math.floor(block / across) + 0.5) * BLOCK),
  );
  return { x: Int16Array.from(vectors, ({ x }) => x), y: Int16Array.from(vectors, ({ y }) => y) };
}

/** New planes: luma as the neighbors have it, chroma wherever a sample of luma was replaced. */
function repaired(
  own: Seen,
  triple: Triple,
  dirt: readonly Dirt[],
  neighbors: readonly Seen[],
  { max }: CodeRange,
): readonly Plane[] {
  const { width, height } = triple;
  const planes = own.planes.map(copied);
  const sizes = planeSizes(own.format);
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

const copied = (samples: Samples): Plane =>
  samples instanceof Uint16Array ? Uint16Array.from(samples) : Uint8Array.from(samples);

import { estimateMotion, joinMotion, type MotionField } from './motion.ts';
import { motionPicture } from './motion-picture.ts';

/**
 * How many frames away neighbors are that count: all near ones, few far ones, which say nearly the same. Each but the first
 * is the sum of two others, so that motion is joined of what was found already.
 */
export const DISTANCES: readonly number[] = [1, 2, 3, 4, 6, 8, 12];

/** What is kept of a frame with color, in memory that threads share. */
export interface SeenColor {
  /** Cells of the color grid. */
  readonly width: number;
  readonly height: number;
  /** Size of `picture`. */
  readonly pictureWidth: number;
  readonly pictureHeight: number;
  /** `MotionPicture.data` */
  readonly picture: Float32Array;
  /** Cb, Cr and confidence, one after the other. */
  readonly colors: Float32Array;
  /** Motion between this frame and those before it, by the place of their distance in `DISTANCES`; see `motionIn`. */
  readonly motion: readonly (Float32Array | undefined)[];
}

/** Searches motion between the last of `seen` and some frames before it, both ways. */
export interface ChromaMotionJob {
  readonly job: 'chroma-motion';
  /** Without a gap; those that are not looked at may be left out. */
  readonly seen: readonly (SeenColor | undefined)[];
  /** Out of `DISTANCES`, in their order; motion over shorter ones is there already. */
  readonly distances: readonly number[];
}

/** Of a way over so many frames the longest part but itself that is looked at anyway, with what remains. */
const firstPart = (distance: number): number =>
  DISTANCES.findLast((part) => part < distance && DISTANCES.includes(distance - part)) ?? distance;

/**
 * Which blocks of frames before it motion over a distance is joined of: how many frames before, and over which distance.
 * The other halves are the frame's own blocks over shorter distances.
 */
export function joinedOf(distance: number): readonly { readonly before: number; readonly over: number }[] {
  const first = firstPart(distance);
  if (first === distance) return [];
  const rest = distance - first;
  return [
    { before: first, over: rest },
    { before: rest, over: first },
  ];
}

/** One of the two fields in a block of `SeenColor.motion`: from the later frame to the earlier one, or back. */
export function motionIn(seen: SeenColor, block: Float32Array, way: 'to-earlier' | 'to-later'): MotionField {
  const { width, height, pictureWidth, pictureHeight } = seen;
  const count = width * height;
  const start = way === 'to-earlier' ? 0 : 3 * count;
  const part = (i: number): Float32Array => block.subarray(start + i * count, start + (i + 1) * count);
  return { width, height, pictureWidth, pictureHeight, x: part(0), y: part(1), residual: part(2) };
}

/** A block for `SeenColor.motion` for each distance. */
export function searched({ seen, distances }: ChromaMotionJob): readonly Float32Array[] {
  const last = seen.length - 1;
  const own = seen[last];
  if (!own) return [];
  const pictures = seen.map((one) => one && motionPicture(one.pictureWidth, one.pictureHeight, one.picture));
  const found = new Map<string, MotionField>();
  /** What was found of the way from `seen[i]` to `seen[j]`, here or by a job before. */
  const known = (i: number, j: number): MotionField | undefined => {
    const later = seen[Math.max(i, j)];
    const block = later?.motion[DISTANCES.indexOf(Math.abs(j - i))];
    return later && block ? motionIn(later, block, i > j ? 'to-earlier' : 'to-later') : found.get(`${i} ${j}`);
  };
  /** Searched between neighbors, joined of two parts and corrected over more frames. */
  const between = (i: number, j: number): MotionField | undefined => {
    const [from, to] = [pictures[i], pictures[j]];
    if (!from || !to) return undefined;
    const middle = i + Math.sign(j - i) * firstPart(Math.abs(j - i));
    const [first, second] = [known(i, middle), known(middle, j)];
    const start = first && second ? joinMotion(first, second) : undefined;
    const field = estimateMotion(from, to, own.width, own.height, start);
    found.set(`${i} ${j}`, field);
    return field;
  };
  return distances.map((distance) => {
    const block = new Float32Array(6 * own.width * own.height);
    for (const [i, field] of [between(last, last - distance), between(last - distance, last)].entries()) {
      const { x, y, residual } = motionIn(own, block, i === 0 ? 'to-earlier' : 'to-later');
      if (!field) continue;
      x.set(field.x);
      y.set(field.y);
      residual.set(field.residual);
    }
    return block;
  });
}

import { clamp } from './gray.ts';
import { Passing } from './passing.ts';
import {
  blockAt,
  findSpecks,
  NO_OFFSET,
  valueAt,
  type Neighbor,
  type Offset,
  type Speck,
  type SpeckLimits,
  type Triple,
} from './specks.ts';

/** A speck that is no part of the scene, and where exactly the neighbors have what lies under it. */
export interface Dirt {
  /** Sample positions to replace, soft edges included. */
  readonly at: readonly number[];
  /** Beyond what motion says. */
  readonly before: Offset;
  readonly after: Offset;
}

/** Samples around a speck whose agreement shows that motion is known there. */
const RING = 3;
/** Motion is found for blocks: around a speck it is set right by up to so many samples. */
const ALIGN = 3;
/** Share of a speck's contrast that its surroundings may differ by. */
const UNEVEN = 0.08;
/** How much more than the surroundings vary (sigma) a speck must stand out: in grass and gravel nobody sees one. */
const OVER_TEXTURE = 3;
/** Samples between those that tell how much luma varies. */
const APART = 2;
/** What edges beside a speck count. */
const EDGES = 0.55;
/** Share of a speck's contrast that its surroundings may differ by beside noise: the edge of dirt is sharp. */
const SOFT = 0.2;
/** Where a thing that moves would have to be found: samples around its place, at least and at most. */
const REACH = [8, 128] as const;
/** Steps of that search: such a part of the thing's size, and of its thickness: a stroke of a letter is thin. */
const [FINE, THIN] = [8, 3];
/** A place that looks like the speck and its surroundings by so much better than its own place: a thing that moved. */
const MOVED = 0.4;

/** A speck and the ring around it, as columns and rows. */
interface Outline {
  readonly inside: readonly Offset[];
  readonly ring: readonly Offset[];
}

function outlineOf({ width, height }: Triple, { at, left, right, top, bottom }: Speck): Outline {
  const ring: Offset[] = [];
  for (let y = Math.max(0, top - RING); y <= Math.min(height - 1, bottom + RING); y++) {
    for (let x = Math.max(0, left - RING); x <= Math.min(width - 1, right + RING); x++) {
      // The samples next to the speck are its soft edge.
      if (x < left - 1 || x > right + 1 || y < top - 1 || y > bottom + 1) ring.push({ x, y });
    }
  }
  return { inside: at.map((place) => ({ x: place % width, y: Math.floor(place / width) })), ring };
}

/**
 * Mean difference of samples to a neighbor; those beyond its border do not count, Infinity where all are. With `block` all of them
 * go the way of that block: what moves as one lies in blocks whose motion was found and in others.
 */
function difference(
  triple: Triple,
  neighbor: Neighbor,
  places: readonly Offset[],
  offset: Offset,
  block?: number,
): number {
  let [sum, count] = [0, 0];
  for (const { x, y } of places) {
    const other = valueAt(neighbor, triple, x, y, offset, block);
    if (other === undefined) continue;
    sum += Math.abs((triple.luma[y * triple.width + x] ?? 0) - other);
    count++;
  }
  return count === 0 ? Infinity : sum / count;
}

/** Where the surroundings of a speck fit best, stepwise from where motion says, and what is left there. */
function aligned(
  triple: Triple,
  neighbor: Neighbor,
  { ring }: Outline,
): { readonly offset: Offset; readonly left: number } {
  let best = { offset: NO_OFFSET, left: difference(triple, neighbor, ring, NO_OFFSET) };
  for (let step = 0; step < ALIGN; step++) {
    const from = best;
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        const offset = { x: from.offset.x + x, y: from.offset.y + y };
        const left = x === 0 && y === 0 ? Infinity : difference(triple, neighbor, ring, offset);
        if (left < best.left) best = { offset, left };
      }
    }
    if (best === from) break;
  }
  return best;
}

/**
 * How much luma varies around a speck, as a sigma: the middle of its second differences, in which an edge that passes by, a roof
 * or a cloud, does not count; and a share of the whole, in which it does.
 */
function texture({ width, height, luma }: Triple, { ring }: Outline): number {
  const values = ring.map(({ x, y }) => luma[y * width + x] ?? 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const all = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const bends: number[] = [];
  for (const { x, y } of ring) {
    if (x < APART || y < APART || x >= width - APART || y >= height - APART) continue;
    const at = y * width + x;
    for (const step of [APART, APART * width]) {
      bends.push(Math.abs((luma[at] ?? 0) - ((luma[at - step] ?? 0) + (luma[at + step] ?? 0)) / 2));
    }
  }
  bends.sort((a, b) => a - b);
  const fine = (bends[bends.length >> 1] ?? 0) / 0.6745 / Math.sqrt(1.5);
  return Math.max(fine, EDGES * all);
}

/** Whether a neighbor has the same thing elsewhere: then it is no dirt, it moves. `bar` is what must be undercut. */
function moved(triple: Triple, neighbor: Neighbor, speck: Speck, outline: Outline, bar: number): boolean {
  const [wide, high] = [speck.right - speck.left + 1, speck.bottom - speck.top + 1];
  const reach = clamp(2 * Math.max(wide, high), REACH[0], REACH[1]);
  const thin = Math.max(1, Math.floor(speck.at.length / Math.max(wide, high) / THIN));
  const [stepX, stepY] = [Math.min(thin, Math.ceil(wide / FINE)), Math.min(thin, Math.ceil(high / FINE))];
  const block = blockAt(triple.width, (speck.left + speck.right) >> 1, (speck.top + speck.bottom) >> 1);
  for (let y = -reach; y <= reach; y += stepY) {
    for (let x = -reach; x <= reach; x += stepX) {
      const inside = difference(triple, neighbor, outline.inside, { x, y }, block);
      if (inside < bar && inside + difference(triple, neighbor, outline.ring, { x, y }, block) < bar) return true;
    }
  }
  return false;
}

function judged(triple: Triple, speck: Speck, { same, noise }: SpeckLimits): Dirt | undefined {
  const { width, before, after } = triple;
  const outline = outlineOf(triple, speck);
  if (outline.ring.length === 0) return undefined;
  // Most are texture that moves, and are told by one look.
  const uneven = texture(triple, outline);
  if (difference(triple, before, outline.inside, NO_OFFSET) < 0.5 * OVER_TEXTURE * uneven) return undefined;
  const [one, other] = [aligned(triple, before, outline), aligned(triple, after, outline)];
  const contrast = Math.min(
    difference(triple, before, outline.inside, one.offset),
    difference(triple, after, outline.inside, other.offset),
  );
  // Where the surroundings do not fit, motion is not known, or something uncovers what lies behind it.
  const fits = Math.min(same, noise + SOFT * contrast) + UNEVEN * contrast;
  if (!Number.isFinite(contrast) || one.left > fits || other.left > fits) return undefined;
  if (contrast < OVER_TEXTURE * uneven) return undefined;
  let apart = 0;
  for (const { x, y } of outline.inside) {
    const first = valueAt(before, triple, x, y, one.offset);
    const second = valueAt(after, triple, x, y, other.offset);
    apart += first === undefined || second === undefined ? 0 : Math.abs(first - second);
  }
  if (apart / outline.inside.length > Math.min(2 * same, 0.5 * contrast)) return undefined;
  if (moved(triple, before, speck, outline, MOVED * contrast + one.left)) return undefined;
  if (moved(triple, after, speck, outline, MOVED * contrast + other.left)) return undefined;
  return { at: dilated(triple, speck, width), before: one.offset, after: other.offset };
}

function dilated({ height }: Triple, { at }: Speck, width: number): number[] {
  const places = new Set<number>();
  for (const place of at) {
    const [x, y] = [place % width, Math.floor(place / width)];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++)
        places.add(row * width + column);
    }
  }
  return [...places];
}

/**
 * What is in this picture only, small, and surrounded by what is in all three: dust, dirt, hairs. A thing that moves is found
 * elsewhere in a neighbor, or on its way in both, and stays.
 */
export function findDirt(triple: Triple, limits: SpeckLimits): Dirt[] {
  const found: Dirt[] = [];
  const passing = new Passing(triple, limits);
  for (const speck of findSpecks(triple, limits)) {
    const dirt = judged(triple, speck, limits);
    if (dirt && !passing.has(speck)) found.push(dirt);
  }
  return found;
}

/** What the neighbors have at the place of a sample, in codes; undefined where neither does. */
export function between(triple: Triple, dirt: Dirt, x: number, y: number): number | undefined {
  const one = valueAt(triple.before, triple, x, y, dirt.before);
  const other = valueAt(triple.after, triple, x, y, dirt.after);
  if (one === undefined || other === undefined) return one ?? other;
  return (one + other) / 2;
}

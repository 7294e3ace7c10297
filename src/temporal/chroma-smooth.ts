import { z } from 'zod';
import type { ChromaGrid } from '../core/frame.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import { areaOption } from './chroma-guide.ts';
import { DISTANCES, joinedOf, type SeenColor } from './chroma-motion-job.ts';
import type { ColorNeighbor } from './chroma-vote-job.ts';
import { alone, type Crew } from './crew.ts';
import { giveColor, sameCells, seenColor } from './seen-color.ts';
import { SharedPool } from './shared.ts';
import { overWindow, type WindowWork } from './window.ts';

export const chromaSmoothOptions = z.strictObject({
  radius: z.number().int().min(0).max(12).default(12).describe('Neighbors on each side whose color counts'),
  area: areaOption,
});
export type ChromaSmoothOptions = z.infer<typeof chromaSmoothOptions>;

/**
 * Jobs that search motion, by the distances that each looks at. A job waits for those of frames before it that found what
 * it joins: with two a frame, for the frame before with few distances, for the second before with many.
 */
const JOBS: readonly (readonly number[])[] = [DISTANCES.slice(0, 3), DISTANCES.slice(3)];
const jobOver = (distance: number): number => JOBS.findIndex((distances) => distances.includes(distance));

/** What is kept of a frame, and how far its motion toward the frames before it is searched. */
interface Item {
  readonly grid: ChromaGrid;
  readonly seen: SeenColor & { readonly motion: Float32Array[] };
  /** One a job of `JOBS`, from the first result on that looks at the frame. */
  readonly jobs: Promise<void>[];
}

/**
 * Steadies the color of `Frame.chromaGrid` in time: each cell becomes the robust mean of what lies along its motion in
 * the frames around it. A neighbor counts where luma agrees, where motion there and back meets (nothing was covered), by
 * its own confidence and its nearness; so color does not trail behind what moves. Planes are untouched.
 */
export function chromaSmooth(options: ChromaSmoothOptions, crew: Crew = alone): Stage {
  const pool = new SharedPool();
  const { radius } = options;
  return {
    kind: 'chroma-smooth',
    temporalRadius: radius,
    outputFormat: (input) => input,
    run: (frames, context) =>
      radius === 0 ? frames : overWindow(frames, radius, work(options, { crew, pool, context }), context),
  };
}

interface Means {
  readonly crew: Crew;
  readonly pool: SharedPool;
  readonly context: StageContext;
}

function work({ radius, area }: ChromaSmoothOptions, { crew, pool, context }: Means): WindowWork<Item> {
  /** One job of `items[at]`; those that it builds on were begun before. */
  async function search(items: readonly Item[], at: number, part: number, order: number): Promise<void> {
    const distances = (JOBS[part] ?? []).filter((distance) => distance <= Math.min(at, radius));
    const own = items[at];
    if (!own || distances.length === 0) return;
    const joined = distances.flatMap(joinedOf);
    const others = joined.flatMap(({ before, over }) => items[at - before]?.jobs[jobOver(over)] ?? []);
    await allOf([...own.jobs.slice(0, part), ...others]);
    const looked = new Set([0, ...distances, ...joined.map(({ before }) => before)]);
    const from = at - Math.max(...distances);
    const seen = items.slice(from, at + 1).map((item, i) => (looked.has(at - from - i) ? item.seen : undefined));
    const found = await crew.run({ job: 'chroma-motion', seen, distances }, order, context);
    own.seen.motion.push(...found.map((block) => pool.copy(block)));
  }

  return {
    ahead: crew.ahead,
    prepare: (frame) => {
      const [grid, seen] = [frame.chromaGrid, seenColor(frame, area, pool)];
      return grid && seen && { grid, seen, jobs: [] };
    },
    fits: (before, after) => sameCells(before.seen, after.seen),
    finish: async (frame, items, middle) => {
      const own = items[middle];
      if (!own || items.length === 1) return frame;
      for (const [at, item] of items.entries()) {
        for (let part = item.jobs.length; part < JOBS.length; part++) {
          item.jobs.push(search(items, at, part, frame.index));
        }
      }
      await allOf(items.flatMap(({ jobs }) => jobs));
      const neighbors = neighborsOf(items, middle);
      const job = { job: 'chroma-vote', own: { ...own.seen, motion: [] }, neighbors, radius } as const;
      const color = await crew.run(job, frame.index, context);
      const { index, pts, duration, format, planes } = frame;
      const chromaGrid = { ...own.grid, ...color };
      return { index, pts, duration, format, planes, chromaGrid, dispose: () => frame.dispose() };
    },
    drop: ({ seen }) => {
      giveColor(seen, pool);
    },
  };
}

/** Awaits all, also when one fails: nobody may still be at work with memory that is given back. */
async function allOf(jobs: readonly Promise<void>[]): Promise<void> {
  for (const ended of await Promise.allSettled(jobs)) if (ended.status === 'rejected') throw ended.reason;
}

function neighborsOf(items: readonly Item[], middle: number): readonly ColorNeighbor[] {
  return items.flatMap(({ seen: { colors, motion } }, other) => {
    const distance = other - middle;
    const later = distance > 0 ? motion : (items[middle]?.seen.motion ?? []);
    const block = later[DISTANCES.indexOf(Math.abs(distance))];
    return block ? [{ distance, colors, motion: block }] : [];
  });
}

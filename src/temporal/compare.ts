import type { FrameFormat } from '../core/format.ts';
import type { Frame, FrameStream, Plane } from '../core/frame.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import type { Job } from './jobs.ts';
import { nearestFrames, otherPictures, showsSame } from './repeats.ts';
import { SharedPool, type Seen, type Surrounded } from './shared.ts';
import { overWindow, type WindowWork } from './window.ts';

/** How new planes are made from a picture and others around it. */
interface Comparison {
  readonly kind: string;
  /** Frames on each side that are looked through for other pictures; 0 switches the stage off. */
  readonly radius: number;
  /** Pictures on each side that are compared with. */
  readonly most: number;
  /** Where there are fewer other pictures than this, the nearest frames are compared with, whatever they show. */
  readonly least: number;
  readonly crew: Crew;
  readonly outputFormat: (input: FrameFormat) => FrameFormat;
  readonly job: (surrounded: Surrounded) => Job;
}

/** What is kept of a frame. */
interface Item {
  readonly seen: Seen;
  /** Its own planes. */
  readonly source: readonly Plane[];
  /** Whether it shows the picture of the frame before it; set when the pair is first looked at. */
  again?: boolean;
}

/**
 * A stage that hands comparisons to a crew; up to `crew.ahead` frames are in work at once. A frame that repeats the picture
 * beside it has the same flaws, so that others are looked for.
 */
export function comparingStage(comparison: Comparison): Stage {
  const { kind, radius, crew, outputFormat, job } = comparison;
  if (radius === 0) return { kind, temporalRadius: 0, outputFormat: (input) => input, run: (frames) => frames };
  const pool = new SharedPool();
  const run = (frames: FrameStream, context: StageContext): FrameStream => {
    const work: WindowWork<Item> = {
      ahead: crew.ahead,
      prepare: ({ format, planes }) => ({
        seen: { format, planes: planes.map((plane) => pool.copy(plane)) },
        source: planes,
      }),
      fits: ({ seen: { format: a } }, { seen: { format: b } }) => a.width === b.width && a.height === b.height,
      finish: async (frame, items, middle) => {
        const surrounded = surroundings(items, middle, comparison);
        const planes = surrounded && (await crew.run(job(surrounded), frame.index, context));
        return planes ? replaced(frame, outputFormat(frame.format), planes) : frame;
      },
      drop: ({ seen }) => {
        for (const plane of seen.planes) pool.give(plane);
      },
    };
    return overWindow(frames, radius, work, context);
  };
  return { kind, temporalRadius: radius, outputFormat, run };
}

function surroundings(
  items: readonly Item[],
  middle: number,
  { radius, most, least }: Comparison,
): Surrounded | undefined {
  const own = items[middle]?.seen;
  const again = items.map((item, i) => {
    const previous = items[i - 1];
    return previous !== undefined && (item.again ??= sameMemory(previous, item) || showsSame(previous.seen, item.seen));
  });
  const others = otherPictures(again, middle, radius, most);
  const { before, after } =
    others.before.length + others.after.length < least ? nearestFrames(items.length, middle, most) : others;
  const seen = (places: readonly number[]): Seen[] => places.flatMap((place) => items[place]?.seen ?? []);
  return own && { own, before: seen(before), after: seen(after) };
}

/** Frames that repeat a picture may share its planes. */
const sameMemory = ({ source: one }: Item, { source: other }: Item): boolean =>
  one.length === other.length && one.every((plane, i) => plane === other[i]);

function replaced(frame: Frame, format: FrameFormat, planes: readonly Plane[]): Frame {
  const { index, pts, duration, chromaGrid } = frame;
  frame.dispose();
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
}

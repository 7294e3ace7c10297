import type { FrameFormat } from '../core/format.ts';
import type { Frame, FrameStream, Plane } from '../core/frame.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import type { PictureJob } from './jobs.ts';
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
  readonly job: (surrounded: Surrounded) => PictureJob;
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
    let last: Made | undefined;
    const work: WindowWork<Item> = {
      ahead: crew.ahead,
      prepare: ({ format, planes }) => ({
        seen: { format, planes: planes.map((plane) => pool.copy(plane)) },
        source: planes,
      }),
      fits: ({ seen: { format: a } }, { seen: { format: b } }) => a.width === b.width && a.height === b.height,
      finish: async (frame, items, middle) => {
        const own = items[middle];
        if (!own) return frame;
        const others = surroundings(items, middle, comparison);
        const made = madeFrom(last, own, others)
          ? last
          : { own, others, planes: crew.run(job({ own: own.seen, ...others }), frame.index, context) };
        last = made;
        const planes = await made.planes;
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

/** What a picture became, and from what. */
interface Made {
  readonly own: Item;
  readonly others: Others;
  readonly planes: Promise<readonly Plane[] | undefined>;
}

type Others = Omit<Surrounded, 'own'>;

/**
 * Whether the very same samples, among the very same others, would be made from again. Only then is a result shared, so that what
 * a frame becomes does not depend on which frames came before, and later stages know a repeated picture by its planes.
 */
function madeFrom(made: Made | undefined, own: Item, { before, after }: Others): made is Made {
  return (
    made !== undefined &&
    sameMembers(made.own.source, own.source) &&
    sameMembers(made.others.before, before) &&
    sameMembers(made.others.after, after)
  );
}

function surroundings(items: readonly Item[], middle: number, { radius, most, least }: Comparison): Others {
  const again = items.map((item, i) => {
    const previous = items[i - 1];
    if (previous === undefined) return false;
    // Frames that repeat a picture may share its planes.
    item.again ??= sameMembers(previous.source, item.source) || showsSame(previous.seen, item.seen);
    return item.again;
  });
  const others = otherPictures(again, middle, radius, most);
  const { before, after, held } =
    others.before.length + others.after.length < least ? nearestFrames(items.length, middle, most) : others;
  const seen = (places: readonly number[]): Seen[] => places.flatMap((place) => items[place]?.seen ?? []);
  return { before: seen(before), after: seen(after), held };
}

const sameMembers = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((member, i) => member === other[i]);

function replaced(frame: Frame, format: FrameFormat, planes: readonly Plane[]): Frame {
  const { index, pts, duration, chromaGrid } = frame;
  frame.dispose();
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
}

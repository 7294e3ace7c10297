import type { FrameFormat } from '../core/format.ts';
import type { Frame, Plane, Samples } from '../core/frame.ts';
import type { StageContext } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import type { MotionPicture } from './motion.ts';
import { shared, type Seen } from './shared.ts';
import { overWindow, type WindowWork } from './window.ts';

/** What is kept of a frame, whose own memory goes on without it. */
interface Item {
  readonly index: number;
  readonly format: FrameFormat;
  readonly planes: readonly Samples[];
  readonly guide: Promise<MotionPicture>;
}

/** A stage that makes new planes from a picture and its neighbors. */
export interface Comparison {
  readonly radius: number;
  readonly crew: Crew;
  readonly outputFormat: (input: FrameFormat) => FrameFormat;
  /** `seen[middle]` is the picture; undefined leaves it as it is. */
  readonly compare: (
    seen: readonly Seen[],
    middle: number,
    index: number,
    context: StageContext,
  ) => Promise<readonly Plane[] | undefined>;
}

/** Runs a comparison over a stream; up to `crew.ahead` frames are in work at once. */
export function compareFrames(
  frames: AsyncIterable<Frame>,
  { radius, crew, outputFormat, compare }: Comparison,
  context: StageContext,
): AsyncIterable<Frame> {
  const work: WindowWork<Item> = {
    ahead: crew.ahead,
    prepare: ({ index, format, planes: own }) => {
      const planes = own.map(shared);
      const guide = crew.run({ job: 'guide', format, planes: planes.slice(0, 1) }, index, context);
      // Whoever awaits it sees the failure; until then it must not count as unhandled.
      guide.catch(() => undefined);
      return { index, format, planes, guide };
    },
    fits: ({ format: a }, { format: b }) => a.width === b.width && a.height === b.height,
    finish: async (frame, items, middle) => {
      const seen = await Promise.all(
        items.map(async ({ format, planes, guide }) => ({ format, planes, guide: await guide })),
      );
      const planes = await compare(seen, middle, frame.index, context);
      if (!planes) return frame;
      const { index, pts, duration, chromaGrid } = frame;
      const format = outputFormat(frame.format);
      frame.dispose();
      return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
    },
  };
  return overWindow(frames, radius, work, context);
}

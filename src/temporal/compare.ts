import type { FrameFormat } from '../core/format.ts';
import type { Frame, FrameStream, Plane } from '../core/frame.ts';
import type { StageContext } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import { SharedPool, type Seen } from './shared.ts';
import { overWindow, type WindowWork } from './window.ts';

/** How new planes are made from a picture and its neighbors. */
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

/** A comparison that runs over streams; up to `crew.ahead` frames are in work at once. */
export function comparing({
  radius,
  crew,
  outputFormat,
  compare,
}: Comparison): (frames: FrameStream, context: StageContext) => FrameStream {
  const pool = new SharedPool();
  return (frames, context) => {
    const work: WindowWork<Seen> = {
      ahead: crew.ahead,
      prepare: ({ format, planes }) => ({ format, planes: planes.map((plane) => pool.copy(plane)) }),
      fits: ({ format: a }, { format: b }) => a.width === b.width && a.height === b.height,
      finish: async (frame, seen, middle) => {
        const planes = await compare(seen, middle, frame.index, context);
        return planes ? replaced(frame, outputFormat(frame.format), planes) : frame;
      },
      drop: ({ planes }) => {
        for (const plane of planes) pool.give(plane);
      },
    };
    return overWindow(frames, radius, work, context);
  };
}

function replaced(frame: Frame, format: FrameFormat, planes: readonly Plane[]): Frame {
  const { index, pts, duration, chromaGrid } = frame;
  frame.dispose();
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
}

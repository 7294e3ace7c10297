import type { FrameFormat } from '../core/format.ts';
import type { Frame, FrameStream, Plane } from '../core/frame.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import type { Crew } from './crew.ts';
import type { Job } from './jobs.ts';
import { SharedPool, type Seen } from './shared.ts';
import { overWindow, type WindowWork } from './window.ts';

/** How new planes are made from a picture and its neighbors. */
interface Comparison {
  readonly kind: string;
  /** Neighbors on each side; 0 switches the stage off. */
  readonly radius: number;
  readonly crew: Crew;
  readonly outputFormat: (input: FrameFormat) => FrameFormat;
  /** `seen[middle]` is the picture. */
  readonly job: (seen: readonly Seen[], middle: number) => Job;
}

/** A stage that hands comparisons to a crew; up to `crew.ahead` frames are in work at once. */
export function comparingStage({ kind, radius, crew, outputFormat, job }: Comparison): Stage {
  if (radius === 0) return { kind, temporalRadius: 0, outputFormat: (input) => input, run: (frames) => frames };
  const pool = new SharedPool();
  const run = (frames: FrameStream, context: StageContext): FrameStream => {
    const work: WindowWork<Seen> = {
      ahead: crew.ahead,
      prepare: ({ format, planes }) => ({ format, planes: planes.map((plane) => pool.copy(plane)) }),
      fits: ({ format: a }, { format: b }) => a.width === b.width && a.height === b.height,
      finish: async (frame, seen, middle) => {
        const planes = await crew.run(job(seen, middle), frame.index, context);
        return planes ? replaced(frame, outputFormat(frame.format), planes) : frame;
      },
      drop: ({ planes }) => {
        for (const plane of planes) pool.give(plane);
      },
    };
    return overWindow(frames, radius, work, context);
  };
  return { kind, temporalRadius: radius, outputFormat, run };
}

function replaced(frame: Frame, format: FrameFormat, planes: readonly Plane[]): Frame {
  const { index, pts, duration, chromaGrid } = frame;
  frame.dispose();
  return { index, pts, duration, format, planes, ...(chromaGrid ? { chromaGrid } : {}), dispose: () => undefined };
}

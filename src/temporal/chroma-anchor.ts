import { z } from 'zod';
import type { Frame, FrameStream } from '../core/frame.ts';
import type { Rect } from '../core/media.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import { areaOption } from './chroma-guide.ts';
import type { SeenColor } from './chroma-motion-job.ts';
import type { ColorStep } from './chroma-step-job.ts';
import { alone, type Crew } from './crew.ts';
import { clamp } from './gray.ts';
import { giveColor, sameCells, seenColor } from './seen-color.ts';
import { SharedPool } from './shared.ts';
import { overWindow } from './window.ts';

export const chromaAnchorOptions = z.strictObject({
  memory: z.number().int().min(0).max(240).default(24).describe('Frames before it that hold the color of a frame'),
  area: areaOption,
});
export type ChromaAnchorOptions = z.infer<typeof chromaAnchorOptions>;

/** Limit of what is corrected in all. */
const TOTAL_GAIN = 2;

const SAME: ColorStep = { gain: 1, cb: 0, cr: 0 };

/**
 * Keeps the color of `Frame.chromaGrid` from drifting inside a shot. A colorizer that judges each frame alone gives the
 * same meadow a little more green from second to second. Followed along motion, the same things tell by how much color as
 * a whole changed, as a gain and an offset; each frame is brought back to the mean of the `memory` frames before it.
 * What comes into the picture has no say, so a pan keeps its colors. Planes are untouched.
 */
export function chromaAnchor({ memory, area }: ChromaAnchorOptions, crew: Crew = alone): Stage {
  const pool = new SharedPool();
  return {
    kind: 'chroma-anchor',
    temporalRadius: 0,
    lookBack: memory,
    outputFormat: (input) => input,
    run: (frames, context) => {
      if (memory === 0) return frames;
      const steps = new Map<number, ColorStep>();
      return anchored(withSteps(frames, steps, area, { crew, pool, context }), steps, memory);
    },
  };
}

interface Means {
  readonly crew: Crew;
  readonly pool: SharedPool;
  readonly context: StageContext;
}

/** The frames as they are; each comes once it is noted in `steps` how color got there from the frame before, where that can be told. */
function withSteps(
  frames: FrameStream,
  steps: Map<number, ColorStep>,
  area: Rect | undefined,
  { crew, pool, context }: Means,
): FrameStream {
  // Only the frame before it is looked at; the one after it is in the window because windows have two sides.
  return overWindow<SeenColor>(
    frames,
    1,
    {
      ahead: crew.ahead,
      prepare: (frame) => seenColor(frame, area, pool),
      fits: sameCells,
      finish: async (frame, items, middle) => {
        const [from, to] = [items[middle - 1], items[middle]];
        const step = from && to && (await crew.run({ job: 'chroma-step', from, to }, frame.index, context));
        if (step) steps.set(frame.index, step);
        return frame;
      },
      drop: (seen) => {
        giveColor(seen, pool);
      },
    },
    context,
  );
}

async function* anchored(frames: FrameStream, found: Map<number, ColorStep>, memory: number): FrameStream {
  /** From each frame of the memory to the next, the newest last. */
  let steps: ColorStep[] = [];
  for await (const frame of frames) {
    const step = found.get(frame.index);
    found.delete(frame.index);
    // A frame in which nothing was found again begins anew, as a shot does.
    steps = step ? [...steps, step].slice(-memory) : [];
    yield corrected(frame, steps);
  }
}

/** How the color of now differs from the mean of the frames that `steps` lead from, and of now itself. */
function drift(steps: readonly ColorStep[]): ColorStep {
  let now = SAME;
  let [gain, cb, cr] = [0, 0, 0];
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i] ?? SAME;
    now = { gain: now.gain * step.gain, cb: now.cb + now.gain * step.cb, cr: now.cr + now.gain * step.cr };
    gain += Math.log(now.gain);
    cb += now.cb;
    cr += now.cr;
  }
  const count = steps.length + 1;
  return { gain: clamp(Math.exp(gain / count), 1 / TOTAL_GAIN, TOTAL_GAIN), cb: cb / count, cr: cr / count };
}

function corrected(frame: Frame, steps: readonly ColorStep[]): Frame {
  const grid = frame.chromaGrid;
  if (!grid || steps.length === 0) return frame;
  const { gain, cb, cr } = drift(steps);
  const back = (values: Float32Array, offset: number): Float32Array =>
    values.map((value) => clamp((value - offset) / gain, -0.5, 0.5));
  const chromaGrid = { ...grid, cb: back(grid.cb, cb), cr: back(grid.cr, cr) };
  const { index, pts, duration, format, planes } = frame;
  return { index, pts, duration, format, planes, chromaGrid, dispose: () => frame.dispose() };
}

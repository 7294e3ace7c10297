import type { FrameFormat } from './format.ts';
import type { FrameStream } from './frame.ts';
import type { Shot } from './range.ts';

/** What a running stage may ask its surroundings for. */
export interface StageContext {
  readonly signal: AbortSignal;
  /** All shots of the film, contiguous and in order; look one up with `shotAt`. */
  readonly shots: readonly Shot[];
  readonly warn: (message: string) => void;
  /** The stage's kind, where it is counted what each one takes. */
  readonly stage?: string;
}

/**
 * One step of restoration. `run` yields exactly one frame for every frame it takes, in order, and holds at most
 * `temporalRadius` + its own bounded concurrency of them. Frames of another shot are never looked at.
 */
export interface Stage {
  readonly kind: string;
  /** How many neighbors on each side a frame's result depends on; 0 for spatial stages. */
  readonly temporalRadius: number;
  /** How many frames before it a frame's result depends on, where that is more than `temporalRadius`; none is held for it. */
  readonly lookBack?: number;
  /** Pure: the format of the frames that `run` yields for `input`. Throws RestorationError where the input cannot be taken. */
  outputFormat(input: FrameFormat): FrameFormat;
  run(frames: FrameStream, context: StageContext): FrameStream;
}

/** A line in a stage registry. `parse` checks options that come from presets and flags (a zod schema fits). */
export interface StageDefinition<Options, Environment> {
  readonly kind: string;
  readonly summary: string;
  readonly schema: { parse(value: unknown): Options };
  create(options: Options, environment: Environment): Stage;
}

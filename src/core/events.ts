import type { Plan } from './plan.ts';

/** What `restore()` yields, and what `--json` prints, one object a line. */
export type RestoreEvent =
  | { readonly type: 'plan'; readonly input: string; readonly plan: Plan; readonly estimate: Estimate }
  | { readonly type: 'analysis'; readonly input: string; readonly framesDone: number; readonly framesEstimated: number }
  | {
      readonly type: 'progress';
      readonly input: string;
      readonly framesDone: number;
      readonly framesTotal: number;
      readonly framesPerSecond: number;
      readonly etaSeconds: number | undefined;
      /** The part that the others wait for: 'decode', a stage's kind, 'encode', 'verify'. */
      readonly bottleneck: string;
      /** As in `done`, up to now; left out while verifying. */
      readonly unchangedShare?: number;
      readonly cachedShare?: number;
    }
  | {
      readonly type: 'segment';
      readonly input: string;
      readonly index: number;
      readonly start: number;
      readonly end: number;
      readonly state: 'done' | 'reused' | 'retry';
      readonly reason?: string;
      /** With 'done' and 'reused': where a person should look, the worst of each kind. */
      readonly doubts?: readonly Doubt[];
    }
  | { readonly type: 'warning'; readonly input: string; readonly message: string }
  | {
      readonly type: 'done';
      readonly input: string;
      readonly output: string;
      readonly frames: number;
      readonly seconds: number;
      readonly sizeBytes: number;
      /** Share (0..1) of this run's pictures, network by network, that was as before and so was not computed again. */
      readonly unchangedShare: number;
      /** The same for what an earlier run had kept with `cache`. */
      readonly cachedShare: number;
    }
  | {
      readonly type: 'error';
      readonly input: string;
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
    };

/**
 * A place in the result that may not be right. `value` is 0 to 1, more is worse, comparable within a kind only: brightness
 * that still pumps, color that still changes on what stands still, color that is a guess (1 less the mean confidence).
 */
export interface Doubt {
  readonly kind: 'flicker' | 'color-change' | 'unsure-color';
  readonly frame: number;
  /** From the beginning of the result. */
  readonly seconds: number;
  readonly value: number;
}

/** Forecast of a run; `basis` says what it rests on. */
export interface Estimate {
  readonly frames: number;
  readonly seconds: number | undefined;
  readonly outputBytes: number;
  readonly diskBytes: number;
  readonly basis: string;
}

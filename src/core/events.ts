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
    }
  | {
      readonly type: 'segment';
      readonly input: string;
      readonly index: number;
      readonly start: number;
      readonly end: number;
      readonly state: 'done' | 'reused' | 'retry';
      readonly reason?: string;
    }
  | { readonly type: 'warning'; readonly input: string; readonly message: string }
  | {
      readonly type: 'done';
      readonly input: string;
      readonly output: string;
      readonly frames: number;
      readonly seconds: number;
      readonly sizeBytes: number;
    }
  | {
      readonly type: 'error';
      readonly input: string;
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
    };

/** Forecast of a run; `basis` says what it rests on. */
export interface Estimate {
  readonly frames: number;
  readonly seconds: number | undefined;
  readonly outputBytes: number;
  readonly diskBytes: number;
  readonly basis: string;
}

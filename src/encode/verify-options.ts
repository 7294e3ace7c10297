import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';

export interface VerifyOptions {
  readonly plan: Plan;
  readonly index: FrameIndex;
  readonly path: string;
  readonly signal: AbortSignal;
  /** 'full' decodes the whole film again, 'fast' its first and last seconds; everything else is the same. */
  readonly level: 'full' | 'fast';
  /** Frames decoded so far. */
  readonly onProgress?: (frames: number) => void;
}

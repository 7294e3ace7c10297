import type { RestoreEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import { checkSettings } from '../pipeline/check.ts';
import type { RestoreOptions } from '../pipeline/options.ts';
import { plan, restore } from '../pipeline/restore.ts';

/** How much work a film is. */
export interface FilmSize {
  readonly frames: number;
  /** Of one frame of the result. */
  readonly pixels: number;
  /** Films of one kind go through the same stages, so that the speed of one tells that of another. */
  readonly kind: string;
}

/** What a watched folder does with a film. */
export interface FilmWork {
  /** Throws what is wrong with options whatever the film. */
  check(options: Omit<RestoreOptions, 'input'>): Promise<void>;
  size(options: RestoreOptions, signal: AbortSignal): Promise<FilmSize>;
  restore(options: RestoreOptions, control: { readonly signal: AbortSignal }): AsyncIterable<RestoreEvent>;
  /** How much work the plan of a running restoration is. */
  sizeOf(event: Extract<RestoreEvent, { type: 'plan' }>): FilmSize;
}

const kindOf = (made: Plan): string =>
  [...made.stages.map(({ kind, model }) => (model ? `${kind}:${model.id}` : kind)), made.encode.encoder].join(' ');

const sizeOfPlan = (made: Plan, frames: number): FilmSize => ({
  frames,
  pixels: made.encode.format.width * made.encode.format.height,
  kind: kindOf(made),
});

/** The real work. */
export const restoration: FilmWork = {
  check: checkSettings,
  size: async (options, signal) => {
    const { plan: made, estimate } = await plan(options, { signal });
    return sizeOfPlan(made, estimate.frames);
  },
  sizeOf: (event: Extract<RestoreEvent, { type: 'plan' }>) => sizeOfPlan(event.plan, event.estimate.frames),
  restore,
};

import { DiskGuard } from '../batch/disk-guard.ts';
import type { RestorationError } from '../core/errors.ts';
import type { Estimate, RestoreEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import { systemClock } from '../platform/clock.ts';
import { freeBytes } from '../platform/files.ts';
import { MAX_ATTEMPTS } from './attempts.ts';
import type { RestoreOptions } from './options.ts';
import type { ResultCache } from './result-cache.ts';

export type Emit = (event: RestoreEvent) => void;

/** One film on its way: what every step of its run needs. */
export interface FilmRun {
  readonly plan: Plan;
  readonly estimate: Estimate;
  readonly options: RestoreOptions;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly cache: ResultCache | undefined;
}

/** Tells that a step of the run is done once more, and why. */
export const tellAgain =
  (input: string, step: string, emit: Emit) =>
  (error: RestorationError, attempt: number): void =>
    emit({
      type: 'warning',
      input,
      message: `${step} is tried again: ${error.message} (attempt ${attempt} of ${MAX_ATTEMPTS})`,
    });

/** How long a full disk is waited for when nobody says. */
const DEFAULT_SPACE_WAIT_MINUTES = 30;

/** Waits for room in `folder`; `safety` is how many times the size of what is written must be free. */
export function diskGuard(folder: string, { options, signal, emit, cache }: FilmRun, safety?: number): DiskGuard {
  const { input, spaceWait } = options;
  const tell = (message: string): void => emit({ type: 'warning', input, message });
  const free = (): Promise<number> => freeBytes(folder);
  const patienceMs = (spaceWait ?? DEFAULT_SPACE_WAIT_MINUTES) * 60_000;
  const limits = safety === undefined ? { patienceMs } : { patienceMs, safety };
  const room = cache ? { giveWay: cache.giveWay.bind(cache) } : {};
  return new DiskGuard({ folder, free, clock: systemClock, signal, tell, ...room, ...limits });
}

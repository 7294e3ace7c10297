import { setTimeout as delay } from 'node:timers/promises';
import { toRestorationError, type RestorationError } from '../core/errors.ts';

/** Attempts at one piece of work before its film is given up. */
export const MAX_ATTEMPTS = 3;
const BACKOFF_MS = 500;

/** Waits before attempt number `attempt` + 1: longer each time, since what was wrong may need time to pass. */
export const backOff = (attempt: number, signal: AbortSignal): Promise<void> =>
  delay(BACKOFF_MS * 2 ** (attempt - 1), undefined, { signal });

/** Does work that can be done again as a whole until it succeeds, fails for good, or has failed too often. */
export async function withAttempts<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
  onRetry: (error: RestorationError, attempt: number) => void,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (caught) {
      signal.throwIfAborted();
      const error = toRestorationError(caught);
      if (!error.retryable || attempt >= MAX_ATTEMPTS) throw error;
      onRetry(error, attempt);
      await backOff(attempt, signal);
    }
  }
}

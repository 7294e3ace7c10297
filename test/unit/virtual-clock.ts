import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/platform/clock.ts';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** Turns of the event loop in a row without work before time goes on. */
const QUIET_TURNS = 4;
/** What Node calls work that is under way outside of JavaScript; timers, watched folders and idle pipes are none. */
const WORK = /Req|ProcessWrap|TCPSocketWrap|ConnectWrap|ShutdownWrap/;

const isWorking = (): boolean => process.getActiveResourcesInfo().some((name) => WORK.test(name));

async function quiet(): Promise<void> {
  for (let turns = 0; turns < QUIET_TURNS; turns++) {
    await turn();
    if (isWorking()) turns = -1;
  }
}

/**
 * Time that passes only while everybody sleeps: once no file is being read and no program runs, it jumps to the next sleeper's
 * moment. What happens in which order is then the same on every machine, however slow and loaded it is.
 */
export function virtualClock(startMs = Date.parse('2026-11-20T12:00:00Z')): Clock {
  const sleepers = new Set<Sleeper>();
  let elapsedMs = 0;
  let isRunning = false;
  const run = async (): Promise<void> => {
    isRunning = true;
    for (;;) {
      await quiet();
      const next = [...sleepers].sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      elapsedMs = Math.max(elapsedMs, next.dueMs);
      sleepers.delete(next);
      next.wake();
    }
    isRunning = false;
  };
  return {
    monotonic: () => elapsedMs,
    now: () => startMs + elapsedMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper: Sleeper = {
          dueMs: elapsedMs + ms,
          wake: () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          },
        };
        const onAbort = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        if (signal?.aborted === true) {
          onAbort();
          return;
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        sleepers.add(sleeper);
        if (!isRunning) void run();
      }),
  };
}

import { isatty } from 'node:tty';
import { endThreads, EXIT_CODES, RestorationError } from '../index.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Whether a closed terminal is ours. What was started with nohup has none, and is meant to go on; that nohup had SIGHUP
 * ignored cannot be seen, because Node undoes it.
 */
const hasTerminal = (): boolean => [0, 1, 2].some((stream) => isatty(stream));

/**
 * The first signal stops in order: what runs is abandoned, finished segments stay, the exit code says that the same
 * command goes on. The second ends the program at once.
 */
export function watchSignals(onFirst: () => void): AbortController {
  const controller = new AbortController();
  const goesOn = !hasTerminal();
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (name === 'SIGHUP' && goesOn) return;
      if (controller.signal.aborted) {
        void leave(EXIT_CODES.interrupted, { patienceMs: 200, signal: name });
        return;
      }
      controller.abort(
        new RestorationError('STOPPED', 'Stopped.', {
          hint: 'Finished segments are kept: run the same command again to go on from there.',
        }),
      );
      onFirst();
    });
  }
  return controller;
}

/**
 * Ends the program. A network that still computes is waited for, since process.exit would wait for it without end and then
 * crash; one that does not return in time takes the exit code with it: the program dies by `signal`.
 */
export async function leave(
  code: number,
  { patienceMs = 60_000, signal = 'SIGKILL' }: { patienceMs?: number; signal?: NodeJS.Signals } = {},
): Promise<void> {
  if (await endThreads(patienceMs)) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** The same stop when nobody reads stdout any more (`restore --json ... | head`); not reported, nobody would see it. */
export const READER_GONE = new RestorationError('STOPPED', 'Whoever read the output has closed it.', {
  hint: 'Finished segments are kept: run the same command again to go on from there.',
});

/** The stop when what is printed can go nowhere for another reason, such as a full disk: somebody has to be told. */
export function printingFailed(error: Error): RestorationError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  const isFull = ['ENOSPC', 'EDQUOT'].includes(code);
  return new RestorationError(
    isFull ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE',
    isFull ? 'There is no space left for what is printed on stdout.' : `stdout cannot be written (${code}).`,
    {
      hint: 'Send it elsewhere and run the same command again; finished segments are kept.',
      cause: error,
    },
  );
}

/** Whether a stream failed because nobody reads it any more. */
export const isReaderGone = (error: Error): boolean => 'code' in error && error.code === 'EPIPE';

import { EXIT_CODES, RestorationError } from '../index.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal stops in order: what runs is abandoned, finished segments stay, the exit code says that the same
 * command goes on. The second ends the program at once.
 */
export function watchSignals(onFirst: () => void, exit: (code: number) => void): AbortController {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        exit(EXIT_CODES.interrupted);
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

/** The same stop when nobody reads stdout any more (`restore --json ... | head`); not reported, nobody would see it. */
export const READER_GONE = new RestorationError('STOPPED', 'Whoever read the output has closed it.', {
  hint: 'Finished segments are kept: run the same command again to go on from there.',
});

import { appendFileSync } from 'node:fs';
import { watchFolder } from '../../src/batch/watch.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { textWork } from '../unit/batch-helpers.ts';

/**
 * A watcher that "restores" text files, for tests that kill it: `watch-worker.ts FOLDER LOG`. Every segment that it works on
 * is a line in LOG at the moment it is done.
 */
const [folder = '', log = ''] = process.argv.slice(2);
const lines: string[] = [];
lines.push = (...items: string[]): number => {
  for (const item of items) appendFileSync(log, `${item}\n`);
  return 0;
};
await watchFolder({ folder, once: true, settleSeconds: 2 }, { work: textWork(lines, 20, systemClock) });

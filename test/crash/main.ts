import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { killRuns } from './kill-runs.ts';

/**
 * `npm run test:crash -- --kills 50`: kills the program and its children at random moments, resumes each time, and compares
 * every output with that of an undisturbed run. Needs a build. Arguments behind `--` replace the options of the run.
 */
const { values, positionals } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
  allowPositionals: true,
});
const args = positionals.length > 0 ? positionals : ['--preset', 'none', '--codec', 'h264', '--segment-frames', '4'];
const folder = await mkdtemp(path.join(os.tmpdir(), 'crash-'));
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
print(`seed ${values.seed}, ${args.join(' ')}`);
const figures = await killRuns({ folder, kills: Number(values.kills), seed: Number(values.seed), args, log: print });
await rm(folder, { recursive: true });
print(JSON.stringify(figures, undefined, 2));
process.exitCode = figures.problems.length === 0 ? 0 : 1;

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { faultRuns } from './fault-runs.ts';
import { killRuns } from './kill-runs.ts';

/**
 * `npm run test:crash -- --kills 50`: kills the program, its children and its worker threads at random moments, resumes
 * each time, and compares every output with that of an undisturbed run. `--faults` instead: the first, second, third, ... open, read, write, fsync,
 * rename, remove and spawn fails, until a run is clean. Arguments behind `--` replace the options of the run.
 */
const { values, positionals } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    faults: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
  allowPositionals: true,
});
const segmentFrames = values.faults ? '16' : '4';
// The kills are to find worker threads, which only networks have.
const stages = values.faults ? [] : ['--upscale', '1.5'];
const usual = [
  '--preset',
  'none',
  ...stages,
  '--codec',
  'h264',
  '--encoder-preset',
  'ultrafast',
  '--segment-frames',
  segmentFrames,
];
const args = positionals.length > 0 ? positionals : usual;
const folder = await mkdtemp(path.join(os.tmpdir(), 'crash-'));
const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
log(`seed ${values.seed}, ${args.join(' ')}`);
const figures = values.faults
  ? await faultRuns({ folder, args, log })
  : await killRuns({ folder, kills: Number(values.kills), seed: Number(values.seed), args, log });
await rm(folder, { recursive: true });
log(JSON.stringify(figures, undefined, 2));
process.exitCode = figures.problems.length === 0 ? 0 : 1;

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { faultRuns } from './fault-runs.ts';
import { killRuns } from './kill-runs.ts';
import { watchRuns } from './watch-runs.ts';

/**
 * `npm run test:crash -- --kills 50`: kills the program, its children and its worker threads at random moments, resumes each
 * time, and compares every output with that of an undisturbed run. `--faults` instead: the first, second, third, ... open,
 * read, write, fsync, rename, remove and spawn fails, until a run is clean. `--watch 40`: so many films are dropped into a
 * watched folder whose watcher is killed `--kills` times. Arguments behind `--` replace the options of the run.
 */
const { values, positionals } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    faults: { type: 'boolean', default: false },
    watch: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
  allowPositionals: true,
});
const USUAL = {
  // The kills are to find worker threads, which only networks have.
  kills: ['--upscale', '1.5', '--codec', 'h264', '--encoder-preset', 'ultrafast', '--segment-frames', '4'],
  faults: ['--codec', 'h264', '--encoder-preset', 'ultrafast', '--segment-frames', '16'],
  // Matroska is what the watcher chooses for this codec by itself, and the undisturbed run's output.
  watch: ['--codec', 'ffv1', '--segment-frames', '16'],
};
const mode = values.faults ? 'faults' : values.watch === undefined ? 'kills' : 'watch';
const usual = ['--preset', 'none', ...USUAL[mode]];
const args = positionals.length > 0 ? positionals : usual;
const folder = await mkdtemp(path.join(os.tmpdir(), 'crash-'));
const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
log(`seed ${values.seed}, ${args.join(' ')}`);
const seed = Number(values.seed);
const kills = Number(values.kills);
const shared = { folder, args, log };
const runs = {
  kills: () => killRuns({ ...shared, kills, seed }),
  faults: () => faultRuns(shared),
  watch: () => watchRuns({ ...shared, films: Number(values.watch), kills, seed }),
};
const figures = await runs[mode]();
await rm(folder, { recursive: true });
log(JSON.stringify(figures, undefined, 2));
process.exitCode = figures.problems.length === 0 ? 0 : 1;

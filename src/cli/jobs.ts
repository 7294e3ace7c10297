import path from 'node:path';
import type { Command } from 'commander';
import { cleanCaches, cleanJobs, listCaches, listJobs, RestorationError, type Cache, type Job } from '../index.ts';
import { formatBytes, formatTable, quoteName } from './text.ts';
import type { CommandEnvironment } from './watch.ts';

interface JobFlags {
  readonly json?: boolean;
}

/** Adds `restore jobs` and `restore jobs clean`. */
export function addJobsCommand(program: Command, env: Pick<CommandEnvironment, 'print'>): void {
  const jobs = program
    .command('jobs')
    .description('list unfinished restorations in and below a folder')
    .argument('[folders...]', 'beside outputs, a --workdir, or a watched folder; default: here')
    .option('--json', 'print one JSON object a line')
    .action(async (folders: string[], flags: JobFlags) => {
      const [found, caches] = [await findIn(folders, listJobs), await findIn(folders, listCaches)];
      const json = (): string[] => [
        ...found.map((job) => JSON.stringify(job)),
        ...caches.map(({ folder, sizeBytes }) => JSON.stringify({ cache: folder, sizeBytes })),
      ];
      for (const line of flags.json === true ? json() : [...jobLines(found), ...caches.map(cacheLine)]) {
        env.print(line);
      }
    });
  jobs
    .command('clean')
    .description('remove them with all their finished segments, and what --cache has kept; those in use stay')
    .argument('[folders...]', 'as above')
    .action(async (folders: string[]) => {
      const [found, caches] = [await findIn(folders, listJobs), await findIn(folders, listCaches)];
      const cleaned = [
        ...(await cleanJobs(found)).map(({ job, problem }) => ({
          what: `what was made of ${quoteName(name(job))} so far (${formatBytes(job.sizeBytes)})`,
          problem,
        })),
        ...(await cleanCaches(caches)).map(({ cache, problem }) => ({ what: cacheLine(cache), problem })),
      ];
      for (const { what, problem } of cleaned) {
        env.print(problem === undefined ? `removed ${what}` : `left ${what}: ${problem.message}`);
      }
      if (cleaned.length === 0) env.print('There are no unfinished restorations.');
      const problems = cleaned.flatMap(({ problem }) => problem ?? []);
      // What does not pass by itself is said first.
      const worst = problems.find(({ code }) => code !== 'BUSY') ?? problems[0];
      if (worst) {
        throw new RestorationError(worst.code, `${problems.length} of ${cleaned.length} could not be removed.`, {
          hint: worst.code === 'BUSY' ? 'Wait until they are not in use.' : (worst.hint ?? 'See above.'),
          cause: worst,
        });
      }
    });
}

/** What `list` finds in all folders, each once. */
async function findIn<T extends { readonly folder: string }>(
  folders: readonly string[],
  list: (folder: string) => Promise<T[]>,
): Promise<T[]> {
  const found = new Map<string, T>();
  for (const folder of folders.length === 0 ? ['.'] : folders) {
    for (const one of await list(folder)) found.set(one.folder, one);
  }
  return [...found.values()];
}

const cacheLine = ({ folder, sizeBytes }: Cache): string =>
  `results kept for later runs: ${formatBytes(sizeBytes)} in ${quoteName(folder)}`;

const name = (job: Job): string => path.basename(job.source);

function jobLines(jobs: readonly Job[]): string[] {
  if (jobs.length === 0) return ['There are no unfinished restorations.'];
  const rows = jobs.map((job) => [
    quoteName(name(job)),
    job.framesTotal === undefined ? 'not begun' : `${Math.floor((100 * job.framesDone) / job.framesTotal)} %`,
    job.framesTotal === undefined ? '' : `${job.framesDone} of ${job.framesTotal} frames`,
    formatBytes(job.sizeBytes),
    job.owner === undefined ? '' : 'in use',
    quoteName(job.folder),
  ]);
  return formatTable([['FILM', 'DONE', '', 'ON DISK', '', 'FOLDER'], ...rows]);
}

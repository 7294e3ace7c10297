import path from 'node:path';
import type { Command } from 'commander';
import { cleanJobs, listJobs, RestorationError, type Job } from '../index.ts';
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
      const found = await findJobs(folders);
      for (const line of flags.json === true ? found.map((job) => JSON.stringify(job)) : jobLines(found)) {
        env.print(line);
      }
    });
  jobs
    .command('clean')
    .description('remove them with all their finished segments; those in use stay')
    .argument('[folders...]', 'as above')
    .action(async (folders: string[]) => {
      const cleaned = await cleanJobs(await findJobs(folders));
      for (const { job, problem } of cleaned) {
        const what = `${quoteName(name(job))} (${formatBytes(job.sizeBytes)})`;
        env.print(problem === undefined ? `removed ${what}` : `left ${what}: ${problem}`);
      }
      if (cleaned.length === 0) env.print('There are no unfinished restorations.');
      const left = cleaned.filter(({ problem }) => problem !== undefined).length;
      if (left > 0) {
        throw new RestorationError('BUSY', `${left} of ${cleaned.length} could not be removed.`, {
          hint: 'Wait until they are not in use.',
        });
      }
    });
}

async function findJobs(folders: readonly string[]): Promise<Job[]> {
  const found = new Map<string, Job>();
  for (const folder of folders.length === 0 ? ['.'] : folders) {
    for (const job of await listJobs(folder)) found.set(job.folder, job);
  }
  return [...found.values()];
}

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

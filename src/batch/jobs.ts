import path from 'node:path';
import { z } from 'zod';
import { toRestorationError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { loadIndex } from '../pipeline/analysis.ts';
import { openWorkFolder, workFolderOwner } from '../pipeline/workdir.ts';
import { readText, statOrUndefined, writeFileAtomic } from '../platform/files.ts';
import { folderBytes, subfolders } from '../platform/move.ts';
import { Journal } from './journal.ts';

const PLAN_NAME = 'plan.json';
/** How far below a folder work folders are looked for. */
const DEPTH = 6;

const planFileSchema = z.object({
  planHash: z.string(),
  source: z.string(),
  output: z.string(),
  preset: z.string(),
});

/** Leaves in a work folder what a person needs to know about it. */
export async function describeWork(plan: Plan): Promise<void> {
  const { planHash, output, preset, workdir } = plan;
  const content = { planHash, source: path.resolve(plan.media.path), output: path.resolve(output), preset };
  await writeFileAtomic(path.join(workdir, PLAN_NAME), `${JSON.stringify(content, undefined, 2)}\n`, workdir);
}

/** A restoration that is not finished. */
export interface Job {
  readonly folder: string;
  readonly source: string;
  readonly output: string;
  readonly preset: string;
  readonly framesDone: number;
  /** Undefined while the film has not been looked through. */
  readonly framesTotal: number | undefined;
  readonly sizeBytes: number;
  /** Who works on it now, in words. */
  readonly owner: string | undefined;
}

/** Work folders in and below `folder`: `.restore` beside outputs, a --workdir, a watched folder. */
export async function listJobs(folder: string): Promise<Job[]> {
  const jobs: Job[] = [];
  const visit = async (here: string, depth: number): Promise<void> => {
    const job = await readJob(here);
    if (job) {
      jobs.push(job);
      return;
    }
    if (depth === 0) return;
    for (const name of await subfolders(here)) {
      if (name !== 'node_modules' && (name === '.restore' || !name.startsWith('.'))) {
        await visit(path.join(here, name), depth - 1);
      }
    }
  };
  await visit(path.resolve(folder), DEPTH);
  return jobs;
}

async function readJob(folder: string): Promise<Job | undefined> {
  const file = path.join(folder, PLAN_NAME);
  if (!(await statOrUndefined(file))?.isFile()) return undefined;
  let plan: z.infer<typeof planFileSchema>;
  try {
    plan = planFileSchema.parse(JSON.parse(await readText(file)));
  } catch {
    return undefined;
  }
  let framesDone = 0;
  for (const { frames } of (await new Journal(folder).finished()).values()) framesDone += frames;
  const index = await loadIndex(folder);
  const { source, output, preset } = plan;
  return {
    folder,
    source,
    output,
    preset,
    framesDone,
    framesTotal: index?.pts.length,
    sizeBytes: await folderBytes(folder),
    owner: await workFolderOwner(folder),
  };
}

export interface Cleaned {
  readonly job: Job;
  /** Why it was left; undefined when it was removed. */
  readonly problem: string | undefined;
}

/** Removes work folders with all finished segments; those in use stay. */
export async function cleanJobs(jobs: readonly Job[]): Promise<Cleaned[]> {
  const cleaned: Cleaned[] = [];
  for (const job of jobs) {
    try {
      const held = await openWorkFolder(job.folder, { fresh: false });
      await held.release({ remove: true });
      cleaned.push({ job, problem: undefined });
    } catch (error) {
      cleaned.push({ job, problem: toRestorationError(error).message });
    }
  }
  return cleaned;
}

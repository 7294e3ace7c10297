import path from 'node:path';
import { z } from 'zod';
import { toRestorationError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { loadIndex } from '../pipeline/analysis.ts';
import { CACHE_FOLDER, CACHE_MARK } from '../pipeline/result-cache.ts';
import { DEFAULT_WORKDIR, openWorkFolder, workFolderOwner } from '../pipeline/workdir.ts';
import { readText, removeEmptyFolder, removeFolder, statOrUndefined, writeFileAtomic } from '../platform/files.ts';
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
export const listJobs = (folder: string): Promise<Job[]> => findFolders(folder, readJob);

/** What `read` makes of folders in and below `folder`; where it makes something, it goes no deeper. */
async function findFolders<T>(folder: string, read: (folder: string) => Promise<T | undefined>): Promise<T[]> {
  const found: T[] = [];
  const visit = async (here: string, depth: number): Promise<void> => {
    const one = await read(here);
    if (one) {
      found.push(one);
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
  return found;
}

/** Results that `cache` has kept for later runs. */
export interface Cache {
  readonly folder: string;
  readonly sizeBytes: number;
}

/** Caches in and below `folder`, beside the work folders. */
export const listCaches = (folder: string): Promise<Cache[]> =>
  findFolders(folder, async (here) => {
    const marked = (await statOrUndefined(path.join(here, CACHE_MARK)))?.isFile() === true;
    return marked && path.basename(here) === CACHE_FOLDER
      ? { folder: here, sizeBytes: await folderBytes(here) }
      : undefined;
  });

/**
 * Removes caches, and the default folder around one when nothing else is in it; those beside work in progress stay.
 * Returns the ones that were removed.
 */
export async function cleanCaches(caches: readonly Cache[]): Promise<readonly Cache[]> {
  const removed: Cache[] = [];
  for (const cache of caches) {
    const parent = path.dirname(cache.folder);
    const owners = await Promise.all(
      (await subfolders(parent)).map((name) => workFolderOwner(path.join(parent, name))),
    );
    if (owners.some((owner) => owner !== undefined)) continue;
    await removeFolder(cache.folder);
    if (path.basename(parent) === DEFAULT_WORKDIR) await removeEmptyFolder(parent);
    removed.push(cache);
  }
  return removed;
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

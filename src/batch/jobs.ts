import path from 'node:path';
import { z } from 'zod';
import { RestorationError, toRestorationError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import { loadIndex } from '../pipeline/analysis.ts';
import { CACHE_FOLDER, CACHE_MARK } from '../pipeline/result-cache.ts';
import { DEFAULT_WORKDIR, openWorkFolder, workFolderOwner } from '../pipeline/workdir.ts';
import {
  errorCodeOf,
  listFolder,
  readText,
  removeEmptyFolder,
  removeFolder,
  statOrUndefined,
  writeFileAtomic,
} from '../platform/files.ts';
import { folderBytes, subfolders } from '../platform/move.ts';
import { Journal } from './journal.ts';

const PLAN_NAME = 'plan.json';

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

/**
 * Work folders in and below `folder`: `.restore` beside outputs, a --workdir, a watched folder. Throws INPUT_MISSING,
 * INPUT_UNREADABLE or USAGE where `folder` itself cannot be looked into; others that cannot be are passed over.
 */
export const listJobs = (folder: string): Promise<Job[]> => findFolders(folder, readJob);

/** What `read` makes of folders in and below `folder`; where it makes something, it goes no deeper. Links are not followed. */
async function findFolders<T>(folder: string, read: (folder: string) => Promise<T | undefined>): Promise<T[]> {
  const root = path.resolve(folder);
  await assertFolder(root);
  const found: T[] = [];
  const visit = async (here: string): Promise<void> => {
    const one = await read(here).catch((error: unknown) => {
      // Not ours to look into (lost+found), or gone meanwhile.
      if (errorCodeOf(error) === undefined) throw error;
      return undefined;
    });
    if (one) {
      found.push(one);
      return;
    }
    for (const name of await subfolders(here)) {
      if (name !== 'node_modules' && (name === '.restore' || !name.startsWith('.'))) await visit(path.join(here, name));
    }
  };
  await visit(root);
  return found;
}

async function assertFolder(folder: string): Promise<void> {
  try {
    if (!(await statOrUndefined(folder))) {
      throw new RestorationError('INPUT_MISSING', `There is no folder ${folder}.`, { hint: 'Check its name.' });
    }
    await listFolder(folder);
  } catch (error) {
    if (error instanceof RestorationError) throw error;
    if (errorCodeOf(error) === 'ENOTDIR') {
      throw new RestorationError('USAGE', `${folder} is not a folder.`, {
        hint: 'Name the folder that the work lies in, or one above it.',
      });
    }
    throw new RestorationError(
      'INPUT_UNREADABLE',
      `The folder ${folder} cannot be read (${errorCodeOf(error) ?? ''}).`,
      {
        hint: 'Check its permissions, and that the disk or share is still connected.',
        cause: error,
      },
    );
  }
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

/** A cache, and why it was left; undefined when it was removed. */
export interface CleanedCache {
  readonly cache: Cache;
  readonly problem: RestorationError | undefined;
}

/** Removes caches, and the default folder around one when nothing else is in it; those beside work in progress stay. */
export async function cleanCaches(caches: readonly Cache[]): Promise<CleanedCache[]> {
  const cleaned: CleanedCache[] = [];
  for (const cache of caches) {
    const problem = await problemOf(cache.folder, () => cleanCache(cache.folder));
    cleaned.push({ cache, problem });
  }
  return cleaned;
}

async function cleanCache(folder: string): Promise<void> {
  const parent = path.dirname(folder);
  for (const name of await subfolders(parent)) {
    const owner = await workFolderOwner(path.join(parent, name)).catch(() => undefined);
    if (owner === undefined) continue;
    throw new RestorationError('BUSY', `${owner} uses it.`, { hint: 'Wait until it is not in use.' });
  }
  await removeFolder(folder);
  if (path.basename(parent) === DEFAULT_WORKDIR) await removeEmptyFolder(parent);
}

/** What went wrong with removing a folder, in words that a person can act on; undefined when nothing did. */
async function problemOf(folder: string, remove: () => Promise<void>): Promise<RestorationError | undefined> {
  try {
    await remove();
    return undefined;
  } catch (error) {
    const code = error instanceof RestorationError ? errorCodeOf(error.cause) : errorCodeOf(error);
    if (code === undefined) return toRestorationError(error);
    return new RestorationError('OUTPUT_UNWRITABLE', `${folder} cannot be removed (${code}).`, {
      hint: 'Check the permissions of the folder and of what is in it.',
      cause: error,
    });
  }
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
  readonly problem: RestorationError | undefined;
}

/** Removes work folders with all finished segments; those in use stay. */
export async function cleanJobs(jobs: readonly Job[]): Promise<Cleaned[]> {
  const cleaned: Cleaned[] = [];
  for (const job of jobs) {
    const problem = await problemOf(job.folder, async () => {
      const held = await openWorkFolder(job.folder, { fresh: false });
      await held.release({ remove: true });
    });
    cleaned.push({ job, problem });
  }
  return cleaned;
}

import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import {
  createExclusive,
  ensureFolder,
  listFolder,
  readText,
  removeEmptyFolder,
  removeFile,
  removeFolder,
} from '../platform/files.ts';
import { isProcessAlive, ownProcessId } from '../platform/process.ts';

const LOCK_NAME = 'lock';

/** Suffix of everything that is not finished; removed when the next run starts. */
export const UNFINISHED = '.tmp';

export interface WorkFolder {
  readonly path: string;
  /** Lets others in again. With `remove` the folder and its content go too. */
  release(options: { readonly remove: boolean }): Promise<void>;
}

/**
 * Creates a plan's work folder or opens that of an earlier run, and takes its lock. A lock of a process that is gone is
 * taken over. Throws BUSY when another live process works there.
 */
export async function openWorkFolder(folder: string, options: { readonly fresh: boolean }): Promise<WorkFolder> {
  await ensureFolder(folder);
  const lock = path.join(folder, LOCK_NAME);
  if (!(await createExclusive(lock, String(ownProcessId())))) {
    const owner = Number(await readText(lock).catch(() => ''));
    if (Number.isInteger(owner) && owner > 0 && owner !== ownProcessId() && isProcessAlive(owner)) {
      throw new RestorationError('BUSY', `Process ${owner} is restoring this film already (${folder}).`, {
        hint: 'Wait for it, or stop it and run the same command again.',
      });
    }
    await removeFile(lock);
    await createExclusive(lock, String(ownProcessId()));
  }
  for (const name of await listFolder(folder)) {
    if (name !== LOCK_NAME && (options.fresh || name.includes(UNFINISHED))) {
      await removeFolder(path.join(folder, name));
    }
  }
  return {
    path: folder,
    release: async ({ remove }) => {
      if (remove) await removeFolder(folder);
      else await removeFile(lock);
      // `.restore` itself goes when this was its last plan.
      if (remove) await removeEmptyFolder(path.dirname(folder));
    },
  };
}

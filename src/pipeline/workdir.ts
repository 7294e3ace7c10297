import path from 'node:path';
import { JOURNAL_NAME } from '../batch/journal.ts';
import { LeaseBook } from '../batch/lease.ts';
import { RestorationError } from '../core/errors.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { ensureFolder, listFolder, removeEmptyFolder, removeFolder } from '../platform/files.ts';

const LOCK = 'lock';
/** A process on another machine that says nothing for this long is gone. */
const LOCK_EXPIRES_MS = 120_000;

/** Folder beside the output that holds a folder for every unfinished plan. */
export const DEFAULT_WORKDIR = '.restore';

/** Suffix of everything that is not finished; removed when the next run starts. */
export const UNFINISHED = '.tmp';

export interface WorkFolder {
  readonly path: string;
  /** Lets others in again. With `remove` the folder and its content go too. */
  release(options: { readonly remove: boolean }): Promise<void>;
}

const locks = (folder: string, clock: Clock = systemClock): LeaseBook => new LeaseBook(folder, clock, LOCK_EXPIRES_MS);

export interface OpenOptions {
  /** Throws away what an earlier run has left. */
  readonly fresh: boolean;
  readonly signal?: AbortSignal;
  /** Hears that another machine's lock is being watched, and for how long at most. */
  readonly tell?: (message: string) => void;
  readonly clock?: Clock;
}

/**
 * Creates a plan's work folder or opens that of an earlier run, and takes its lock. A lock of a process that is gone is
 * taken over; that of another machine, which cannot be asked, once it has been silent for two minutes. Throws BUSY when
 * another live process works there.
 */
export async function openWorkFolder(folder: string, options: OpenOptions): Promise<WorkFolder> {
  await ensureFolder(folder);
  const { clock, signal, tell = () => undefined } = options;
  const book = locks(folder, clock);
  const lock = await book.acquireFromSilent(LOCK, signal, (owner) =>
    tell(`${owner} was restoring this film. If it gives no sign of life for two minutes, the work goes on here.`),
  );
  if (!lock) {
    const owner = await book.owner(LOCK);
    throw new RestorationError('BUSY', `${owner ?? 'Another process'} is restoring this film already (${folder}).`, {
      hint: 'Wait for it, or stop it and run the same command again.',
    });
  }
  try {
    for (const name of await listFolder(folder)) {
      if (!name.startsWith(LOCK) && (options.fresh || name.includes(UNFINISHED))) {
        await removeFolder(path.join(folder, name));
      }
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path: folder,
    release: async ({ remove }) => {
      if (remove) await removeContent(folder);
      await lock.release();
      // The default folder goes when this was its last plan; one that the user named stays.
      const parent = path.dirname(folder);
      if (remove && path.basename(parent) === DEFAULT_WORKDIR) await removeEmptyFolder(parent);
    },
  };
}

/** The journal, which says that the work is done, goes last: whoever is killed over it only has this to do again. */
async function removeContent(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (name !== JOURNAL_NAME && !name.startsWith(LOCK)) await removeFolder(path.join(folder, name));
  }
  await removeFolder(folder);
}

/** Who works in a work folder now; undefined when nobody does. */
export const workFolderOwner = (folder: string): Promise<string | undefined> => locks(folder).owner(LOCK);

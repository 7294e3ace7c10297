import { constants, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { RestorationError } from '../core/errors.ts';
import { fs } from './faults.ts';

/** Error codes of a file system that is out of room. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Says in our words what a failed write means. */
export function writeError(path: string, error: unknown): RestorationError {
  const code = errorCodeOf(error);
  if (code !== undefined && FULL.has(code)) {
    return new RestorationError('DISK_FULL', `There is no space left to write ${path}.`, {
      hint: 'Free some space, or name another place with --workdir, and run the same command again: finished segments are kept.',
      cause: error,
    });
  }
  return new RestorationError('OUTPUT_UNWRITABLE', `${path} cannot be written (${code ?? String(error)}).`, {
    hint: 'Check the folder and its permissions, or name another output with -o.',
    cause: error,
  });
}

export async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(path);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Whether a link has this name, also one to a file that is not there. */
export async function isLink(path: string): Promise<boolean> {
  const stats = await fs.lstat(path).catch(() => undefined);
  return stats?.isSymbolicLink() ?? false;
}

/** Whether there is a regular file that holds something and that this process may read. */
export async function isReadableFile(path: string): Promise<boolean> {
  try {
    const stats = await fs.stat(path);
    if (!stats.isFile() || stats.size === 0) return false;
    await fs.access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

export const exists = async (path: string): Promise<boolean> => (await statOrUndefined(path)) !== undefined;

/** Flushes a file's content, and a folder's entries, to the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await fs.open(path, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems and Windows refuse to sync a folder; the rename is then as durable as they allow.
    const code = errorCodeOf(error);
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'EISDIR' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}

/** Gives a finished file its final name: fsync, rename, fsync of the folder. Replaces what is there. */
export async function publish(temporary: string, final: string, folder: string): Promise<void> {
  try {
    await syncPath(temporary);
    await fs.rename(temporary, final);
    await syncPath(folder);
  } catch (error) {
    throw writeError(final, error);
  }
}

/** As `publish`, but never replaces a file: throws OUTPUT_EXISTS when there is one under the final name. */
export async function publishNew(temporary: string, final: string, folder: string): Promise<void> {
  try {
    await syncPath(temporary);
    // A hard link fails when the name is taken, which rename does not.
    await fs.link(temporary, final);
    await fs.unlink(temporary);
    await syncPath(folder);
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') {
      throw new RestorationError('OUTPUT_EXISTS', `${final} exists already.`, {
        hint: 'Name another file with -o, or allow replacing it with --overwrite.',
      });
    }
    if (['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(errorCodeOf(error) ?? '')) {
      if (await exists(final)) {
        throw new RestorationError('OUTPUT_EXISTS', `${final} exists already.`, {
          hint: 'Name another file with -o, or allow replacing it with --overwrite.',
        });
      }
      await publish(temporary, final, folder);
      return;
    }
    throw writeError(final, error);
  }
}

/** Writes a small file so that readers see the old or the new content, never a part. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, folder: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await fs.writeFile(temporary, content);
  } catch (error) {
    throw writeError(path, error);
  }
  await publish(temporary, path, folder);
}

/** Creates a file only where there is none; false when there is one. */
export async function createExclusive(path: string, content: string): Promise<boolean> {
  try {
    await fs.writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return false;
    throw writeError(path, error);
  }
}

/** What systems say when a folder that is to be made is there. */
const PRESENT = new Set(['EEXIST', 'EISDIR', 'EPERM', 'EROFS']);
/** Of a run beside this one that tidies up: it may take the parent away before the child is made. */
const MOST_TRIES = 4;

async function makeFolders(folder: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await fs.mkdir(folder);
      return;
    } catch (error) {
      const code = errorCodeOf(error) ?? '';
      if (PRESENT.has(code) && (await statOrUndefined(folder))?.isDirectory()) return;
      if (code !== 'ENOENT' || tries === MOST_TRIES || dirname(folder) === folder) throw error;
    }
    await makeFolders(dirname(folder));
  }
}

/**
 * Creates a folder and its parents, one by one: where the system says that a folder cannot be found in one that is there
 * (as in /proc), Node's own way tries for ever, on a thread that nothing ends.
 */
export async function ensureFolder(folder: string): Promise<void> {
  try {
    await makeFolders(resolve(folder));
  } catch (error) {
    const said = writeError(folder, error);
    if (said.code === 'DISK_FULL') throw said;
    throw new RestorationError(
      said.code,
      `The folder ${folder} cannot be made (${errorCodeOf(error) ?? String(error)}).`,
      {
        hint: 'Check the folders above it and their permissions, or name another one.',
        cause: error,
      },
    );
  }
}

export async function isWritableFolder(path: string): Promise<boolean> {
  try {
    await fs.access(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Free bytes for this user on the file system that holds `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(path);
  return bavail * bsize;
}

/** Appends a line and flushes it to the disk. A torn line that a power cut left behind is closed first. */
export async function appendLine(path: string, line: string, folder: string): Promise<void> {
  const isNew = !(await exists(path));
  try {
    const handle = await fs.open(path, 'a+');
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      await handle.appendFile(size > 0 && last[0] !== 0x0a ? `\n${line}\n` : `${line}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (isNew) await syncPath(folder);
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Gives a file or folder another name, at once but not durably; that of a folder must be free. */
export async function rename(from: string, to: string): Promise<void> {
  try {
    await fs.rename(from, to);
  } catch (error) {
    throw writeError(to, error);
  }
}

/** Copies a file, as a shared clone where the file system can; what is under the new name is replaced, not atomically. */
export async function copyFile(from: string, to: string): Promise<void> {
  try {
    await fs.copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    throw writeError(to, error);
  }
}

export const readText = (path: string): Promise<string> => fs.readFile(path, 'utf8');
/** Text without the mark of its byte order that editors of Windows put in front, which JSON.parse takes for a mistake. */
export const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text);
export const readBytes = (path: string): Promise<Buffer<ArrayBuffer>> => fs.readFile(path);
export const listFolder = (path: string): Promise<string[]> => fs.readdir(path);
export const removeFile = (path: string): Promise<void> => fs.rm(path, { force: true });
export const removeFolder = (path: string): Promise<void> => fs.rm(path, { recursive: true, force: true });
export const removeEmptyFolder = (path: string): Promise<void> => fs.rmdir(path).catch(() => undefined);
/** Says that a file was used now, without changing it. */
export const touchFile = (path: string): Promise<void> => fs.utimes(path, new Date(), new Date());
export const realPath = fs.realpath;
export const openFile = fs.open;

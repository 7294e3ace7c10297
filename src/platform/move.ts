import { createHash } from 'node:crypto';
import path from 'node:path';
import { fs } from './faults.ts';
import { fittingName, isMisread } from './file-names.ts';
import { errorCodeOf, exists, statOrUndefined, syncPath, writeError } from './files.ts';

/** What tells one state of one file from any other, as far as a file system says without reading it. */
export interface FileIdentity {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Stays when the file is renamed. */
  readonly inode: number;
}

/** Undefined when there is no regular file (links are not followed). */
export async function identify(file: string): Promise<FileIdentity | undefined> {
  try {
    const stats = await fs.lstat(file);
    if (!stats.isFile()) return undefined;
    return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, inode: stats.ino };
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export interface FoundFile extends FileIdentity {
  /** Relative to the folder, with '/' between its parts. */
  readonly name: string;
}

/**
 * All regular files below a folder that `wanted` (called with folders too) lets through, by name. `onMisread` is called with
 * files and folders that cannot be opened because their names are no UTF-8.
 */
export async function walkFiles(
  folder: string,
  wanted: (name: string) => boolean,
  onMisread?: (name: string) => void,
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const visit = async (below: string): Promise<void> => {
    const entries = await fs.readdir(path.join(folder, below), { withFileTypes: true }).catch((error: unknown) => {
      // A folder that went away, or that is not ours to read, holds nothing for us.
      if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(errorCodeOf(error) ?? '') && below !== '') return [];
      throw error;
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (!wanted(entry.name)) continue;
      if (isMisread(entry.name) && !(await exists(path.join(folder, name)))) {
        onMisread?.(name);
        continue;
      }
      if (entry.isDirectory()) await visit(name);
      const identity = entry.isFile() ? await identify(path.join(folder, name)) : undefined;
      if (identity) found.push({ name, ...identity });
    }
  };
  await visit('');
  return found;
}

/** Names of the folders in a folder (links to folders are none); none where it cannot be read. */
export async function subfolders(folder: string): Promise<string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Bytes that the files below a folder take on the disk's books. */
export async function folderBytes(folder: string): Promise<number> {
  let sum = 0;
  for (const { sizeBytes } of await walkFiles(folder, () => true)) sum += sizeBytes;
  return sum;
}

/** A second name for a file, on the same file system. False where that is not possible or the name is taken. */
export async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to);
    return true;
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') throw writeError(to, error);
    return false;
  }
}

async function contentHash(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await fs.open(file, 'r');
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = [await fs.stat(a), await fs.stat(b)];
  return one.ino === other.ino && one.dev === other.dev;
}

/** What a move over file systems leaves when it is cut off before the original is removed. */
async function isFinishedCopy(from: string, to: string): Promise<boolean> {
  const [original, copy] = [await fs.stat(from), await fs.stat(to)];
  if (original.dev === copy.dev || original.size !== copy.size) return false;
  return (await contentHash(from)) === (await contentHash(to));
}

/** Copies over file systems under a passing name, flushes, and reads both again before the copy counts. */
async function copyVerified(from: string, temporary: string): Promise<void> {
  await fs.copyFile(from, temporary);
  const { atime, mtime } = await fs.stat(from);
  await fs.utimes(temporary, atime, mtime);
  await syncPath(temporary);
  if ((await contentHash(from)) === (await contentHash(temporary))) return;
  await fs.rm(temporary, { force: true });
  throw new Error('the copy differs from the original');
}

/**
 * Moves a file to a name that nobody has; false when somebody has it. Over file systems: copy, flush, compare, then remove.
 * Cut off at any moment and called again with the same names, it ends as if it had not been cut off: the file is never
 * under no name at all, and a `to` that is this file already counts as moved.
 */
export async function moveNew(from: string, to: string): Promise<boolean> {
  const folder = path.dirname(to);
  try {
    const present = await statOrUndefined(to);
    if (present && !(await statOrUndefined(from))) return true;
    if (present) {
      if (!(await isSameFile(from, to)) && !(await isFinishedCopy(from, to))) return false;
    } else {
      const placed = await place(from, to);
      if (!placed) return false;
    }
    await syncPath(folder);
    await fs.rm(from, { force: true });
    await syncPath(path.dirname(from)).catch(() => undefined);
    return true;
  } catch (error) {
    throw writeError(to, error);
  }
}

/** The name of a copy that is not whole, which a disk takes too where the file's own is a long one. */
function passingName(name: string): string {
  const passing = `.${name}.moving`;
  if (passing === fittingName(passing, '')) return passing;
  return `.${createHash('sha256').update(name).digest('hex')}.moving`;
}

async function place(from: string, to: string): Promise<boolean> {
  const temporary = path.join(path.dirname(to), passingName(path.basename(to)));
  let source = from;
  try {
    try {
      await fs.link(from, to);
      return true;
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'EEXIST') return false;
      if (code === 'ENOENT' || code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO') throw error;
      if (code === 'EXDEV') {
        await copyVerified(from, temporary);
        source = temporary;
      }
    }
    // No hard links here: between the question and the rename somebody could take the name, and nothing better exists.
    if (await linkFile(source, to)) return true;
    if (await statOrUndefined(to)) return false;
    await fs.rename(source, to);
    return true;
  } finally {
    if (source !== from) await fs.rm(temporary, { force: true });
  }
}

import { createHash } from 'node:crypto';
import { RestorationError } from '../core/errors.ts';
import type { Fingerprint, MediaInfo } from '../core/media.ts';
import { isMisread } from '../platform/file-names.ts';
import { errorCodeOf, openFile, statOrUndefined } from '../platform/files.ts';

const PART = 1024 * 1024;

/**
 * Identity of a file: size and SHA-256 over the size and the first, middle and last MiB; and its first 64 bytes. Throws what is wrong with the path as the user
 * should hear it: INPUT_MISSING, INPUT_NOT_A_FILE, INPUT_EMPTY, INPUT_UNREADABLE.
 */
export async function identify(
  path: string,
): Promise<{ readonly fingerprint: Fingerprint; readonly head: Uint8Array }> {
  const unreadable = (error: unknown): RestorationError =>
    new RestorationError('INPUT_UNREADABLE', `${path} cannot be read (${errorCodeOf(error) ?? String(error)}).`, {
      hint: 'Check the permissions of the file and of the folders above it.',
      cause: error,
    });
  const stats = await statOrUndefined(path).catch((error: unknown) => {
    throw unreadable(error);
  });
  if (stats === undefined) {
    throw new RestorationError('INPUT_MISSING', `There is no file ${path}.`, {
      hint: isMisread(path)
        ? 'A name that is not written in UTF-8 cannot be opened: rename the file.'
        : 'Check the name and the folder.',
    });
  }
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a folder' : 'not a regular file';
    throw new RestorationError('INPUT_NOT_A_FILE', `${path} is ${what}.`, { hint: 'Name the film files themselves.' });
  }
  if (stats.size === 0) {
    throw new RestorationError('INPUT_EMPTY', `${path} is empty (0 bytes).`, {
      hint: 'Copy or download the file again.',
    });
  }
  const hash = createHash('sha256').update(`${stats.size}\n`);
  const heads: Buffer[] = [];
  const middle = Math.max(0, Math.floor(stats.size / 2) - PART / 2);
  try {
    const file = await openFile(path, 'r');
    try {
      for (const position of [0, middle, Math.max(0, stats.size - PART)]) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(PART), 0, PART, position);
        hash.update(buffer.subarray(0, bytesRead));
        heads.push(buffer.subarray(0, Math.min(bytesRead, 64)));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
  return { fingerprint: { sizeBytes: stats.size, digest: hash.digest('hex') }, head: heads[0] ?? Buffer.alloc(0) };
}

type Known = Pick<MediaInfo, 'path' | 'fingerprint'>;

/** Throws INPUT_CHANGED when a file is not the one any more that was looked at, and as `identify` when there is none to look at. */
export async function assertUnchanged({ path, fingerprint }: Known): Promise<void> {
  const { fingerprint: now } = await identify(path);
  if (now.sizeBytes === fingerprint.sizeBytes && now.digest === fingerprint.digest) return;
  throw changed(path);
}

/**
 * As `assertUnchanged`, for what was made of a file up to now: one that is gone, or whose disk does not answer for a moment, was
 * read all the same.
 */
export async function assertNotReplaced(file: Known): Promise<void> {
  try {
    await assertUnchanged(file);
  } catch (error) {
    const code = error instanceof RestorationError ? error.code : undefined;
    if (code === 'INPUT_MISSING' || code === 'INPUT_UNREADABLE') return;
    throw code === 'INPUT_EMPTY' ? changed(file.path) : error;
  }
}

const changed = (path: string): RestorationError =>
  new RestorationError('INPUT_CHANGED', `${path} is not the file any more that it was when work on it began.`, {
    hint: 'Leave it alone while it is restored, and run the command again.',
  });

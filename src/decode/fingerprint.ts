import { createHash } from 'node:crypto';
import { RestorationError } from '../core/errors.ts';
import type { Fingerprint } from '../core/media.ts';
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
      hint: 'Check the name and the folder.',
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

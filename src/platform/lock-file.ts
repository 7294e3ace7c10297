import { RestorationError } from '../core/errors.ts';
import { exists, readText, removeFile } from './files.ts';
import { isRunning, ownIdentity, type ProcessIdentity } from './host.ts';
import { createOwned } from './owned-file.ts';

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { host, pid, start } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  return typeof host === 'string' && typeof pid === 'number' && typeof start === 'string';
}

/** Whether the process that wrote the lock is known to be gone. What cannot be read may be just being written. */
async function isStale(file: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(await readText(file));
    return isIdentity(value) && isRunning(value) === false;
  } catch {
    return false;
  }
}

/**
 * Keeps other processes out of what `file` stands for, until the result is called. A lock of a process that died on this
 * machine is taken over. Throws BUSY with `what` while another holds it.
 */
export async function lockFile(file: string, what: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const own = await createOwned(file, JSON.stringify(ownIdentity()));
    if (own) return () => own.remove();
    if (!(await exists(file)) || (await isStale(file))) await removeFile(file);
    else break;
  }
  throw new RestorationError('BUSY', `Another process is busy with ${what}.`, {
    hint: `Wait until it is done. If there is none, remove ${file}.`,
  });
}

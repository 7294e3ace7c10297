import type { FileHandle } from 'node:fs/promises';
import { fs } from './faults.ts';
import { errorCodeOf, writeError } from './files.ts';

/** A file that we created where there was none, and can tell from one that another put in its place later. */
export interface OwnedFile {
  /** Overwrites the content; `content` has the length it was created with. Harmless when the name is another's by now. */
  rewrite(content: string): Promise<void>;
  /** Whether the name still leads to our file. */
  isOurs(): Promise<boolean>;
  /** Removes the name if it is still ours. */
  remove(): Promise<void>;
}

/** Undefined when the name is taken. */
export async function createOwned(file: string, content: string): Promise<OwnedFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await fs.open(file, 'wx');
  } catch (error) {
    if (errorCodeOf(error) === 'EEXIST') return undefined;
    throw writeError(file, error);
  }
  const isOurs = async (): Promise<boolean> => {
    try {
      const [named, held] = [await fs.stat(file), await handle.stat()];
      return named.ino === held.ino && named.dev === held.dev;
    } catch {
      return false;
    }
  };
  const rewrite = async (text: string): Promise<void> => {
    await handle.write(text, 0, 'utf8');
  };
  const remove = async (): Promise<void> => {
    const ours = await isOurs();
    await handle.close();
    if (ours) await fs.rm(file, { force: true });
  };
  try {
    await rewrite(content);
    await handle.sync();
  } catch (error) {
    await remove().catch(() => undefined);
    throw writeError(file, error);
  }
  return { rewrite, isOurs, remove };
}

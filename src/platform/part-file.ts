import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { RestorationError } from '../core/errors.ts';
import { errorCodeOf, openFile, readText, removeFile, writeError } from './files.ts';
import { readPieces } from './streams.ts';

/** What is known of the file that a part belongs to. */
export interface PartState {
  readonly url: string;
  /** ETag or date, for `If-Range`. */
  readonly validator: string | undefined;
}

/** Beside the part, so that another process can go on. */
export const stateFile = (part: string): string => `${part}.json`;

export async function readState(part: string): Promise<PartState | undefined> {
  try {
    const value = JSON.parse(await readText(stateFile(part))) as Partial<Record<keyof PartState, unknown>> | null;
    if (typeof value?.url !== 'string') return undefined;
    return { url: value.url, validator: typeof value.validator === 'string' ? value.validator : undefined };
  } catch {
    return undefined;
  }
}

function explained(path: string, error: unknown): RestorationError {
  if (errorCodeOf(error) !== 'ENOSPC' && errorCodeOf(error) !== 'EDQUOT') return writeError(path, error);
  return new RestorationError('DISK_FULL', `There is no space left to write ${path}.`, {
    hint: 'Free some space and run the same command again: it goes on where it stopped.',
    cause: error,
  });
}

/** The bytes of a file that is still on its way, with their running SHA-256. */
export class PartFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  #hash: Hash;
  #size: number;

  private constructor(path: string, handle: FileHandle, hash: Hash, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#hash = hash;
    this.#size = size;
  }

  /** Opens what is there, or begins anew when it is not to be kept. */
  static async open(path: string, keep: boolean): Promise<PartFile> {
    try {
      const handle = await openFile(path, keep ? 'a' : 'w');
      const hash = createHash('sha256');
      const { size } = await handle.stat();
      for await (const piece of readPieces(path, 0, Math.max(size, 1))) hash.update(piece);
      return new PartFile(path, handle, hash, size);
    } catch (error) {
      throw explained(path, error);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** SHA-256 of all bytes so far. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async append(piece: Uint8Array): Promise<void> {
    try {
      await this.#handle.appendFile(piece);
    } catch (error) {
      throw explained(this.#path, error);
    }
    this.#hash.update(piece);
    this.#size += piece.length;
  }

  /** Begins anew. */
  async clear(): Promise<void> {
    try {
      await this.#handle.truncate(0);
    } catch (error) {
      throw explained(this.#path, error);
    }
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Removes a part and what is known of it. */
export async function removePart(part: string): Promise<void> {
  await removeFile(part);
  await removeFile(stateFile(part));
}

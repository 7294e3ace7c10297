import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { writeError } from './files.ts';

/** Large pieces: a segment goes through a pipe, and small ones cost a wake-up each. */
const PIECE_BYTES = 1024 * 1024;

/** Reads a file from byte `start` on, in pieces, to before byte `end`. */
export const readPieces = (path: string, start = 0, end = Infinity): AsyncIterable<Buffer> =>
  createReadStream(path, { start, end: end - 1, highWaterMark: PIECE_BYTES });

/** Writes a helper file that lives only as long as the program that reads it: neither synced nor atomic. */
export async function writeText(path: string, content: string): Promise<void> {
  try {
    await writeFile(path, content);
  } catch (error) {
    throw writeError(path, error);
  }
}

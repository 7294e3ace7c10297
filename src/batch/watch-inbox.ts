import type { FoundFile } from '../platform/move.ts';
import type { WatchedFile } from './settle.ts';
import type { FilmState } from './watch-journal.ts';

/** A file in the inbox with its story so far. */
export interface Candidate {
  readonly job: string;
  readonly file: WatchedFile;
  readonly state: FilmState | undefined;
}

/** Films that were begun come first, in the order they were begun. */
export const order = ({ state }: Candidate): number =>
  state === undefined ? Number.POSITIVE_INFINITY : Date.parse(state.takenAt);

/** The same file, perhaps renamed: shares that make inodes up still have name, size and time. */
export function isSameDrop(
  a: Pick<FoundFile, 'name' | 'sizeBytes' | 'modifiedMs' | 'inode'>,
  b: Pick<FoundFile, 'name' | 'sizeBytes' | 'modifiedMs' | 'inode'>,
): boolean {
  if (a.sizeBytes !== b.sizeBytes || a.modifiedMs !== b.modifiedMs) return false;
  return a.name === b.name || a.inode === b.inode;
}

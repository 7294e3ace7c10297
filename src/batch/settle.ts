import type { FileIdentity, FoundFile } from '../platform/move.ts';

/** A file, and for how long it has been as it is. */
export interface WatchedFile extends FoundFile {
  readonly unchangedMs: number;
}

const sameState = (a: FileIdentity, b: FileIdentity): boolean =>
  a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs && a.inode === b.inode;

/**
 * Tells files that are complete from those that are still being written, by nothing but looking again: size, time and
 * identity must stay. Times come from a clock that never jumps; a file's own time is only compared, never believed.
 */
export class Settler {
  #known = new Map<string, { readonly file: FoundFile; readonly sinceMs: number }>();

  /** Takes what a look at the folder found; files that are gone are forgotten. */
  look(files: readonly FoundFile[], nowMs: number): WatchedFile[] {
    const next = new Map<string, { readonly file: FoundFile; readonly sinceMs: number }>();
    const watched = files.map((file) => {
      const known = this.#known.get(file.name);
      const sinceMs = known && sameState(known.file, file) ? known.sinceMs : nowMs;
      next.set(file.name, { file, sinceMs });
      return { ...file, unchangedMs: nowMs - sinceMs };
    });
    this.#known = next;
    return watched;
  }
}

/** What programs call a file that they are still writing, and what is not ours to take. */
const UNFINISHED_SUFFIXES = [
  '.part',
  '.crdownload',
  '.tmp',
  '.download',
  '.!ut',
  '.!qb',
  '.partial',
  '.opdownload',
  '.aria2',
];
const NOT_FILMS = new Set(['thumbs.db', 'desktop.ini']);
/** What lies beside films: descriptions, subtitles, sums, and the reasons that we leave in `failed`. */
const BESIDE_FILMS = ['.txt', '.nfo', '.srt', '.sub', '.idx', '.md5', '.sha256'];
/** restore.json, and the presets and models that it names beside itself. */
const SETTINGS = ['.json', '.onnx', '.onnx_data', '.onnx.data'];
const LEFT_ALONE = [...UNFINISHED_SUFFIXES, ...BESIDE_FILMS, ...SETTINGS];

/** Whether a file or folder of this name is to be looked at. */
export function isTakeable(name: string): boolean {
  const lower = name.toLowerCase();
  if (name.startsWith('.') || name.startsWith('~') || NOT_FILMS.has(lower)) return false;
  return !LEFT_ALONE.some((suffix) => lower.endsWith(suffix));
}

import { createHash } from 'node:crypto';
import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import { fittingName, splitName } from '../platform/file-names.ts';
import { ensureFolder, exists, realPath } from '../platform/files.ts';
import type { FoundFile } from '../platform/move.ts';

/** The folders of a watched folder. */
export interface WatchLayout {
  readonly root: string;
  /** Films are dropped here, and stay here until their result is verified. */
  readonly inbox: string;
  /** Leases, journals, and a folder for every film that is being worked on. */
  readonly working: string;
  readonly done: string;
  readonly failed: string;
  /** Results; `done` unless another place was named. */
  readonly output: string;
}

export function watchLayout(root: string, output: string | undefined): WatchLayout {
  const done = path.join(root, 'done');
  return {
    root,
    inbox: path.join(root, 'inbox'),
    working: path.join(root, 'working'),
    done,
    failed: path.join(root, 'failed'),
    output: output === undefined ? done : path.resolve(output),
  };
}

/**
 * Makes the folders that are missing. Throws USAGE where what is done would lie in the inbox, in which it would be taken for
 * films again without end, or among what is being worked on; links are followed.
 */
export async function createLayout(layout: WatchLayout): Promise<void> {
  const { inbox, working, done, failed, output } = layout;
  for (const folder of [inbox, working, done, failed, output]) await ensureFolder(folder);
  for (const taken of [inbox, working]) {
    for (const folder of new Set([output, done, failed])) {
      if (!isWithin(await realPath(taken), await realPath(folder))) continue;
      throw new RestorationError(
        'USAGE',
        `${folder} lies in ${taken}, ${taken === inbox ? 'from which films are taken' : 'where films are worked on'}.`,
        {
          hint: 'Name another folder for the results with -o.',
        },
      );
    }
  }
}

function isWithin(folder: string, other: string): boolean {
  const way = path.relative(folder, other);
  return way === '' || !(path.isAbsolute(way) || way === '..' || way.startsWith(`..${path.sep}`));
}

/** A film's folder: a second name of the source, finished segments, the result until it is placed. */
export interface FilmFolder {
  readonly path: string;
  readonly source: string;
  readonly result: string;
}

export function filmFolder(layout: WatchLayout, job: string): FilmFolder {
  const folder = path.join(layout.working, job);
  return { path: folder, source: path.join(folder, 'source'), result: path.join(folder, 'result') };
}

/** The same for the same drop of the same file, on every machine; inodes are not part of it, since shares make them up. */
export function jobOf({ name, sizeBytes, modifiedMs }: Pick<FoundFile, 'name' | 'sizeBytes' | 'modifiedMs'>): string {
  return createHash('sha256')
    .update(JSON.stringify([name, sizeBytes, modifiedMs]))
    .digest('hex')
    .slice(0, 16);
}

/** 'a/film.restored.mp4' and 2 give 'a/film.restored (2).mp4', of a long name as much as fits; 1 leaves the name. */
export function numbered(file: string, count: number): string {
  if (count === 1) return file;
  const { stem, extension } = splitName(file);
  return path.join(path.dirname(file), fittingName(stem, ` (${count})${extension}`));
}

/** What `places` gives for the first number with which there is nothing under any of the names yet. */
export async function freeNames(places: (count: number) => readonly string[]): Promise<readonly string[]> {
  for (let count = 1; ; count++) {
    const paths = places(count);
    const taken = await Promise.all(paths.map((file) => exists(file)));
    if (!taken.includes(true) && new Set(paths).size === paths.length) return paths;
  }
}

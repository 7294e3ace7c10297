import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import { probeMedia } from '../decode/index.ts';
import { isReadableFile, listFolder, realPath } from '../platform/files.ts';
import type { RestoreOptions } from './options.ts';
import { isFolderOutput, resultStem } from './output.ts';
import { makePlan } from './plan.ts';

/** What is known of one of several films before work on any begins. Without `problem` and `skip` it can be begun. */
export interface Outlook {
  readonly options: RestoreOptions;
  readonly problem?: RestorationError;
  /** Why nothing is to be done, as a sentence. */
  readonly skip?: string;
}

/** Extensions of films that are restored and of results. */
const FILM = /\.(3gp|asf|avi|dv|flv|m2ts|m2v|m4v|mkv|mov|mp4|mpe?g|mts|mxf|nut|ogv|qt|rm|ts|vob|webm|wmv|y4m)$/i;

/** Whether a name is that of a film by its extension; the file need not be there. */
export const isFilmName = (name: string): boolean => FILM.test(name);

/**
 * Looks at films that are to be restored one after the other for what would otherwise come out hours later: inputs that
 * are not there, and two that would become one file. What an earlier run has made of one of them is to be left out, since
 * a pattern such as `*.mp4` names it with its source.
 */
export async function lookAhead(all: readonly RestoreOptions[], signal?: AbortSignal): Promise<Outlook[]> {
  const outlooks: Outlook[] = [];
  for (const options of all) {
    const problem = await problemOf(options.input, signal);
    const source = problem === undefined ? await sourceOf(options.input, all) : undefined;
    if (problem) outlooks.push({ options, problem });
    else if (source === undefined) outlooks.push({ options });
    else outlooks.push({ options, skip: `It is the result of ${source}; alone it can be restored again.` });
  }
  return withoutCollisions(outlooks, signal);
}

/** As `probeMedia` says it, which looks at such files only long enough to see what is wrong. */
async function problemOf(input: string, signal: AbortSignal | undefined): Promise<RestorationError | undefined> {
  if (await isReadableFile(input)) return undefined;
  try {
    await probeMedia(input, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof RestorationError) return error;
    throw error;
  }
  return undefined;
}

/** The film beside `input` that it is the result of by its name. */
async function sourceOf(input: string, all: readonly RestoreOptions[]): Promise<string | undefined> {
  const { dir, base, name, ext } = path.parse(input);
  if (!name.endsWith('.restored')) return undefined;
  const named = new Set(all.map((options) => path.resolve(options.input)));
  const beside = await listFolder(dir === '' ? '.' : dir).catch(() => []);
  const sources = beside.filter(
    (other) =>
      other !== base && resultStem(other) === name && (isFilmName(other) || named.has(path.resolve(dir, other))),
  );
  // A result keeps its source's container where it can.
  return sources.find((other) => path.extname(other) === ext) ?? sources[0];
}

/** The path with its folder's own name, whatever links lead there. */
async function placeOf(file: string): Promise<string> {
  const folder = path.dirname(path.resolve(file));
  return path.join(await realPath(folder).catch(() => folder), path.basename(file));
}

/** Only films whose results could meet are planned, for that takes seconds each. */
async function withoutCollisions(outlooks: readonly Outlook[], signal: AbortSignal | undefined): Promise<Outlook[]> {
  const stems = await Promise.all(
    outlooks.map(async ({ options: { input, output } }) => {
      if (output !== undefined && !(await isFolderOutput(output))) return placeOf(output);
      return placeOf(path.join(output ?? path.dirname(input), resultStem(input)));
    }),
  );
  const taken = new Set<string>();
  const checked: Outlook[] = [];
  for (const [i, outlook] of outlooks.entries()) {
    const { options, problem, skip } = outlook;
    const meets = stems.some((stem, other) => other !== i && stem === stems[i]);
    const place = meets && problem === undefined && skip === undefined ? await outputOf(options, signal) : undefined;
    checked.push(place !== undefined && taken.has(place) ? { options, problem: collision(place) } : outlook);
    if (place !== undefined) taken.add(place);
  }
  return checked;
}

/** Where the result goes, whatever is there now; undefined for a film that cannot be restored for reasons of its own. */
async function outputOf(options: RestoreOptions, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    return await placeOf((await makePlan({ ...options, overwrite: true }, signal)).output);
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

const collision = (output: string): RestorationError =>
  new RestorationError('OUTPUT_EXISTS', `Two inputs of this command would both become ${output}.`, {
    hint: 'Restore them with two commands and different outputs.',
  });

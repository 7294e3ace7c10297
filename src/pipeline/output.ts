import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import type { Container } from '../core/plan.ts';
import { fittingName } from '../platform/file-names.ts';
import { errorCodeOf, isLink, isWritableFolder, realPath, statOrUndefined, writeError } from '../platform/files.ts';
import type { RestoreOptions } from './options.ts';

const EXTENSIONS: Readonly<Record<Container, string>> = {
  mp4: '.mp4',
  mov: '.mov',
  mkv: '.mkv',
  webm: '.webm',
  avi: '.avi',
  mpegts: '.ts',
  nut: '.nut',
};

/** Of a name's bytes, for an extension (`.webm`) and what a watched folder appends to tell two of a name apart (` (2)`). */
const SPARE_BYTES = 13;

/** What lies at an output's place, links followed. Throws OUTPUT_UNWRITABLE where nothing can lie there. */
export async function lookAt(output: string): Promise<Awaited<ReturnType<typeof statOrUndefined>>> {
  try {
    return await statOrUndefined(output);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENAMETOOLONG') throw writeError(output, error);
    throw new RestorationError('OUTPUT_UNWRITABLE', `The name ${output} is too long for the disk.`, {
      hint: 'Name a shorter one with -o.',
      cause: error,
    });
  }
}

/** Whether `-o` names a folder: it ends in a separator, or is one. */
export async function isFolderOutput(output: string): Promise<boolean> {
  return /[\\/]$/.test(output) || ((await lookAt(output))?.isDirectory() ?? false);
}

/** The default name of a film's result without its extension: `NAME.restored`, of a long name as much as disks take. */
export function resultStem(input: string): string {
  return fittingName(path.parse(input).name, '.restored', SPARE_BYTES);
}

function defaultName(input: string, container: Container): string {
  const { ext } = path.parse(input);
  // The source's own spelling (.m4v, .MKV) where it means the same container.
  const own = ext.toLowerCase() === '.m4v' && container === 'mp4' ? ext : EXTENSIONS[container];
  return resultStem(input) + own;
}

/** Throws OUTPUT_UNWRITABLE unless files can be made in the folder. */
export async function checkOutputFolder(folder: string): Promise<void> {
  const stats = await lookAt(folder);
  if (!stats?.isDirectory()) {
    const what = stats ? `${folder} is not a folder` : `The folder ${folder} does not exist`;
    throw new RestorationError('OUTPUT_UNWRITABLE', `${what}.`, {
      hint: 'Create it, or name another output with -o.',
    });
  }
  if (!(await isWritableFolder(folder))) {
    throw new RestorationError('OUTPUT_UNWRITABLE', `Nothing can be written in the folder ${folder}.`, {
      hint: 'Name an output in another folder with -o.',
    });
  }
}

async function samePath(a: string, b: string): Promise<boolean> {
  if (path.resolve(a) === path.resolve(b)) return true;
  try {
    return (await realPath(a)) === (await realPath(b));
  } catch {
    return false;
  }
}

/** The path itself, or the nearest above it that is there. */
async function nearestThere(folder: string): Promise<string> {
  const above = path.dirname(folder);
  return above === folder || (await lookAt(folder)) ? folder : nearestThere(above);
}

/**
 * Where the result goes, checked before any work is done. `isOwn` tells whether a file that is there is the result of this
 * very restoration. Throws OUTPUT_IS_INPUT, OUTPUT_EXISTS (for others' files, without `overwrite`) or OUTPUT_UNWRITABLE.
 */
export async function planOutput(
  options: RestoreOptions,
  container: Container,
  isOwn: (output: string) => Promise<boolean>,
): Promise<string> {
  const { input } = options;
  let output = path.join(path.dirname(input), defaultName(input, container));
  let inFolder = false;
  if (options.output !== undefined) {
    if (await isFolderOutput(options.output)) {
      output = path.join(options.output, defaultName(input, container));
      inFolder = true;
    } else {
      output = options.output;
    }
  }
  if (await samePath(output, input)) {
    throw new RestorationError('OUTPUT_IS_INPUT', `The output ${output} is the input itself.`, {
      hint: 'Name another file with -o; the source is never changed.',
    });
  }
  const present = await lookAt(output);
  if (present && !present.isFile()) {
    throw new RestorationError('OUTPUT_UNWRITABLE', `${output} is not a file.`, { hint: 'Name a file with -o.' });
  }
  // A link that leads nowhere is in the way too.
  const taken = present !== undefined || (await isLink(output));
  if (taken && options.overwrite !== true && !(await isOwn(output))) {
    throw new RestorationError('OUTPUT_EXISTS', `${output} exists already.`, {
      hint: 'Name another file with -o, or allow replacing it with --overwrite.',
    });
  }
  // A folder that is named as one is made when the run starts; a plan makes nothing.
  const folder = inFolder ? await nearestThere(path.dirname(output)) : path.dirname(output);
  await checkOutputFolder(folder);
  return output;
}

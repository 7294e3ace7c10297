import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { RestorationError } from '../core/errors.ts';
import { statOrUndefined } from '../platform/files.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { capture, startProcess } from '../platform/process.ts';
import { checkOutputFolder, lookAt } from './output.ts';

/** The project's root, where Python finds the package `training`: two steps up from sources and compiled files alike. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODULE = 'training.degrade';

/** Tried in this order: what the user names, what is on the PATH, and Debian's, whose packages others may not have. */
const pythons = (): string[] => {
  const named = process.env['RESTORE_PYTHON'];
  return named === undefined ? ['python3', '/usr/bin/python3'] : [named];
};

/** What `training/degrade` writes: pictures, and films that hold its FFV1 or H.264. */
const PICTURES = ['.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp'];
const FILMS = ['.mkv', '.avi', '.nut', '.mp4', '.m4v', '.mov', '.ts', '.mts', '.m2ts', '.mpg', '.mpeg', '.vob', '.mxf'];
const MORE_FILMS = ['.flv', '.f4v', '.3gp', '.3g2', '.asf', '.wmv', '.rm', '.h264', '.264'];

export interface DegradeOptions {
  /** A film or a picture. */
  readonly input: string;
  /** Written when it is whole; a picture when its extension is one of a picture. */
  readonly output: string;
  /** `name` or `name=strength`, strength 0..1, applied in this order. See `listDegradations`. */
  readonly operations: readonly string[];
  /** The same seed gives the same damage. Default 1. */
  readonly seed?: number;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  /** Called with what has been done, such as "12 frames". */
  readonly onProgress?: (text: string) => void;
}

async function findPython(): Promise<string> {
  for (const command of pythons()) {
    const { code } = await capture(command, ['-c', 'import numpy, PIL'], { timeoutMs: 60_000 });
    if (code === 0) return command;
  }
  throw new RestorationError('PYTHON_MISSING', 'Python 3 with numpy and Pillow was not found; degrading needs it.', {
    hint: 'Install it with `apt-get install python3-numpy python3-pil` or `pip install numpy pillow`, or name it with RESTORE_PYTHON.',
  });
}

const inPython = (args: readonly string[]): string[] => [
  '-c',
  `import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[1:]; runpy.run_module(${JSON.stringify(MODULE)}, run_name="__main__", alter_sys=True)`,
  ROOT,
  ...args,
];

const lastLine = (text: string): string | undefined => text.split('\n').findLast((line) => line.trim() !== '');

/** Names of all degradations. Throws PYTHON_MISSING, and INTERNAL where Python cannot run what belongs to this program. */
export async function listDegradations(): Promise<string[]> {
  const { code, stdout, stderr } = await capture(await findPython(), inPython(['--list']), { timeoutMs: 60_000 });
  if (code === 0) return stdout.split(/\s+/).filter((name) => name !== '');
  throw new RestorationError(
    'INTERNAL',
    `Degradations could not be listed: ${lastLine(stderr) ?? 'no reason given'}.`,
    {
      hint: 'Install the program again.',
    },
  );
}

/** What can be refused before anything is computed. */
async function checkOutput(output: string, overwrite: boolean): Promise<void> {
  const extension = path.extname(output);
  if (![...PICTURES, ...FILMS, ...MORE_FILMS].includes(extension.toLowerCase())) {
    const what = extension === '' ? 'has no extension' : `has the extension "${extension}", which is not written`;
    throw new RestorationError('USAGE', `The output ${output} ${what}.`, {
      hint: `Use one of ${[...FILMS, ...PICTURES].join(', ')}.`,
    });
  }
  const present = await lookAt(output);
  if (present && !present.isFile()) {
    throw new RestorationError('OUTPUT_UNWRITABLE', `${output} is not a file.`, { hint: 'Name another output.' });
  }
  if (present && !overwrite) {
    throw new RestorationError('OUTPUT_EXISTS', `${output} is there already.`, {
      hint: 'Name another output, or replace it with --overwrite.',
    });
  }
  await checkOutputFolder(path.dirname(output));
}

/**
 * Makes good media old: grain, dust, scratches, blur, compression and more, to try restorations on. It runs the same
 * Python as the training of the networks does. Throws USAGE, INPUT_MISSING, OUTPUT_EXISTS, OUTPUT_IS_INPUT,
 * OUTPUT_UNWRITABLE, PYTHON_MISSING, FFMPEG_MISSING, and INPUT_UNDECODABLE where the source cannot be read.
 */
export async function degradeMedia(options: DegradeOptions): Promise<void> {
  const { input, output, operations, seed = 1, signal, onProgress } = options;
  if ((await statOrUndefined(input)) === undefined) {
    throw new RestorationError('INPUT_MISSING', `There is no file ${input}.`, { hint: 'Check the name.' });
  }
  if (path.resolve(input) === path.resolve(output)) {
    throw new RestorationError('OUTPUT_IS_INPUT', 'The output is the input.', {
      hint: 'Give the result another name.',
    });
  }
  await checkOutput(output, options.overwrite === true);
  await findFfmpeg();
  const python = await findPython();
  const known = await listDegradations();
  for (const operation of operations) {
    const [name = '', strength] = operation.split('=');
    if (known.includes(name) && (strength === undefined || (Number(strength) >= 0 && Number(strength) <= 1))) continue;
    throw new RestorationError('USAGE', `${operation} is no degradation with a strength from 0 to 1.`, {
      hint: `Use NAME or NAME=STRENGTH; names: ${known.join(', ')}.`,
    });
  }
  const ops = operations.flatMap((operation) => ['--op', operation]);
  const args = inPython([path.resolve(input), path.resolve(output), ...ops, '--seed', String(seed)]);
  const lines: string[] = [];
  const child = startProcess(python, args, {
    signal,
    onStderrLine: (line) => {
      if (/^\d+ frames$/.test(line)) onProgress?.(line);
      else lines.push(line);
    },
  });
  const { code } = await child.exited;
  signal?.throwIfAborted();
  if (code === 0) return;
  const why = lines.findLast((line) => line.trim() !== '') ?? 'it gave no reason';
  throw new RestorationError('INPUT_UNDECODABLE', `${input} could not be degraded: ${why.replace(/\.$/, '')}.`, {
    hint: 'Check that it is a film or a picture that ffmpeg reads, and that there is room for the output.',
  });
}

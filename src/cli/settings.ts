import path from 'node:path';
import { isFilmName, RestorationError, restoreOptionsSchema, type RestoreOptions } from '../index.ts';
import type { LogLevel } from './flags.ts';

/** What commander collects: the options of one run in the API's own names, times and models under the flags' names. */
export interface Flags extends Omit<RestoreOptions, 'input' | 'models' | 'startSeconds' | 'durationSeconds'> {
  readonly model?: RestoreOptions['models'];
  readonly start?: number;
  readonly duration?: number;
  readonly plan?: boolean;
  readonly json?: boolean;
  /** Whether models may be downloaded. */
  readonly yes?: boolean;
  readonly logLevel?: LogLevel;
}

/**
 * The API's options for every input. Throws USAGE for what each flag alone allows and all together do not.
 */
export function optionsForInputs(inputs: readonly string[], flags: Flags): RestoreOptions[] {
  if (flags.upscale !== undefined && flags.to !== undefined) {
    throw new RestorationError('USAGE', '--upscale and --to both say how large the picture becomes.', {
      hint: 'Keep one of them.',
    });
  }
  for (const input of inputs) {
    if (input === '') {
      throw new RestorationError('USAGE', 'An input has an empty name.', { hint: 'Name a video file.' });
    }
  }
  const several = inputs.length > 1;
  const output = flags.output === undefined ? {} : { output: several ? asFolder(flags.output) : flags.output };
  return inputs.map((input) => ({ ...common(flags), ...output, input }));
}

/** The flags that the API knows, under its names; what was not given is left out. */
function common(flags: Flags): Omit<RestoreOptions, 'input'> {
  const named = {
    ...flags,
    // Commander says true for a --no-... that was not given.
    cap: flags.cap === false ? false : undefined,
    reuse: flags.reuse === false ? false : undefined,
    models: flags.model,
    startSeconds: flags.start,
    durationSeconds: flags.duration,
  };
  const known = Object.keys(restoreOptionsSchema.shape);
  return Object.fromEntries(Object.entries(named).filter(([key, value]) => value !== undefined && known.includes(key)));
}

/** Several films do not fit into one file: the name is that of a folder, and a separator at its end says so. Throws USAGE for a film's name. */
function asFolder(name: string): string {
  if (/[\\/]$/.test(name)) return name;
  if (isFilmName(name)) {
    throw new RestorationError('USAGE', `Several films do not become one file, ${name}.`, {
      hint: `Name a folder with -o, or restore them one after the other. A folder of that name is ${name}${path.sep}.`,
    });
  }
  return name + path.sep;
}

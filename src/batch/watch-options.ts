import path from 'node:path';
import type { z } from 'zod';
import { RestorationError, toRestorationError } from '../core/errors.ts';
import { checkValues } from '../pipeline/check.ts';
import { restoreOptionsSchema } from '../pipeline/options.ts';
import { placeOf } from '../pipeline/presets.ts';
import { errorCodeOf, isLink, readText, statOrUndefined, withoutMark } from '../platform/files.ts';

const SETTINGS_NAME = 'restore.json';

/** What restore.json may say: how a film is restored, not where anything lies, and nothing that fits one film only. */
const settingsSchema = restoreOptionsSchema.omit({
  input: true,
  output: true,
  workdir: true,
  overwrite: true,
  fresh: true,
  cache: true,
  startSeconds: true,
  durationSeconds: true,
});
export type FilmSettings = z.infer<typeof settingsSchema>;

/**
 * Options for a film by where it was dropped: `base`, then restore.json of the inbox, then of every folder down to the
 * film's own, the nearest last; models add up by their kinds. Paths in a restore.json are relative to it. `check` throws
 * what is wrong with all together. Throws USAGE that names file and place, and what `check` throws, with the nearest file.
 */
export async function settingsFor(
  inbox: string,
  name: string,
  base: FilmSettings,
  check: (settings: FilmSettings) => Promise<void>,
): Promise<FilmSettings> {
  const parts = name.split('/').slice(0, -1);
  let settings = base;
  let nearest: string | undefined;
  for (let depth = 0; depth <= parts.length; depth++) {
    const folder = path.join(inbox, ...parts.slice(0, depth));
    const file = path.join(folder, SETTINGS_NAME);
    // A link that leads nowhere was meant to say something.
    if (!(await statOrUndefined(file)) && !(await isLink(file))) continue;
    const own = inFolder(parseSettings(await readSettings(file), file), folder);
    // Two ways to say one thing: the nearer one replaces both.
    const { upscale, to, ...others } = settings;
    const size = own.upscale === undefined && own.to === undefined ? { upscale, to } : {};
    const models = own.models && { models: { ...settings.models, ...own.models } };
    settings = Object.fromEntries(
      Object.entries({ ...others, ...size, ...own, ...models }).filter(([, value]) => value !== undefined),
    );
    nearest = file;
  }
  try {
    await check(settings);
  } catch (error) {
    throw nearest === undefined ? error : inFile(nearest, error);
  }
  return settings;
}

/** The same mistake, with the file that made it. */
function inFile(file: string, caught: unknown): RestorationError {
  const { code, message, hint } = toRestorationError(caught);
  return new RestorationError(code, `${file}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: caught,
  });
}

const HINT = 'Correct the file; what lies beside it waits until then.';

async function readSettings(file: string): Promise<string> {
  try {
    return await readText(file);
  } catch (error) {
    throw new RestorationError('USAGE', `${file} cannot be read (${errorCodeOf(error) ?? String(error)}).`, {
      hint: HINT,
      cause: error,
    });
  }
}

function parseSettings(text: string, file: string): FilmSettings {
  const hint = HINT;
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(text));
  } catch (error) {
    throw new RestorationError('USAGE', `${file} is not JSON.`, { hint, cause: error });
  }
  const result = settingsSchema.safeParse(json);
  if (result.success) {
    try {
      checkValues(result.data);
    } catch (error) {
      throw inFile(file, error);
    }
    return result.data;
  }
  const issue = result.error.issues[0];
  throw new RestorationError('USAGE', `${file} is wrong${placeOf(issue)}: ${issue?.message ?? 'no settings'}.`, {
    hint,
  });
}

const isPath = (value: string): boolean => /[\\/]|\.(json|onnx)$/i.test(value);

function inFolder(settings: FilmSettings, folder: string): FilmSettings {
  const resolve = (value: string): string => (isPath(value) ? path.resolve(folder, value) : value);
  // `ab-colorizer:mine.onnx`: the file is what lies in the folder.
  const resolveModel = (value: string): string => {
    const [, adapter = '', file = ''] = /^([a-z]+-[a-z]+:)?(.*)$/s.exec(value) ?? [];
    return adapter + resolve(file);
  };
  const { preset, models } = settings;
  return {
    ...settings,
    ...(preset === undefined ? {} : { preset: resolve(preset) }),
    ...(models === undefined
      ? {}
      : { models: Object.fromEntries(Object.entries(models).map(([kind, model]) => [kind, resolveModel(model)])) }),
  };
}

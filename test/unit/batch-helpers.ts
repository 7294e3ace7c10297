import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { FilmWork } from '../../src/batch/film-work.ts';
import { checkValues } from '../../src/pipeline/check.ts';
import type { RestoreEvent } from '../../src/core/events.ts';
import { RestorationError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/platform/clock.ts';

export const tempFolder = (): string => mkdtempSync(path.join(os.tmpdir(), 'watch-'));

function refuse(preset: string | undefined, ...names: readonly string[]): void {
  if (preset === undefined || !names.includes(preset)) return;
  throw new RestorationError('PRESET_UNKNOWN', `There is no preset called "${preset}".`);
}

/**
 * "Restores" text files, segment by segment, with the same promises as the real thing: the result appears under its name when
 * it is whole, finished segments are kept. Files say what happens to them: 'bad' is no film, 'flaky' fails, 'slow' takes
 * `slowMs` of the clock a segment, 'tiny' is refused with the options. There is no preset 'unknown', and 'gone' is found to be missing only when a
 * film is restored.
 */
export function textWork(log: string[], slowMs: number, clock: Clock): FilmWork {
  return {
    check: (settings) =>
      Promise.resolve(settings).then((given) => {
        checkValues(given);
        refuse(given.preset, 'unknown');
      }),
    size: async ({ input }) => ({ frames: (await readFile(input, 'utf8')).split(' ').length, pixels: 1, kind: 'text' }),
    sizeOf: ({ estimate }) => ({ frames: estimate.frames, pixels: 1, kind: 'text' }),
    restore: async function* ({ input, output = '', preset }, { signal }) {
      const text = await readFile(input, 'utf8');
      refuse(preset, 'unknown', 'gone');
      if (text.startsWith('tiny')) throw new RestorationError('USAGE', `${path.basename(input)} is too small.`);
      if (text.startsWith('bad')) throw new RestorationError('INPUT_NOT_MEDIA', `${path.basename(input)} is no film.`);
      if (text.startsWith('flaky')) throw new RestorationError('DECODE_FAILED', 'It broke.', { retryable: true });
      const work = path.join(output, '.restore', 'hash');
      await mkdir(work, { recursive: true });
      const words = text.split(' ');
      const estimate = { frames: words.length };
      yield {
        type: 'plan',
        input,
        plan: { notes: [], decode: { frameRate: { num: 1, den: 1 } } },
        estimate,
      } as unknown as RestoreEvent;
      for (const [index, word] of words.entries()) {
        const file = path.join(work, `segment-${index}`);
        const there = await readFile(file, 'utf8').catch(() => undefined);
        if (there !== word) {
          if (text.startsWith('slow')) await clock.sleep(slowMs, signal);
          signal.throwIfAborted();
          log.push(`${path.basename(input)}:${index}`);
          await writeFile(file, word);
        }
        yield {
          type: 'segment',
          input,
          index,
          start: index,
          end: index + 1,
          state: there === word ? 'reused' : 'done',
        };
      }
      const name = `${path.parse(input).name}.restored.film`;
      await writeFile(path.join(output, `.${name}`), text.toUpperCase());
      await rename(path.join(output, `.${name}`), path.join(output, name));
      await rm(path.dirname(work), { recursive: true });
      const sizeBytes = text.length;
      yield {
        type: 'done',
        input,
        output: path.join(output, name),
        frames: words.length,
        seconds: 0,
        sizeBytes,
        unchangedShare: 0,
        cachedShare: 0,
      };
    },
  };
}

/** Every file below a folder with its content, journals and leases left out. */
export async function filesIn(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const full = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && !/(\.ndjson|\.lease)$/.test(entry.name)) {
      files[path.relative(folder, full)] = await readFile(full, 'utf8');
    }
  }
  return files;
}

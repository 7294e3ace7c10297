import path from 'node:path';
import { fittingName } from '../platform/file-names.ts';
import { createExclusive, ensureFolder, exists, removeFile, removeFolder } from '../platform/files.ts';
import { moveNew } from '../platform/move.ts';
import type { FilmContext, FilmOutcome } from './film-context.ts';
import type { FilmFiles } from './film-files.ts';
import type { Lease } from './lease.ts';
import { freeNames, numbered } from './watch-layout.ts';

/**
 * The end of a film's way: final names are written down, then result and source move there, then the film is closed. Cut off
 * at any moment and done again, it ends the same.
 */
export class FilmPlacing {
  readonly #job: string;
  readonly #lease: Lease;
  readonly #context: FilmContext;
  readonly #files: FilmFiles;

  constructor(job: string, lease: Lease, context: FilmContext, files: FilmFiles) {
    this.#job = job;
    this.#lease = lease;
    this.#context = context;
    this.#files = files;
  }

  /** Gives result and source their final names. */
  async place(outcome: 'done' | 'failed'): Promise<FilmOutcome> {
    const { emit } = this.#context;
    const { name, result } = this.#files.state();
    let placing = this.#files.state().placing ?? (await this.#choosePlaces(outcome));
    for (;;) {
      await this.#lease.assertHeld();
      const state = outcome === 'done' ? await this.#moveResult(placing) : 'moved';
      if (state === 'lost') {
        await this.#context.journal.note(this.#job, { type: 'lost' });
        return { state: 'again', afterMs: 0 };
      }
      if (state === 'moved' && (await this.#moveSource(placing.source, outcome))) break;
      // Somebody took a name in between.
      placing = await this.#choosePlaces(outcome, state === 'moved' ? placing.result : undefined);
    }
    const { source } = placing;
    if (outcome === 'failed') {
      await this.#writeReason(source);
      const last = this.#files.state().setbacks.at(-1);
      const closed = await this.close('failed');
      emit({ type: 'failed', film: name, source, code: last?.code ?? '', message: last?.message ?? '' });
      return closed;
    }
    const closed = await this.close('done');
    const { frames = 0 } = result ?? {};
    const seconds = Math.round(this.#files.state().workedSeconds * 10) / 10;
    const there = (await exists(source)) ? source : '';
    emit({ type: 'finished', film: name, output: placing.result ?? '', source: there, frames, seconds });
    return closed;
  }

  /** Writes down where things go before they go there. `placed`: where the result lies already. */
  async #choosePlaces(
    outcome: 'done' | 'failed',
    placed?: string,
  ): Promise<{ readonly source: string; readonly result?: string | undefined }> {
    const { layout } = this.#context;
    const { name, result } = this.#files.state();
    const base = outcome === 'done' ? layout.done : layout.failed;
    const made = result && path.join(layout.output, path.dirname(name), result.file);
    const [source = '', second] = await freeNames((count) => {
      const file = numbered(path.join(base, name), count);
      if (outcome === 'failed') return [file, reasonName(file)];
      return made === undefined || placed !== undefined ? [file] : [file, numbered(made, count)];
    });
    const place = placed ?? (outcome === 'done' ? second : undefined);
    await this.#context.journal.note(this.#job, {
      type: 'placing',
      outcome,
      source,
      ...(place === undefined ? {} : { result: place }),
    });
    return { source, result: place };
  }

  async #moveResult(placing: { readonly result?: string | undefined }): Promise<'moved' | 'taken' | 'lost'> {
    const { result } = this.#files.state();
    if (!result || placing.result === undefined) return 'lost';
    const file = path.join(this.#files.folder.result, result.file);
    if (!(await exists(file)) && !(await exists(placing.result))) return 'lost';
    await ensureFolder(path.dirname(placing.result));
    return (await moveNew(file, placing.result)) ? 'moved' : 'taken';
  }

  /** A film that was done keeps its source only where that still is: what was taken out of the inbox is not put back. */
  async #moveSource(place: string, outcome: 'done' | 'failed'): Promise<boolean> {
    const dropped = await this.#files.inInbox();
    const kept = await this.#files.kept();
    const from = dropped ?? (outcome === 'failed' ? kept : undefined);
    await ensureFolder(path.dirname(place));
    // Neither name is left when an earlier run was cut off right behind the move.
    if (from !== undefined && !(await moveNew(from, place))) return false;
    if (kept !== undefined && kept !== from) await removeFile(kept);
    return true;
  }

  async #writeReason(source: string): Promise<void> {
    const { name, setbacks } = this.#files.state();
    const last = setbacks.at(-1);
    const lines = [
      `${path.basename(name)} was not restored.`,
      '',
      `${last?.message ?? 'It failed.'}${last?.hint === undefined ? '' : `\n${last.hint}`}`,
      `(${last?.code ?? 'INTERNAL'})`,
      '',
      'Attempts:',
      ...setbacks.map(({ at, message }) => `  ${at}  ${message}`),
      '',
      'The file itself was not changed. To try it again, put it back into the inbox.',
    ];
    await createExclusive(reasonName(source), `${lines.join('\n')}\n`);
  }

  /** Notes the end of the film's story. */
  async close(outcome: 'done' | 'failed' | 'gone'): Promise<FilmOutcome> {
    await this.#context.journal.note(this.#job, { type: 'closed', outcome });
    if (outcome === 'gone') this.#context.emit({ type: 'gone', film: this.#files.state().name });
    // Nothing in it is needed any more; what cannot be removed now is removed the next time.
    await removeFolder(this.#files.folder.path).catch(() => undefined);
    return { state: 'closed' };
  }
}

const reasonName = (file: string): string => path.join(path.dirname(file), fittingName(path.basename(file), '.txt'));

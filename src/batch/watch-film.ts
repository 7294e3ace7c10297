import path from 'node:path';
import { ERROR_CODES, RestorationError, toRestorationError, type ExitKind } from '../core/errors.ts';
import type { RestoreEvent } from '../core/events.ts';
import type { RestoreOptions } from '../pipeline/options.ts';
import type { Clock } from '../platform/clock.ts';
import { createExclusive, ensureFolder, exists, listFolder, removeFile, removeFolder } from '../platform/files.ts';
import { identify, linkFile, moveNew, walkFiles, type FileIdentity } from '../platform/move.ts';
import type { Lease } from './lease.ts';
import { isTakeable } from './settle.ts';
import { filmFolder, freeNames, type WatchLayout } from './watch-layout.ts';
import type { WatchEvent } from './watch-events.ts';
import type { FilmNote, FilmState, WatchJournal } from './watch-journal.ts';
import type { FilmSettings } from './watch-options.ts';

/** A watcher has all the time there is: a full disk is waited for until somebody makes room or the window ends. */
const SPACE_WAIT_MINUTES = 1_000_000;

/** How much work a film is. */
export interface FilmSize {
  readonly frames: number;
  /** Of one frame of the result. */
  readonly pixels: number;
  /** Films of one kind go through the same stages, so that the speed of one tells that of another. */
  readonly kind: string;
}

/** What a watched folder does with a film. */
export interface FilmWork {
  size(options: RestoreOptions, signal: AbortSignal): Promise<FilmSize>;
  restore(options: RestoreOptions, control: { readonly signal: AbortSignal }): AsyncIterable<RestoreEvent>;
  /** How much work the plan of a running restoration is. */
  sizeOf(event: Extract<RestoreEvent, { type: 'plan' }>): FilmSize;
}

export interface FilmLimits {
  /** Attempts at a film that fails for a reason that may pass. */
  readonly attempts: number;
  /** A file that is no film must have been unchanged for this long: it may be the beginning of one. */
  readonly certainMs: number;
  /** After the window has closed a segment may take this long to its end. */
  readonly parkMs: number;
}

export interface FilmContext {
  readonly layout: WatchLayout;
  readonly journal: WatchJournal;
  readonly work: FilmWork;
  readonly clock: Clock;
  readonly limits: FilmLimits;
  /** Stop at once. */
  readonly signal: AbortSignal;
  /** Stop at the next good moment. */
  readonly park: AbortSignal;
  readonly emit: (event: WatchEvent) => void;
}

/** How a turn at a film ended; `again` is for how long to leave it alone. */
export type FilmOutcome =
  { readonly state: 'closed' } | { readonly state: 'parked' } | { readonly state: 'again'; readonly afterMs: number };

/** Attempts in a row that may end with the program, before the film is taken for the reason. */
const MAX_CUT_OFF = 5;
const BACKOFF_MS = 60_000;
/** Wait while something that is not the film's fault is wrong: a full disk, a missing program. */
const TROUBLE_MS = 60_000;

/** Kinds of errors that say nothing about the film. */
const NOT_ITS_FAULT = new Set<ExitKind>(['cannotCreate', 'unavailable', 'stopped', 'usage']);

const sameContent = (a: FileIdentity, b: { sizeBytes: number; modifiedMs: number }): boolean =>
  a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs;

/**
 * One film's way from the inbox to `done` or `failed`, under its lease, in steps that each can be cut off and done again:
 * taken (a hard link in the film's folder keeps the content whatever happens to the name) - attempts - result (whole and
 * verified, in the film's folder) - placing (final names are written down, then both files move) - closed. Until the result
 * is verified the source stays where it was dropped.
 */
export class FilmTurn {
  readonly #job: string;
  readonly #lease: Lease;
  readonly #context: FilmContext;

  constructor(job: string, lease: Lease, context: FilmContext) {
    this.#job = job;
    this.#lease = lease;
    this.#context = context;
  }

  /** Does what is next. `unchangedMs`: for how long the source has been as it is. */
  async run(settings: FilmSettings, unchangedMs: number): Promise<FilmOutcome> {
    const state = this.#state();
    if (state.placing) return this.#place(state.placing.outcome);
    if (state.result) return this.#place('done');
    if (state.open && state.cutOff + 1 >= MAX_CUT_OFF) {
      const message = `The program ended ${MAX_CUT_OFF} times in a row while it worked on this film.`;
      await this.#note({ type: 'setback', failure: { code: 'INTERNAL', message }, counted: true });
      return this.#place('failed');
    }
    try {
      const input = await this.#prepare();
      if (input === undefined) return await this.#close('gone');
      await this.#attempt(input, settings);
    } catch (caught) {
      return this.#setback(caught, unchangedMs);
    }
    return this.#place('done');
  }

  /** The film was taken out of the inbox before it was done. Its content is kept if ours was the last name of it. */
  async abandon(): Promise<FilmOutcome> {
    const state = this.#state();
    if (state.placing || state.result) return this.#place(state.placing?.outcome ?? 'done');
    const kept = await this.#keptSource();
    if (kept === undefined || (await this.#inInbox()) !== undefined) return this.#close('gone');
    const message = 'It was taken out of the inbox while it was being worked on.';
    await this.#note({ type: 'setback', failure: { code: 'STOPPED', message }, counted: false });
    return this.#place('failed');
  }

  #state(): FilmState {
    const state = this.#context.journal.film(this.#job);
    if (!state) throw new RestorationError('INTERNAL', `The journal does not know the film ${this.#job}.`);
    return state;
  }

  #note(record: FilmNote): Promise<void> {
    return this.#context.journal.note(this.#job, record);
  }

  get #folder(): { readonly path: string; readonly source: string; readonly result: string } {
    return filmFolder(this.#context.layout, this.#job);
  }

  /** Where the source is to be read from: our own name of it where there can be one; undefined when it is gone. */
  async #prepare(): Promise<string | undefined> {
    const { source, result } = this.#folder;
    await ensureFolder(source);
    await ensureFolder(result);
    for (const name of await listFolder(result)) {
      // What a restoration leaves when it is cut off; its finished segments are in .restore.
      if (name !== '.restore' && name.startsWith('.')) await removeFile(path.join(result, name));
    }
    const kept = await this.#keptSource();
    if (kept !== undefined) return kept;
    const dropped = await this.#inInbox();
    if (dropped === undefined) return undefined;
    const own = path.join(source, path.basename(this.#state().name));
    return (await linkFile(dropped, own)) ? own : dropped;
  }

  /** Our own name of the source, if it has the content that was taken. */
  async #keptSource(): Promise<string | undefined> {
    const { source } = this.#folder;
    const state = this.#state();
    for (const name of await listFolder(source).catch(() => [])) {
      const file = path.join(source, name);
      const identity = await identify(file);
      if (identity && sameContent(identity, state)) return file;
      await removeFile(file);
    }
    return undefined;
  }

  /** The source's name in the inbox, whatever it is called by now; undefined when it is not there any more. */
  async #inInbox(): Promise<string | undefined> {
    const { inbox } = this.#context.layout;
    const state = this.#state();
    const usual = path.join(inbox, state.name);
    const identity = await identify(usual);
    if (identity && sameContent(identity, state)) return usual;
    const renamed = (await walkFiles(inbox, isTakeable)).find(
      (file) => file.inode === state.inode && sameContent(file, state),
    );
    return renamed ? path.join(inbox, renamed.name) : undefined;
  }

  async #attempt(input: string, settings: FilmSettings): Promise<void> {
    const { work, emit, clock } = this.#context;
    const { result } = this.#folder;
    const film = this.#state().name;
    // A crash after the last step of a restoration and before our note of it: the verified file is there.
    const finished = (await listFolder(result)).find((name) => !name.startsWith('.'));
    if (finished !== undefined) {
      const sizeBytes = (await identify(path.join(result, finished)))?.sizeBytes ?? 0;
      await this.#note({ type: 'result', file: finished, frames: 0, seconds: 0, sizeBytes, notes: [] });
      return;
    }
    await this.#note({ type: 'attempt' });
    emit({ type: 'taken', film, attempt: this.#state().failures + 1 });
    const stop = this.#stopper();
    const notes: string[] = [];
    let size: FilmSize | undefined;
    let reused = 0;
    let hasProgress = false;
    const startedMs = clock.monotonic();
    try {
      const options: RestoreOptions = { spaceWait: SPACE_WAIT_MINUTES, ...settings, input, output: result + path.sep };
      for await (const event of work.restore(options, { signal: stop.signal })) {
        emit({ type: 'restore', film, event });
        if (event.type === 'plan') {
          size = work.sizeOf(event);
          notes.push(...event.plan.notes);
        } else if (event.type === 'warning') {
          notes.push(event.message);
        } else if (event.type === 'segment') {
          if (event.state === 'reused') reused += event.end - event.start;
          if (event.state === 'retry') notes.push(`Frames ${event.start} to ${event.end - 1}: ${event.reason ?? ''}`);
          if (event.state === 'done') {
            if (!hasProgress) await this.#note({ type: 'progress' });
            hasProgress = true;
            stop.segmentDone();
          }
        } else if (event.type === 'done') {
          await this.#assertUnchanged(input);
          const { frames, sizeBytes } = event;
          const seconds = (clock.monotonic() - startedMs) / 1000;
          await this.#noteSpeed(size, frames - reused, seconds);
          await this.#note({
            type: 'result',
            file: path.basename(event.output),
            frames,
            seconds: Math.round(seconds * 10) / 10,
            sizeBytes,
            notes,
          });
        }
      }
    } finally {
      stop.close();
    }
    if (!this.#state().result) throw new RestorationError('INTERNAL', 'The restoration ended without a result.');
  }

  /** Ends a restoration at once when it must, and after a segment or a while when it should. */
  #stopper(): { readonly signal: AbortSignal; segmentDone(): void; close(): void } {
    const { signal, park, limits, clock } = this.#context;
    const soft = new AbortController();
    const closed = new AbortController();
    const onPark = (): void => {
      clock.sleep(limits.parkMs, closed.signal).then(
        () => soft.abort(park.reason),
        () => undefined,
      );
    };
    if (park.aborted) soft.abort(park.reason);
    else park.addEventListener('abort', onPark, { once: true });
    return {
      signal: AbortSignal.any([signal, this.#lease.lost, soft.signal]),
      segmentDone: () => {
        if (park.aborted) soft.abort(park.reason);
      },
      close: () => {
        park.removeEventListener('abort', onPark);
        closed.abort();
      },
    };
  }

  async #noteSpeed(size: FilmSize | undefined, frames: number, seconds: number): Promise<void> {
    // A film that was finished before only shows how fast files are joined.
    if (!size || frames < size.frames / 2 || seconds <= 0) return;
    const pixelsPerSecond = (frames * size.pixels) / seconds;
    await this.#context.journal.append({ type: 'speed', kind: size.kind, pixelsPerSecond });
  }

  /** What was restored must be what is there: a file that went on growing is not done. */
  async #assertUnchanged(input: string): Promise<void> {
    const identity = await identify(input);
    if (identity && sameContent(identity, this.#state())) return;
    await removeFolder(this.#folder.path);
    throw new RestorationError('INPUT_CHANGED', 'The file changed while it was being restored.', { retryable: true });
  }

  async #setback(caught: unknown, unchangedMs: number): Promise<FilmOutcome> {
    const { signal, park, limits, emit } = this.#context;
    const film = this.#state().name;
    if (this.#lease.lost.aborted) return { state: 'parked' };
    const error = toRestorationError(caught);
    if (signal.aborted || (park.aborted && (error.code === 'STOPPED' || error.code === 'INTERRUPTED'))) {
      // Without the note the attempt counts as cut off, which one that had progress is not.
      await this.#note({ type: 'parked' }).catch(() => undefined);
      emit({ type: 'parked', film, reason: error.message });
      return { state: 'parked' };
    }
    if ((await this.#keptSource()) === undefined && (await this.#inInbox()) === undefined) {
      if (error.code !== 'INPUT_CHANGED') return this.#close('gone');
      // What is in the inbox now is another state of the file, and another job.
      emit({ type: 'setback', film, code: error.code, message: error.message, againSeconds: 0 });
      await this.#note({ type: 'closed', outcome: 'gone' });
      return { state: 'closed' };
    }
    const kind = ERROR_CODES[error.code];
    const isInput = kind === 'badInput' || kind === 'noInput' || error.code === 'USAGE';
    const isTrouble = !isInput && NOT_ITS_FAULT.has(kind);
    const isEarly = isInput && unchangedMs < limits.certainMs;
    const counted = !isTrouble && !isEarly && error.code !== 'INPUT_CHANGED';
    // People know the film by its name in the inbox.
    const message = error.message.replaceAll(path.join(this.#folder.source, path.basename(film)), film);
    const failure = { code: error.code, message, ...(error.hint ? { hint: error.hint } : {}) };
    await this.#note({ type: 'setback', failure, counted });
    const { failures } = this.#state();
    if (counted && (isInput || failures >= limits.attempts)) return this.#place('failed');
    const afterMs = isEarly
      ? Math.max(1, limits.certainMs - unchangedMs)
      : isTrouble
        ? TROUBLE_MS
        : BACKOFF_MS * 4 ** Math.max(0, failures - 1);
    emit({
      type: 'setback',
      film,
      code: error.code,
      message,
      againSeconds: Math.ceil(afterMs / 1000),
    });
    return { state: 'again', afterMs };
  }

  /** Gives result and source their final names. */
  async #place(outcome: 'done' | 'failed'): Promise<FilmOutcome> {
    const { emit } = this.#context;
    const { name, result } = this.#state();
    let placing = this.#state().placing ?? (await this.#choosePlaces(outcome));
    for (;;) {
      await this.#lease.assertHeld();
      const state = outcome === 'done' ? await this.#moveResult(placing) : 'moved';
      if (state === 'lost') {
        await this.#note({ type: 'lost' });
        return { state: 'again', afterMs: 0 };
      }
      if (state === 'moved' && (await this.#moveSource(placing.source))) break;
      // Somebody took a name in between.
      placing = await this.#choosePlaces(outcome, state === 'moved' ? placing.result : undefined);
    }
    const { source } = placing;
    if (outcome === 'failed') {
      await this.#writeReason(source);
      const last = this.#state().setbacks.at(-1);
      const closed = await this.#close('failed');
      emit({ type: 'failed', film: name, source, code: last?.code ?? '', message: last?.message ?? '' });
      return closed;
    }
    const closed = await this.#close('done');
    const { frames = 0, seconds = 0 } = result ?? {};
    emit({ type: 'finished', film: name, output: placing.result ?? '', source, frames, seconds });
    return closed;
  }

  /** Writes down where things go before they go there. `placed`: where the result lies already. */
  async #choosePlaces(
    outcome: 'done' | 'failed',
    placed?: string,
  ): Promise<{ readonly source: string; readonly result?: string | undefined }> {
    const { layout } = this.#context;
    const { name, result } = this.#state();
    const base = outcome === 'done' ? layout.done : layout.failed;
    const wanted = [{ folder: base, name }];
    if (outcome === 'failed') wanted.push({ folder: base, name: reasonName(name) });
    else if (result && placed === undefined) {
      wanted.push({ folder: layout.output, name: path.posix.join(path.posix.dirname(name), result.file) });
    }
    const [source = '', second] = await freeNames(wanted);
    const place = placed ?? (outcome === 'done' ? second : undefined);
    await this.#note({ type: 'placing', outcome, source, ...(place === undefined ? {} : { result: place }) });
    return { source, result: place };
  }

  async #moveResult(placing: { readonly result?: string | undefined }): Promise<'moved' | 'taken' | 'lost'> {
    const { result } = this.#state();
    if (!result || placing.result === undefined) return 'lost';
    const file = path.join(this.#folder.result, result.file);
    if (!(await exists(file)) && !(await exists(placing.result))) return 'lost';
    await ensureFolder(path.dirname(placing.result));
    return (await moveNew(file, placing.result)) ? 'moved' : 'taken';
  }

  async #moveSource(place: string): Promise<boolean> {
    const dropped = await this.#inInbox();
    const kept = await this.#keptSource();
    const from = dropped ?? kept;
    await ensureFolder(path.dirname(place));
    // Neither name is left when an earlier run was cut off right behind the move.
    if (from !== undefined && !(await moveNew(from, place))) return false;
    if (kept !== undefined && kept !== from) await removeFile(kept);
    return true;
  }

  async #writeReason(source: string): Promise<void> {
    const { name, setbacks } = this.#state();
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

  async #close(outcome: 'done' | 'failed' | 'gone'): Promise<FilmOutcome> {
    await this.#note({ type: 'closed', outcome });
    if (outcome === 'gone') this.#context.emit({ type: 'gone', film: this.#state().name });
    // Nothing in it is needed any more; what cannot be removed now is removed the next time.
    await removeFolder(this.#folder.path).catch(() => undefined);
    return { state: 'closed' };
  }
}

const reasonName = (file: string): string => `${file}.txt`;

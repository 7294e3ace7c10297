import path from 'node:path';
import { ERROR_CODES, RestorationError, toRestorationError, type ErrorCode, type ExitKind } from '../core/errors.ts';
import type { Doubt } from '../core/events.ts';
import { toNumber } from '../core/rational.ts';
import type { RestoreOptions } from '../pipeline/options.ts';
import { listFolder } from '../platform/files.ts';
import { identify } from '../platform/move.ts';
import type { FilmContext, FilmOutcome } from './film-context.ts';
import { FilmFiles } from './film-files.ts';
import { FilmPlacing } from './film-place.ts';
import { filmStopper } from './film-stop.ts';
import type { FilmSize } from './film-work.ts';
import { timecode, worstDoubts } from './doubts.ts';
import type { Lease } from './lease.ts';
import type { FilmNote } from './watch-journal.ts';
import type { FilmSettings } from './watch-options.ts';

/** A watcher has all the time there is: a full disk is waited for until somebody makes room or the window ends. */
const SPACE_WAIT_MINUTES = 1_000_000;
/** Attempts in a row that may end with the program, before the film is taken for the reason. */
const MAX_CUT_OFF = 5;
const BACKOFF_MS = 60_000;
/** What has not passed within an hour is tried as often as that. */
const LONGEST_BACKOFF_MS = 3_600_000;
/** Wait while something that is not the film's fault is wrong: a full disk, a missing program. */
const TROUBLE_MS = 60_000;

/** Kinds of errors that say nothing about the film. */
const NOT_ITS_FAULT = new Set<ExitKind>(['cannotCreate', 'unavailable', 'stopped', 'usage']);
/** What only settings can be the reason of, whatever the film. */
const ITS_SETTINGS = new Set<ErrorCode>([
  'PRESET_UNKNOWN',
  'PRESET_INVALID',
  'MODEL_UNKNOWN',
  'MODEL_INVALID',
  'MODEL_NOT_INSTALLED',
]);

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
  readonly #files: FilmFiles;
  readonly #placing: FilmPlacing;
  /** When the attempt of this turn began, by the clock that never jumps. */
  #startedMs: number | undefined;

  constructor(job: string, lease: Lease, context: FilmContext) {
    this.#job = job;
    this.#lease = lease;
    this.#context = context;
    this.#files = new FilmFiles(job, context.layout, context.journal);
    this.#placing = new FilmPlacing(job, lease, context, this.#files);
  }

  /** Does what is next. `unchangedMs`: for how long the source has been as it is. */
  async run(settings: FilmSettings, unchangedMs: number): Promise<FilmOutcome> {
    const state = this.#files.state();
    if (state.placing) return this.#placing.place(state.placing.outcome);
    if (state.result) return this.#placing.place('done');
    if (state.open && state.cutOff + 1 >= MAX_CUT_OFF) {
      const message = `The program ended ${MAX_CUT_OFF} times in a row while it worked on this film.`;
      await this.#note({ type: 'setback', seconds: 0, failure: { code: 'INTERNAL', message }, counted: true });
      return this.#placing.place('failed');
    }
    try {
      const input = await this.#files.prepare();
      if (input === undefined) return await this.#placing.close('gone');
      await this.#attempt(input, settings);
    } catch (caught) {
      return this.#setback(caught, settings, unchangedMs);
    }
    return this.#placing.place('done');
  }

  /** The film was taken out of the inbox before it was done. Its content is kept if ours was the last name of it. */
  async abandon(): Promise<FilmOutcome> {
    const state = this.#files.state();
    if (state.placing || state.result) return this.#placing.place(state.placing?.outcome ?? 'done');
    const last = await this.#files.lastName();
    if (last === undefined || (await this.#files.inInbox()) !== undefined) return this.#placing.close('gone');
    const message = 'It was taken out of the inbox while it was being worked on.';
    await this.#note({
      type: 'setback',
      seconds: this.#workedSeconds(),
      failure: { code: 'STOPPED', message },
      counted: false,
    });
    return this.#placing.place('failed');
  }

  /** How long the attempt of this turn has taken; 0 where there is none. */
  #workedSeconds(): number {
    const now = this.#context.clock.monotonic();
    return Math.round((now - (this.#startedMs ?? now)) / 100) / 10;
  }

  #note(record: FilmNote): Promise<void> {
    return this.#context.journal.note(this.#job, record);
  }

  async #attempt(input: string, settings: FilmSettings): Promise<void> {
    const { work, emit, clock } = this.#context;
    const { result } = this.#files.folder;
    const film = this.#files.state().name;
    // A crash after the last step of a restoration and before our note of it: the verified file is there.
    const finished = (await listFolder(result)).find((name) => !name.startsWith('.'));
    if (finished !== undefined) {
      const sizeBytes = (await identify(path.join(result, finished)))?.sizeBytes ?? 0;
      await this.#note({ type: 'result', file: finished, frames: 0, seconds: 0, sizeBytes, notes: [], doubts: [] });
      return;
    }
    await this.#note({ type: 'attempt' });
    emit({ type: 'taken', film, attempt: this.#files.state().failures + 1 });
    const stop = filmStopper(this.#context, this.#lease.lost);
    const notes: string[] = [];
    const doubts: Doubt[] = [];
    let framesPerSecond = 0;
    let size: FilmSize | undefined;
    let reused = 0;
    let hasProgress = false;
    this.#startedMs = clock.monotonic();
    try {
      const options: RestoreOptions = { spaceWait: SPACE_WAIT_MINUTES, ...settings, input, output: result + path.sep };
      for await (const event of work.restore(options, { signal: stop.signal })) {
        emit({ type: 'restore', film, event });
        if (event.type === 'plan') {
          size = work.sizeOf(event);
          notes.push(...event.plan.notes);
          framesPerSecond = toNumber(event.plan.decode.frameRate);
        } else if (event.type === 'warning') {
          notes.push(event.message);
        } else if (event.type === 'segment') {
          if (event.state === 'reused') reused += event.end - event.start;
          doubts.push(...(event.doubts ?? []));
          if (event.state === 'retry') {
            const at = timecode(event.start / framesPerSecond);
            notes.push(`About ${at} (frames ${event.start} to ${event.end - 1}): ${event.reason ?? ''}`);
          }
          if (event.state === 'done') {
            if (!hasProgress) await this.#note({ type: 'progress' });
            hasProgress = true;
            stop.segmentDone();
          }
        } else if (event.type === 'done') {
          await this.#files.assertUnchanged(input);
          const { frames, sizeBytes } = event;
          const seconds = this.#workedSeconds();
          await this.#noteSpeed(size, frames - reused, seconds);
          await this.#note({
            type: 'result',
            file: path.basename(event.output),
            frames,
            seconds,
            sizeBytes,
            notes,
            doubts: worstDoubts(doubts),
          });
        }
      }
    } finally {
      stop.close();
    }
    if (!this.#files.state().result) throw new RestorationError('INTERNAL', 'The restoration ended without a result.');
  }

  async #noteSpeed(size: FilmSize | undefined, frames: number, seconds: number): Promise<void> {
    // A film that was finished before only shows how fast files are joined.
    if (!size || frames < size.frames / 2 || seconds <= 0) return;
    const pixelsPerSecond = (frames * size.pixels) / seconds;
    await this.#context.journal.append({ type: 'speed', kind: size.kind, pixelsPerSecond });
  }

  /** The film waits for other settings; it is tried again all the same, since a model or a preset may come from elsewhere. */
  async #wait(error: RestorationError): Promise<FilmOutcome> {
    await this.#note({ type: 'parked', seconds: this.#workedSeconds() });
    return { state: 'waits', afterMs: TROUBLE_MS, reason: error.message };
  }

  /** Whether the settings are wrong whatever the film: a picture that an encoder does not take is USAGE too. */
  async #areSettingsWrong(code: ErrorCode, settings: FilmSettings): Promise<boolean> {
    if (ITS_SETTINGS.has(code) || code !== 'USAGE') return ITS_SETTINGS.has(code);
    return this.#context.work.check(settings).then(
      () => false,
      () => true,
    );
  }

  async #setback(caught: unknown, settings: FilmSettings, unchangedMs: number): Promise<FilmOutcome> {
    const { signal, park, limits, emit } = this.#context;
    const film = this.#files.state().name;
    if (this.#lease.lost.aborted) return { state: 'parked' };
    const error = toRestorationError(caught);
    if (signal.aborted || (park.aborted && (error.code === 'STOPPED' || error.code === 'INTERRUPTED'))) {
      // Without the note the attempt counts as cut off, which one that had progress is not.
      await this.#note({ type: 'parked', seconds: this.#workedSeconds() }).catch(() => undefined);
      emit({ type: 'parked', film, reason: error.message });
      return { state: 'parked' };
    }
    if ((await this.#files.inInbox()) === undefined) {
      if (error.code !== 'INPUT_CHANGED') return this.abandon();
      // What is in the inbox now is another state of the file, and another job.
      emit({ type: 'setback', film, code: error.code, message: error.message, againSeconds: 0 });
      await this.#note({ type: 'closed', outcome: 'gone' });
      return { state: 'closed' };
    }
    if (await this.#areSettingsWrong(error.code, settings)) return this.#wait(error);
    const kind = ERROR_CODES[error.code];
    const isInput = kind === 'badInput' || kind === 'noInput' || error.code === 'USAGE';
    const isTrouble = !isInput && NOT_ITS_FAULT.has(kind);
    const isEarly = isInput && unchangedMs < limits.certainMs;
    const counted = !isTrouble && !isEarly && error.code !== 'INPUT_CHANGED';
    // People know the film by its name in the inbox.
    const kept = await this.#files.kept();
    const message = kept === undefined ? error.message : error.message.replaceAll(kept, film);
    const failure = { code: error.code, message, ...(error.hint ? { hint: error.hint } : {}) };
    await this.#note({ type: 'setback', seconds: this.#workedSeconds(), failure, counted });
    const { failures } = this.#files.state();
    if (counted && (isInput || failures >= limits.attempts)) return this.#placing.place('failed');
    const afterMs = isEarly
      ? Math.max(1, limits.certainMs - unchangedMs)
      : isTrouble
        ? TROUBLE_MS
        : Math.min(LONGEST_BACKOFF_MS, BACKOFF_MS * 4 ** Math.max(0, failures - 1));
    emit({
      type: 'setback',
      film,
      code: error.code,
      message,
      againSeconds: Math.ceil(afterMs / 1000),
    });
    return { state: 'again', afterMs };
  }
}

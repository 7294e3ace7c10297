import path from 'node:path';
import { toRestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { FoundFile } from '../platform/move.ts';
import type { FilmSize, FilmWork } from './film-work.ts';
import type { WatchEvent } from './watch-events.ts';
import type { WatchHours } from './watch-hours.ts';
import { order, type Candidate } from './watch-inbox.ts';
import type { WatchJournal } from './watch-journal.ts';
import type { WatchLayout } from './watch-layout.ts';
import { settingsFor, type FilmSettings } from './watch-options.ts';

/** Estimates are exceeded now and then. */
const MARGIN = 1.15;

/** A film and how it is to be restored. */
export interface Choice {
  readonly candidate: Candidate;
  readonly settings: FilmSettings;
}

export interface ChoiceContext {
  readonly layout: WatchLayout;
  readonly journal: WatchJournal;
  readonly work: FilmWork;
  readonly clock: Clock;
  readonly hours: WatchHours;
  /** How films are restored, unless a restore.json says otherwise. */
  readonly settings: FilmSettings;
  readonly signal: AbortSignal;
  readonly emit: (event: WatchEvent) => void;
}

/** Chooses the next film, and tells why others have to wait. */
export class FilmChooser {
  readonly #layout: WatchLayout;
  readonly #journal: WatchJournal;
  readonly #work: FilmWork;
  readonly #clock: Clock;
  readonly #hours: WatchHours;
  readonly #settings: FilmSettings;
  readonly #signal: AbortSignal;
  readonly #emit: (event: WatchEvent) => void;
  readonly #sizes = new Map<string, FilmSize>();
  /** Why films are not done, as it was last told. */
  readonly #reasons = new Map<string, string>();
  /** Settings that were found good, as text: looking takes programs and weights. */
  readonly #checked = new Set<string>();

  constructor(context: ChoiceContext) {
    this.#layout = context.layout;
    this.#journal = context.journal;
    this.#work = context.work;
    this.#clock = context.clock;
    this.#hours = context.hours;
    this.#settings = context.settings;
    this.#signal = context.signal;
    this.#emit = context.emit;
  }

  /** Why a film waits, as far as that was told. */
  reason(film: string): string | undefined {
    return this.#reasons.get(film);
  }

  /** The film is taken: it waits no more. */
  taken(film: string): void {
    this.#reasons.delete(film);
  }

  /** The film was taken, and its settings turned out to be wrong. */
  waits({ candidate, settings }: Choice, reason: string): void {
    this.#checked.delete(JSON.stringify(settings));
    this.#explain(candidate.file.name, reason);
  }

  /** Throws what is wrong with settings whatever the film. */
  async check(settings: FilmSettings): Promise<void> {
    const key = JSON.stringify(settings);
    if (this.#checked.has(key)) return;
    await this.#work.check(settings);
    this.#checked.add(key);
  }

  /** The film to work on now: one that was begun before all others; with an end in sight the shortest that fits. */
  async choose(candidates: readonly Candidate[]): Promise<Choice | undefined> {
    const ready = [...candidates].sort((a, b) => order(a) - order(b) || (a.file.name < b.file.name ? -1 : 1));
    const usable: Choice[] = [];
    const check = (settings: FilmSettings): Promise<void> => this.check(settings);
    for (const candidate of ready) {
      try {
        const settings = await settingsFor(this.#layout.inbox, candidate.file.name, this.#settings, check);
        usable.push({ candidate, settings });
      } catch (error) {
        this.#explain(candidate.file.name, toRestorationError(error).message);
      }
    }
    const { endsAt } = this.#hours;
    if (endsAt === undefined) return usable[0];
    return this.#shortest(usable, (endsAt - this.#clock.now()) / 1000);
  }

  async #shortest(usable: readonly Choice[], leftSeconds: number): Promise<Choice | undefined> {
    const timed: { one: Choice; seconds: number; work: number }[] = [];
    for (const one of usable) {
      const { job, file } = one.candidate;
      const size = await this.#sizeOf(job, file, one.settings);
      // What cannot be measured is tried: the attempt says what is wrong with it.
      if (!size) return one;
      const speed = this.#journal.speed(size.kind);
      const work = size.frames * size.pixels;
      timed.push({ one, work, seconds: speed === undefined ? 0 : (work / speed) * MARGIN });
    }
    timed.sort((a, b) => a.seconds - b.seconds || a.work - b.work);
    for (const { one, seconds } of timed) {
      if (seconds <= leftSeconds) continue;
      this.#explain(
        one.candidate.file.name,
        `It takes about ${Math.ceil(seconds / 60)} min, and ${Math.floor(leftSeconds / 60)} min were left.`,
      );
    }
    const first = timed[0];
    return first && first.seconds <= leftSeconds ? first.one : undefined;
  }

  async #sizeOf(job: string, file: FoundFile, settings: FilmSettings): Promise<FilmSize | undefined> {
    const known = this.#sizes.get(job);
    if (known) return known;
    try {
      const input = path.join(this.#layout.inbox, file.name);
      const size = await this.#work.size({ ...settings, input, output: this.#layout.working }, this.#signal);
      this.#sizes.set(job, size);
      return size;
    } catch {
      this.#signal.throwIfAborted();
      return undefined;
    }
  }

  #explain(film: string, reason: string): void {
    if (this.#reasons.get(film) === reason) return;
    this.#reasons.set(film, reason);
    this.#emit({ type: 'waiting', film, reason });
  }
}

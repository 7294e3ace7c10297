import { RestorationError, toRestorationError } from '../core/errors.ts';
import type { RestoreEvent } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import { plan, restore } from '../pipeline/restore.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { needsPolling, watchTree, type FolderEvents } from '../platform/folder-events.ts';
import { identify, walkFiles, type FoundFile } from '../platform/move.ts';
import { listFolder, removeFolder, statOrUndefined } from '../platform/files.ts';
import { ownIdentity } from '../platform/host.ts';
import path from 'node:path';
import { LeaseBook } from './lease.ts';
import { notify } from './notify.ts';
import { parseUntil, parseWindow, WallClock, type DayWindow } from './schedule.ts';
import { isTakeable, Settler, type WatchedFile } from './settle.ts';
import { sumUp, writeSummary, type LeftFilm, type NightSummary } from './summary.ts';
import type { WatchEvent } from './watch-events.ts';
import { FilmTurn, type FilmOutcome, type FilmSize, type FilmWork } from './watch-film.ts';
import { WatchJournal, type FilmState } from './watch-journal.ts';
import { createLayout, filmFolder, jobOf, watchLayout, type WatchLayout } from './watch-layout.ts';
import { settingsFor, type FilmSettings } from './watch-options.ts';

export interface WatchOptions {
  /** Holds inbox, working, done and failed, which are made where they are missing. */
  readonly folder: string;
  /** How films are restored, unless a restore.json beside them says otherwise. */
  readonly settings?: FilmSettings;
  /** Where results go; default: done, beside their sources. */
  readonly output?: string;
  /** '22:00-07:00': work only then. */
  readonly window?: string;
  /** '07:00': ends at the next such time, and begins no film that cannot be finished before, shortest first. */
  readonly until?: string;
  /** Ends when nothing is left to do. */
  readonly once?: boolean;
  /** Looks for files itself, also where the file system reports changes. Default: where it does not. */
  readonly poll?: boolean;
  /** A command, or a URL, that is told the summary. */
  readonly notify?: string;
  /** IANA name of the time zone that window and until are in; default: the machine's. */
  readonly timeZone?: string;
  /** A file must have been unchanged for this long. */
  readonly settleSeconds?: number;
  readonly attempts?: number;
}

export interface WatchControl {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WatchEvent) => void;
  readonly clock?: Clock;
  readonly work?: FilmWork;
}

const SETTLE_SECONDS = 10;
/** A file that is no film must have been unchanged this many times as long, before it is called bad. */
const CERTAIN_FACTOR = 6;
const ATTEMPTS = 3;
const PARK_MS = 45_000;
const LEASE_MS = 120_000;
/** The folder is looked at this often, whatever events say. */
const RESCAN_MS = 60_000;
const POLL_MS = 5_000;
/** Changes that come in a burst are looked at once. */
const BURST_MS = 200;
/** The wall clock is asked this often while it matters: it may be set. */
const WALL_CLOCK_MS = 20_000;
/** Estimates are exceeded now and then. */
const MARGIN = 1.15;

const kindOf = (made: Plan): string =>
  [...made.stages.map(({ kind, model }) => (model ? `${kind}:${model.id}` : kind)), made.encode.encoder].join(' ');

const sizeOfPlan = (made: Plan, frames: number): FilmSize => ({
  frames,
  pixels: made.encode.format.width * made.encode.format.height,
  kind: kindOf(made),
});

/** The real work. */
const restoration: FilmWork = {
  size: async (options, signal) => {
    const { plan: made, estimate } = await plan(options, { signal });
    return sizeOfPlan(made, estimate.frames);
  },
  sizeOf: (event: Extract<RestoreEvent, { type: 'plan' }>) => sizeOfPlan(event.plan, event.estimate.frames),
  restore,
};

/**
 * Restores what is dropped into a folder, until it is stopped (`once` and `until`: until they say so). Ends with the
 * summary of what was done since the last one. Every state is on disk: it may be killed at any moment and started again,
 * and several may share one folder. Throws USAGE for options that make no sense; trouble with single films never ends it.
 */
export async function watchFolder(options: WatchOptions, control: WatchControl = {}): Promise<NightSummary> {
  const watcher = new Watcher(options, control);
  return watcher.run();
}

interface Candidate {
  readonly job: string;
  readonly file: WatchedFile;
  readonly state: FilmState | undefined;
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #layout: WatchLayout;
  readonly #clock: Clock;
  readonly #wall: WallClock;
  readonly #window: DayWindow | undefined;
  readonly #work: FilmWork;
  readonly #journal: WatchJournal;
  readonly #leases: LeaseBook;
  readonly #settler = new Settler();
  readonly #settleMs: number;
  readonly #emit: (event: WatchEvent) => void;
  readonly #signal: AbortSignal;
  /** Films to be left alone until then, by the clock that never jumps. */
  readonly #notBefore = new Map<string, number>();
  readonly #sizes = new Map<string, FilmSize>();
  /** Why films are not done, as it was last told. */
  readonly #reasons = new Map<string, string>();
  #lastSummary: NightSummary | undefined;
  #endsAt: number | undefined;
  #wasOpen: boolean | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(options: WatchOptions, control: WatchControl) {
    this.#options = options;
    this.#layout = watchLayout(path.resolve(options.folder), options.output);
    this.#clock = control.clock ?? systemClock;
    this.#wall = new WallClock(options.timeZone);
    this.#window = options.window === undefined ? undefined : parseWindow(options.window);
    this.#endsAt =
      options.until === undefined ? undefined : this.#wall.next(parseUntil(options.until), this.#clock.now());
    this.#work = control.work ?? restoration;
    this.#journal = new WatchJournal(this.#layout.working, () => this.#clock.now());
    this.#leases = new LeaseBook(this.#layout.working, this.#clock, LEASE_MS);
    this.#settleMs = (options.settleSeconds ?? SETTLE_SECONDS) * 1000;
    this.#emit = control.onEvent ?? (() => undefined);
    this.#signal = control.signal ?? new AbortController().signal;
  }

  async run(): Promise<NightSummary> {
    await this.#open();
    const polling = this.#options.poll ?? (await needsPolling(this.#layout.inbox));
    const events = this.#watch(polling);
    this.#emit({ type: 'watching', folder: this.#layout.root, polling });
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        if (this.#isOver()) break;
        if (!(await this.#checkWindow())) {
          if (this.#options.once === true && (await this.#look())?.length === 0) break;
          await this.#pause(WALL_CLOCK_MS);
          continue;
        }
        const candidates = await this.#look();
        if (candidates === undefined) {
          await this.#pause(RESCAN_MS);
          continue;
        }
        const next = await this.#choose(candidates);
        if (next) {
          await this.#take(next);
          continue;
        }
        if (this.#options.once === true && this.#isIdle(candidates)) break;
        await this.#pause(this.#nextLookMs(candidates));
      }
    } finally {
      await events.close();
    }
    // A night that has just ended was summed up then.
    return this.#journal.nightSince === undefined && this.#lastSummary ? this.#lastSummary : this.#sumUp();
  }

  async #open(): Promise<void> {
    const present = await statOrUndefined(this.#layout.root);
    if (present && !present.isDirectory()) {
      throw new RestorationError('USAGE', `${this.#layout.root} is not a folder.`, { hint: 'Name a folder to watch.' });
    }
    await createLayout(this.#layout);
    await this.#journal.refresh();
  }

  #watch(polling: boolean): FolderEvents {
    let isTold = false;
    return watchTree(this.#layout.inbox, {
      polling,
      intervalMs: POLL_MS,
      onChange: () => {
        this.#changed = true;
        this.#wake?.();
      },
      onTrouble: (reason) => {
        // Looking now and then finds everything too, only later.
        if (!isTold) this.#emit({ type: 'trouble', message: `Changes in the inbox are not reported: ${reason}.` });
        isTold = true;
      },
    });
  }

  #isOver(): boolean {
    return this.#endsAt !== undefined && this.#clock.now() >= this.#endsAt;
  }

  #isOpen(): boolean {
    return this.#window === undefined || this.#wall.isOpen(this.#window, this.#clock.now());
  }

  /** Notices that the window opens (a night begins) or closes (it is summed up). */
  async #checkWindow(): Promise<boolean> {
    const open = this.#isOpen();
    if (open !== this.#wasOpen) {
      if (this.#window) {
        const until = new Date(this.#wall.nextChange(this.#window, this.#clock.now())).toISOString();
        this.#emit({ type: 'window', open, until });
      }
      if (open && this.#journal.nightSince === undefined) await this.#noteNight('begin');
      if (!open && this.#journal.nightSince !== undefined) await this.#sumUp();
      this.#wasOpen = open;
    }
    return open;
  }

  #noteNight(state: 'begin' | 'end', told: { job: string; seq: number }[] = []): Promise<void> {
    return this.#journal.append({ type: 'night', state, host: ownIdentity().host, told });
  }

  /** What is in the inbox, with its story; undefined when that cannot be seen just now. */
  async #look(): Promise<Candidate[] | undefined> {
    this.#changed = false;
    try {
      const files = await walkFiles(this.#layout.inbox, isTakeable);
      await this.#journal.refresh();
      const watched = this.#settler.look(files, this.#clock.monotonic());
      const open = this.#journal.films().filter(({ closed }) => closed === undefined);
      const candidates = watched.map((file): Candidate => {
        const known = open.find((state) => isSameDrop(state, file));
        return { job: known?.job ?? jobOf(file), file, state: known };
      });
      await this.#tidy(open, candidates);
      return candidates;
    } catch (error) {
      this.#emit({ type: 'trouble', message: `The folder cannot be read: ${toRestorationError(error).message}` });
      return undefined;
    }
  }

  /** Finishes films whose source has left the inbox, and removes what finished ones left behind. */
  async #tidy(open: readonly FilmState[], candidates: readonly Candidate[]): Promise<void> {
    const present = new Set(candidates.map(({ job }) => job));
    for (const state of open) {
      if (present.has(state.job) || this.#isWaiting(state.job)) continue;
      await this.#withLease(state.job, (turn) => turn.abandon());
    }
    for (const name of await listFolder(this.#layout.working)) {
      if (/^[0-9a-f]{16}$/.test(name) && this.#journal.film(name)?.closed) {
        if (!(await this.#leases.ids()).has(name)) await removeFolder(filmFolder(this.#layout, name).path);
      }
    }
  }

  #isWaiting(job: string): boolean {
    return this.#clock.monotonic() < (this.#notBefore.get(job) ?? 0);
  }

  #isSettled({ file, state }: Candidate): boolean {
    // What was taken once was complete then; if it is not the same file any more, it is another job.
    if (state !== undefined) return true;
    return file.unchangedMs >= (file.sizeBytes === 0 ? CERTAIN_FACTOR : 1) * this.#settleMs;
  }

  /** The film to work on now: one that was begun before all others; with an end in sight the shortest that fits. */
  async #choose(
    candidates: readonly Candidate[],
  ): Promise<{ candidate: Candidate; settings: FilmSettings } | undefined> {
    const ready = candidates.filter((one) => this.#isSettled(one) && !this.#isWaiting(one.job));
    ready.sort((a, b) => order(a) - order(b) || (a.file.name < b.file.name ? -1 : 1));
    const usable: { candidate: Candidate; settings: FilmSettings }[] = [];
    for (const candidate of ready) {
      try {
        const settings = await settingsFor(this.#layout.inbox, candidate.file.name, this.#options.settings ?? {});
        usable.push({ candidate, settings });
      } catch (error) {
        this.#explain(candidate.file.name, toRestorationError(error).message);
      }
    }
    if (this.#endsAt === undefined) return usable[0];
    return this.#shortest(usable, (this.#endsAt - this.#clock.now()) / 1000);
  }

  async #shortest<T extends { candidate: Candidate; settings: FilmSettings }>(
    usable: readonly T[],
    leftSeconds: number,
  ): Promise<T | undefined> {
    const timed: { one: T; seconds: number; work: number }[] = [];
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

  async #take({ candidate, settings }: { candidate: Candidate; settings: FilmSettings }): Promise<void> {
    const { job, file } = candidate;
    this.#reasons.delete(file.name);
    await this.#withLease(job, async (turn) => {
      const present = await identify(path.join(this.#layout.inbox, file.name));
      const known = this.#journal.film(job);
      if (!known || known.closed) {
        // Another watcher may have finished it since we looked.
        if (!present || jobOf({ ...file, ...present }) !== jobOf(file)) return { state: 'closed' };
        const { name, sizeBytes, modifiedMs, inode } = file;
        await this.#journal.note(job, { type: 'taken', name, sizeBytes, modifiedMs, inode });
        if (this.#isTwice(job)) return turn.abandon();
      }
      return turn.run(settings, file.unchangedMs);
    });
  }

  /** Whether another watcher has taken the same file under another name; of the two jobs one gives way. */
  #isTwice(job: string): boolean {
    const own = this.#journal.film(job);
    if (!own) return false;
    return this.#journal
      .films()
      .some((other) => !other.closed && other.job < job && other.inode === own.inode && isSameDrop(other, own));
  }

  /** Runs one turn under the film's lease; trouble is told and waited out, never thrown. */
  async #withLease(job: string, work: (turn: FilmTurn) => Promise<FilmOutcome>): Promise<void> {
    let outcome: FilmOutcome = { state: 'again', afterMs: this.#settleMs };
    try {
      const lease = await this.#leases.acquire(job);
      if (lease) {
        const park = this.#parkSignal();
        try {
          await this.#journal.refresh();
          const context = {
            layout: this.#layout,
            journal: this.#journal,
            work: this.#work,
            clock: this.#clock,
            limits: {
              attempts: this.#options.attempts ?? ATTEMPTS,
              certainMs: CERTAIN_FACTOR * this.#settleMs,
              parkMs: PARK_MS,
            },
            signal: this.#signal,
            park: park.signal,
            emit: this.#emit,
          };
          outcome = await work(new FilmTurn(job, lease, context));
        } finally {
          park.close();
          await lease.release();
        }
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      const { message, hint = '' } = toRestorationError(error);
      this.#emit({ type: 'trouble', message: `${message} ${hint}`.trim() });
      outcome = { state: 'again', afterMs: RESCAN_MS };
    }
    if (outcome.state === 'again') this.#notBefore.set(job, this.#clock.monotonic() + outcome.afterMs);
    else this.#notBefore.delete(job);
  }

  /** Aborted when the window closes or the end has come, by a wall clock that may be set meanwhile. */
  #parkSignal(): { readonly signal: AbortSignal; close(): void } {
    const park = new AbortController();
    const closed = new AbortController();
    const wait = async (): Promise<void> => {
      while (this.#isOpen() && !this.#isOver()) await this.#clock.sleep(this.#untilChangeMs(), closed.signal);
      park.abort(
        new RestorationError('STOPPED', 'The time for work is over.', { hint: 'It goes on in the next window.' }),
      );
    };
    if (this.#window || this.#endsAt !== undefined) wait().catch(() => undefined);
    return { signal: park.signal, close: () => closed.abort() };
  }

  /** Until the next change that is due, or until the wall clock should be asked again. */
  #untilChangeMs(): number {
    const now = this.#clock.now();
    const change = this.#window ? this.#wall.nextChange(this.#window, now) : Number.POSITIVE_INFINITY;
    return Math.min(WALL_CLOCK_MS, Math.max(1, Math.min(change, this.#endsAt ?? change) - now));
  }

  /** Whether nothing can come of waiting but new files. */
  #isIdle(candidates: readonly Candidate[]): boolean {
    return candidates.every((one) => this.#isSettled(one) && !this.#isWaiting(one.job));
  }

  #nextLookMs(candidates: readonly Candidate[]): number {
    const now = this.#clock.monotonic();
    let next = this.#window || this.#endsAt !== undefined ? WALL_CLOCK_MS : RESCAN_MS;
    for (const one of candidates) {
      if (!this.#isSettled(one)) next = Math.min(next, Math.max(this.#settleMs / 2, 50));
      const due = this.#notBefore.get(one.job);
      if (due !== undefined && due > now) next = Math.min(next, due - now);
    }
    return next;
  }

  /** Waits, at most until something changes in the inbox. */
  async #pause(ms: number): Promise<void> {
    const waiting = new AbortController();
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#changed) this.#wake?.();
    const timed = this.#clock.sleep(ms, AbortSignal.any([waiting.signal, this.#signal])).catch(() => undefined);
    const isWoken = await Promise.race([woken.then(() => true), timed.then(() => false)]);
    this.#wake = undefined;
    waiting.abort();
    this.#signal.throwIfAborted();
    if (isWoken) await this.#clock.sleep(BURST_MS, this.#signal);
  }

  /** Ends a night: the summary is written, told, and handed to the hook. */
  async #sumUp(): Promise<NightSummary> {
    await this.#journal.refresh();
    const to = new Date(this.#clock.now()).toISOString();
    const closed = this.#journal.films().filter((film) => film.closed && !film.told);
    const summary = sumUp(this.#layout.root, this.#journal.nightSince ?? to, to, closed, await this.#left());
    const files = await writeSummary(summary).catch((error: unknown) => {
      this.#emit({ type: 'trouble', message: `The summary cannot be written: ${toRestorationError(error).message}` });
      return [];
    });
    await this.#noteNight(
      'end',
      closed.map(({ job, seq }) => ({ job, seq })),
    );
    this.#lastSummary = summary;
    this.#emit({ type: 'summary', summary, files });
    if (this.#options.notify !== undefined) {
      const problem = await notify(this.#options.notify, summary);
      if (problem !== undefined) this.#emit({ type: 'trouble', message: problem });
    }
    return summary;
  }

  async #left(): Promise<LeftFilm[]> {
    const files = await walkFiles(this.#layout.inbox, isTakeable).catch(() => []);
    const open = this.#journal.films().filter(({ closed }) => closed === undefined);
    return files.map((file) => {
      const state = open.find((one) => isSameDrop(one, file));
      const told = this.#reasons.get(file.name);
      const last = state?.setbacks.at(-1);
      const reason =
        told ?? (last ? `${last.message} It is tried again.` : state ? 'Begun; it goes on next time.' : 'Not begun.');
      return { film: file.name, reason };
    });
  }
}

/** Films that were begun come first, in the order they were begun. */
const order = ({ state }: Candidate): number =>
  state === undefined ? Number.POSITIVE_INFINITY : Date.parse(state.takenAt);

/** The same file, perhaps renamed: shares that make inodes up still have name, size and time. */
function isSameDrop(
  a: Pick<FoundFile, 'name' | 'sizeBytes' | 'modifiedMs' | 'inode'>,
  b: Pick<FoundFile, 'name' | 'sizeBytes' | 'modifiedMs' | 'inode'>,
): boolean {
  if (a.sizeBytes !== b.sizeBytes || a.modifiedMs !== b.modifiedMs) return false;
  return a.name === b.name || a.inode === b.inode;
}

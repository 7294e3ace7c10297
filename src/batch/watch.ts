import path from 'node:path';
import { RestorationError, toRestorationError } from '../core/errors.ts';
import { systemClock, type Clock } from '../platform/clock.ts';
import { ensureFolder, exists, listFolder, removeFolder, statOrUndefined } from '../platform/files.ts';
import { needsPolling, watchTree, type FolderEvents } from '../platform/folder-events.ts';
import { walkFiles } from '../platform/move.ts';
import { FilmTurns } from './film-turns.ts';
import { restoration } from './film-work.ts';
import { LeaseBook } from './lease.ts';
import { LeftAlone } from './left-alone.ts';
import { isTakeable, Settler } from './settle.ts';
import type { NightSummary } from './summary.ts';
import { FilmChooser } from './watch-choice.ts';
import type { WatchControl, WatchOptions } from './watch-api.ts';
import type { WatchEvent } from './watch-events.ts';
import { WALL_CLOCK_MS, WatchHours } from './watch-hours.ts';
import { isSameDrop, type Candidate } from './watch-inbox.ts';
import { WatchJournal, type FilmState } from './watch-journal.ts';
import { createLayout, filmFolder, jobOf, watchLayout, type WatchLayout } from './watch-layout.ts';
import { Night } from './watch-night.ts';

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

/**
 * Restores what is dropped into a folder, until it is stopped (`once` and `until`: until they say so). Ends with the
 * summary of what was done since the last one. Every state is on disk: it may be killed at any moment and started again,
 * and several may share one folder. Throws USAGE for options that make no sense, and what is wrong with the settings whatever the
 * film; trouble with single films never ends it.
 */
export async function watchFolder(options: WatchOptions, control: WatchControl = {}): Promise<NightSummary> {
  const watcher = new Watcher(options, control);
  return watcher.run();
}

class Watcher {
  readonly #options: WatchOptions;
  readonly #layout: WatchLayout;
  readonly #clock: Clock;
  readonly #hours: WatchHours;
  readonly #chooser: FilmChooser;
  readonly #turns: FilmTurns;
  readonly #night: Night;
  readonly #journal: WatchJournal;
  readonly #leases: LeaseBook;
  readonly #settler = new Settler();
  readonly #settleMs: number;
  readonly #emit: (event: WatchEvent) => void;
  readonly #signal: AbortSignal;
  #wasOpen: boolean | undefined;
  #changed = false;
  readonly #leftAlone: LeftAlone;
  #polling = false;
  #events: FolderEvents | undefined;
  #wake: (() => void) | undefined;

  constructor(options: WatchOptions, control: WatchControl) {
    this.#options = options;
    this.#layout = watchLayout(path.resolve(options.folder), options.output);
    this.#clock = control.clock ?? systemClock;
    this.#hours = new WatchHours(options, this.#clock);
    this.#journal = new WatchJournal(this.#layout.working, () => this.#clock.now());
    this.#leases = new LeaseBook(this.#layout.working, this.#clock, LEASE_MS);
    this.#settleMs = (options.settleSeconds ?? SETTLE_SECONDS) * 1000;
    this.#emit = control.onEvent ?? (() => undefined);
    this.#signal = control.signal ?? new AbortController().signal;
    this.#leftAlone = new LeftAlone(this.#layout, (message) => this.#emit({ type: 'trouble', message }));
    const shared = { layout: this.#layout, journal: this.#journal, clock: this.#clock, emit: this.#emit };
    const working = { ...shared, work: control.work ?? restoration, hours: this.#hours, signal: this.#signal };
    this.#chooser = new FilmChooser({ ...working, settings: options.settings ?? {} });
    const limits = {
      attempts: options.attempts ?? ATTEMPTS,
      certainMs: CERTAIN_FACTOR * this.#settleMs,
      parkMs: PARK_MS,
    };
    this.#turns = new FilmTurns({ ...working, limits, leases: this.#leases, busyMs: this.#settleMs });
    const reason = (film: string): string | undefined => this.#chooser.reason(film);
    this.#night = new Night({ ...shared, notify: options.notify, reason });
  }

  async run(): Promise<NightSummary> {
    await this.#open();
    const polling = this.#options.poll ?? (await needsPolling(this.#layout.inbox));
    this.#polling = polling;
    this.#events = this.#watch(polling);
    this.#emit({ type: 'watching', folder: this.#layout.root, polling });
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        if (this.#hours.isOver()) break;
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
        const next = await this.#chooser.choose(
          candidates.filter((one) => this.#isSettled(one) && !this.#turns.isWaiting(one.job)),
        );
        if (next) {
          this.#chooser.taken(next.candidate.file.name);
          const outcome = await this.#turns.take(next);
          if (outcome.state === 'waits') this.#chooser.waits(next, outcome.reason);
          continue;
        }
        if (this.#options.once === true && this.#isIdle(candidates)) break;
        await this.#pause(this.#nextLookMs(candidates));
      }
    } finally {
      await this.#events.close();
    }
    return this.#night.finish();
  }

  async #open(): Promise<void> {
    const present = await statOrUndefined(this.#layout.root);
    if (present && !present.isDirectory()) {
      throw new RestorationError('USAGE', `${this.#layout.root} is not a folder.`, { hint: 'Name a folder to watch.' });
    }
    // What is wrong for every film is said once, before anything is made.
    await this.#chooser.check(this.#options.settings ?? {});
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

  /** Notices that the window opens (a night begins) or closes (it is summed up). */
  async #checkWindow(): Promise<boolean> {
    const open = this.#hours.isOpen();
    if (open !== this.#wasOpen) {
      const until = this.#hours.nextChange();
      if (until !== undefined) this.#emit({ type: 'window', open, until });
      if (open) await this.#night.begin();
      else await this.#night.end();
      this.#wasOpen = open;
    }
    return open;
  }

  /** What is in the inbox, with its story; undefined when that cannot be seen just now. */
  async #look(): Promise<Candidate[] | undefined> {
    this.#changed = false;
    try {
      await this.#restoreInbox();
      const files = await walkFiles(this.#layout.inbox, isTakeable, (name) => this.#leftAlone.misread(name));
      await this.#leftAlone.lookBeside();
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

  /** An inbox that was removed is made again, unless all is gone: then a disk is, and this would be the place where it was. */
  async #restoreInbox(): Promise<void> {
    const { inbox, working } = this.#layout;
    if ((await exists(inbox)) || !(await exists(working))) return;
    await ensureFolder(inbox);
    this.#emit({ type: 'trouble', message: 'The inbox was removed; it is there again, and empty.' });
    // What was listened to is gone.
    await this.#events?.close();
    this.#events = this.#watch(this.#polling);
  }

  /** Finishes films whose source has left the inbox, and removes what finished ones left behind. */
  async #tidy(open: readonly FilmState[], candidates: readonly Candidate[]): Promise<void> {
    const present = new Set(candidates.map(({ job }) => job));
    for (const state of open) {
      if (present.has(state.job) || this.#turns.isWaiting(state.job)) continue;
      await this.#turns.abandon(state.job);
    }
    for (const name of await listFolder(this.#layout.working)) {
      if (/^[0-9a-f]{16}$/.test(name) && this.#journal.film(name)?.closed) {
        if (!(await this.#leases.ids()).has(name)) await removeFolder(filmFolder(this.#layout, name).path);
      }
    }
  }

  #isSettled({ file, state }: Candidate): boolean {
    // What was taken once was complete then; if it is not the same file any more, it is another job.
    if (state !== undefined) return true;
    return file.unchangedMs >= (file.sizeBytes === 0 ? CERTAIN_FACTOR : 1) * this.#settleMs;
  }

  /** Whether nothing can come of waiting but new files. */
  #isIdle(candidates: readonly Candidate[]): boolean {
    return candidates.every((one) => this.#isSettled(one) && !this.#turns.mayComeBack(one.job));
  }

  #nextLookMs(candidates: readonly Candidate[]): number {
    let next = this.#hours.areLimited ? WALL_CLOCK_MS : RESCAN_MS;
    for (const one of candidates) {
      if (!this.#isSettled(one)) next = Math.min(next, Math.max(this.#settleMs / 2, 50));
      const waitMs = this.#turns.waitMs(one.job);
      if (waitMs > 0) next = Math.min(next, waitMs);
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
}

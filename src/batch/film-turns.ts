import path from 'node:path';
import { toRestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { identify } from '../platform/move.ts';
import type { FilmContext, FilmOutcome } from './film-context.ts';
import { FilmTurn } from './film-turn.ts';
import type { LeaseBook } from './lease.ts';
import type { Choice } from './watch-choice.ts';
import type { WatchHours } from './watch-hours.ts';
import { isSameDrop } from './watch-inbox.ts';
import { jobOf } from './watch-layout.ts';

/** A film is left alone for this long when the folder itself makes trouble. */
const TROUBLE_MS = 60_000;

export interface TurnsContext extends Omit<FilmContext, 'park'> {
  readonly hours: WatchHours;
  readonly leases: LeaseBook;
  /** A film that another watcher works on is looked at again after this. */
  readonly busyMs: number;
}

/** Gives films their turns, each under its lease, and knows which are to be left alone for a while. */
export class FilmTurns {
  readonly #context: TurnsContext;
  readonly #clock: Clock;
  /** By the clock that never jumps. */
  readonly #notBefore = new Map<string, number>();
  /** Those whose settings are wrong: nothing comes of waiting but other settings. */
  readonly #stuck = new Set<string>();

  constructor(context: TurnsContext) {
    this.#context = context;
    this.#clock = context.clock;
  }

  /** For how long a film is to be left alone; 0 when it is not. */
  waitMs(job: string): number {
    return Math.max(0, (this.#notBefore.get(job) ?? 0) - this.#clock.monotonic());
  }

  isWaiting(job: string): boolean {
    return this.waitMs(job) > 0;
  }

  /** Whether something may come of waiting for it. */
  mayComeBack(job: string): boolean {
    return this.isWaiting(job) && !this.#stuck.has(job);
  }

  /** A turn at a film that has left the inbox. */
  async abandon(job: string): Promise<void> {
    await this.#withLease(job, (turn) => turn.abandon());
  }

  /** A turn at a film that was chosen. */
  async take({ candidate, settings }: Choice): Promise<FilmOutcome> {
    const { job, file } = candidate;
    return this.#withLease(job, async (turn) => {
      const present = await identify(path.join(this.#context.layout.inbox, file.name));
      const known = this.#context.journal.film(job);
      if (!known || known.closed) {
        // Another watcher may have finished it since we looked.
        if (!present || jobOf({ ...file, ...present }) !== jobOf(file)) return { state: 'closed' };
        const { name, sizeBytes, modifiedMs, inode } = file;
        await this.#context.journal.note(job, { type: 'taken', name, sizeBytes, modifiedMs, inode });
        if (this.#isTwice(job)) return turn.abandon();
      }
      return turn.run(settings, file.unchangedMs);
    });
  }

  /** Whether another watcher has taken the same file under another name; of the two jobs one gives way. */
  #isTwice(job: string): boolean {
    const own = this.#context.journal.film(job);
    if (!own) return false;
    return this.#context.journal
      .films()
      .some((other) => !other.closed && other.job < job && other.inode === own.inode && isSameDrop(other, own));
  }

  /** Runs one turn under the film's lease; trouble is told and waited out, never thrown. */
  async #withLease(job: string, work: (turn: FilmTurn) => Promise<FilmOutcome>): Promise<FilmOutcome> {
    let outcome: FilmOutcome = { state: 'again', afterMs: this.#context.busyMs };
    try {
      const lease = await this.#context.leases.acquire(job);
      if (lease) {
        const park = this.#context.hours.parkSignal();
        try {
          await this.#context.journal.refresh();
          const { layout, journal, work: filmWork, limits, signal, emit } = this.#context;
          const context = {
            layout,
            journal,
            work: filmWork,
            clock: this.#clock,
            limits,
            signal,
            park: park.signal,
            emit,
          };
          outcome = await work(new FilmTurn(job, lease, context));
        } finally {
          park.close();
          await lease.release();
        }
      }
    } catch (error) {
      this.#context.signal.throwIfAborted();
      const { code, message, hint = '' } = toRestorationError(error);
      // Nobody has to run anything again here.
      const help = code === 'DISK_FULL' ? 'Free some space: it goes on by itself.' : hint;
      this.#context.emit({ type: 'trouble', message: `${message} ${help}`.trim() });
      outcome = { state: 'again', afterMs: TROUBLE_MS };
    }
    if ('afterMs' in outcome) this.#notBefore.set(job, this.#clock.monotonic() + outcome.afterMs);
    else this.#notBefore.delete(job);
    if (outcome.state === 'waits') this.#stuck.add(job);
    else this.#stuck.delete(job);
    return outcome;
  }
}

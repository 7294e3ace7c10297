import { toRestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { ownIdentity } from '../platform/host.ts';
import { walkFiles } from '../platform/move.ts';
import { notify } from './notify.ts';
import { isTakeable } from './settle.ts';
import { sumUp, writeSummary, type LeftFilm, type NightSummary } from './summary.ts';
import type { WatchEvent } from './watch-events.ts';
import { isSameDrop } from './watch-inbox.ts';
import type { WatchJournal } from './watch-journal.ts';
import type { WatchLayout } from './watch-layout.ts';

export interface NightContext {
  readonly layout: WatchLayout;
  readonly journal: WatchJournal;
  readonly clock: Clock;
  /** A command or a URL that is told the summary. */
  readonly notify: string | undefined;
  /** Why a film waits, as far as that was told. */
  readonly reason: (film: string) => string | undefined;
  readonly emit: (event: WatchEvent) => void;
}

/** A stretch of work that is summed up at its end: a window, or a run of the watcher. */
export class Night {
  readonly #layout: WatchLayout;
  readonly #journal: WatchJournal;
  readonly #clock: Clock;
  readonly #notify: string | undefined;
  readonly #reason: (film: string) => string | undefined;
  readonly #emit: (event: WatchEvent) => void;
  #lastSummary: NightSummary | undefined;

  constructor(context: NightContext) {
    this.#layout = context.layout;
    this.#journal = context.journal;
    this.#clock = context.clock;
    this.#notify = context.notify;
    this.#reason = context.reason;
    this.#emit = context.emit;
  }

  /** Begins a night, unless one that was cut off goes on. */
  async begin(): Promise<void> {
    if (this.#journal.nightSince === undefined) await this.#noteNight('begin');
  }

  /** Ends the night if there is one. */
  async end(): Promise<void> {
    if (this.#journal.nightSince !== undefined) await this.#sumUp();
  }

  /** The summary of the night that has just ended, or of this one, which it ends. */
  async finish(): Promise<NightSummary> {
    return this.#journal.nightSince === undefined && this.#lastSummary ? this.#lastSummary : this.#sumUp();
  }

  #noteNight(state: 'begin' | 'end', told: { job: string; seq: number }[] = []): Promise<void> {
    return this.#journal.append({ type: 'night', state, host: ownIdentity().host, told });
  }

  /** Ends a night: the summary is written, told, and handed to the hook. */
  async #sumUp(): Promise<NightSummary> {
    await this.#journal.refresh();
    const to = new Date(this.#clock.now()).toISOString();
    const closed = this.#journal.films().filter((film) => film.closed && !film.told);
    const from = this.#journal.nightSince ?? to;
    const worked = this.#journal.workedSeconds(from, to);
    const summary = sumUp(this.#layout.root, from, to, closed, await this.#left(), worked);
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
    if (this.#notify !== undefined) {
      const problem = await notify(this.#notify, summary);
      if (problem !== undefined) this.#emit({ type: 'trouble', message: problem });
    }
    return summary;
  }

  async #left(): Promise<LeftFilm[]> {
    const files = await walkFiles(this.#layout.inbox, isTakeable).catch(() => []);
    const open = this.#journal.films().filter(({ closed }) => closed === undefined);
    return files.map((file) => {
      const state = open.find((one) => isSameDrop(one, file));
      const told = this.#reason(file.name);
      const last = state?.setbacks.at(-1);
      const reason =
        told ?? (last ? `${last.message} It is tried again.` : state ? 'Begun; it goes on next time.' : 'Not begun.');
      return { film: file.name, reason };
    });
  }
}

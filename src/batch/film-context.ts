import type { Clock } from '../platform/clock.ts';
import type { FilmWork } from './film-work.ts';
import type { WatchEvent } from './watch-events.ts';
import type { WatchJournal } from './watch-journal.ts';
import type { WatchLayout } from './watch-layout.ts';

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

/** How a turn at a film ended; `again` and `waits` are for how long to leave it alone, `waits` is for other settings. */
export type FilmOutcome =
  | { readonly state: 'closed' }
  | { readonly state: 'parked' }
  | { readonly state: 'again'; readonly afterMs: number }
  | { readonly state: 'waits'; readonly afterMs: number; readonly reason: string };

import type { Clock } from '../platform/clock.ts';
import type { FilmWork } from './film-work.ts';
import type { WatchEvent } from './watch-events.ts';
import type { FilmSettings } from './watch-options.ts';

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

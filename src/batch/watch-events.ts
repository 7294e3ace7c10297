import type { RestoreEvent } from '../core/events.ts';
import type { NightSummary } from './summary.ts';

/** What a watched folder tells; `film` is its name in the inbox. */
export type WatchEvent =
  | { readonly type: 'watching'; readonly folder: string; readonly polling: boolean }
  | { readonly type: 'window'; readonly open: boolean; readonly until: string }
  | { readonly type: 'taken'; readonly film: string; readonly attempt: number }
  | { readonly type: 'restore'; readonly film: string; readonly event: RestoreEvent }
  | {
      readonly type: 'finished';
      readonly film: string;
      readonly output: string;
      readonly source: string;
      readonly frames: number;
      readonly seconds: number;
    }
  | {
      readonly type: 'setback';
      readonly film: string;
      readonly code: string;
      readonly message: string;
      readonly againSeconds: number;
    }
  | {
      readonly type: 'failed';
      readonly film: string;
      readonly source: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: 'parked'; readonly film: string; readonly reason: string }
  | { readonly type: 'gone'; readonly film: string }
  /** Not tried: settings that are wrong, or too little time left before the end. */
  | { readonly type: 'waiting'; readonly film: string; readonly reason: string }
  | { readonly type: 'trouble'; readonly message: string }
  | { readonly type: 'summary'; readonly summary: NightSummary; readonly files: readonly string[] };

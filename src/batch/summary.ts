import path from 'node:path';
import type { Doubt } from '../core/events.ts';
import { createExclusive } from '../platform/files.ts';
import { doubtText } from './doubts.ts';
import type { FilmState } from './watch-journal.ts';

export interface DoneFilm {
  readonly film: string;
  readonly output: string;
  /** 0 where the program was ended between its last step and the note of it. */
  readonly frames: number;
  /** All attempts, on other nights too. */
  readonly seconds: number;
  readonly sizeBytes: number;
  /** What to look at: damage of the source, segments that needed another attempt, guesses that were taken. */
  readonly notes: readonly string[];
  /** The worst places, by measure of the pictures. */
  readonly doubts: readonly Doubt[];
}

export interface FailedFilm {
  readonly film: string;
  readonly source: string;
  readonly code: string;
  readonly message: string;
}

export interface LeftFilm {
  readonly film: string;
  readonly reason: string;
}

/** What one night brought. */
export interface NightSummary {
  readonly folder: string;
  readonly from: string;
  readonly to: string;
  readonly done: readonly DoneFilm[];
  readonly failed: readonly FailedFilm[];
  readonly left: readonly LeftFilm[];
  readonly workSeconds: number;
}

/**
 * Sums up films that are closed; `left` says why each film that is still there was not done, `workSeconds` is what all work of
 * this night took, on those too.
 */
export function sumUp(
  folder: string,
  from: string,
  to: string,
  films: readonly FilmState[],
  left: readonly LeftFilm[],
  workSeconds: number,
): NightSummary {
  const done: DoneFilm[] = [];
  const failed: FailedFilm[] = [];
  for (const { name, closed, result, placing, setbacks, workedSeconds } of films) {
    if (closed?.outcome === 'done' && result) {
      const { frames, sizeBytes, notes, doubts } = result;
      const retries = setbacks.map(({ message }) => `An attempt failed: ${message}`);
      done.push({
        film: name,
        output: placing?.result ?? '',
        frames,
        seconds: Math.round(workedSeconds * 10) / 10,
        sizeBytes,
        notes: [...notes, ...retries],
        doubts,
      });
    } else if (closed?.outcome === 'failed') {
      const last = setbacks.at(-1);
      const source = placing?.source ?? '';
      failed.push({ film: name, source, code: last?.code ?? 'INTERNAL', message: last?.message ?? 'It failed.' });
    }
  }
  return { folder, from, to, done, failed, left, workSeconds: Math.round(workSeconds) };
}

const duration = (seconds: number): string => {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return `${Math.round(seconds)} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** The summary for people, one line a film. */
export function summaryText(summary: NightSummary): string {
  const { done, failed, left, from, to, workSeconds } = summary;
  const lines = [
    `${summary.folder}, ${from} to ${to}`,
    `${done.length} done, ${failed.length} failed, ${left.length} left; ${duration(workSeconds)} of work.`,
  ];
  const section = (title: string, rows: readonly string[]): void => {
    if (rows.length > 0) lines.push('', `${title}:`, ...rows.map((row) => `  ${row}`));
  };
  section(
    'Done',
    done.map(({ film, output, frames, seconds }) => {
      const took = frames === 0 ? '' : ` (${frames} frames, ${duration(seconds)})`;
      return `${film} -> ${output}${took}`;
    }),
  );
  section(
    'To look at',
    done.flatMap(({ film, notes, doubts }) => [...notes, ...doubts.map(doubtText)].map((note) => `${film}: ${note}`)),
  );
  section(
    'Failed',
    failed.map(({ film, message, source }) => `${film}: ${message} It lies in ${source}, the reason beside it.`),
  );
  section(
    'Left',
    left.map(({ film, reason }) => `${film}: ${reason}`),
  );
  return `${lines.join('\n')}\n`;
}

/** Writes both forms into the watched folder, under names that nobody has, and returns their paths. */
export async function writeSummary(summary: NightSummary): Promise<string[]> {
  const stamp = summary.to.slice(0, 19).replaceAll(':', '');
  const text = summaryText(summary);
  const json = `${JSON.stringify(summary, undefined, 2)}\n`;
  for (let count = 1; ; count++) {
    const stem = path.join(summary.folder, `summary-${stamp}${count === 1 ? '' : `-${count}`}`);
    // Another watcher of the same folder may end its night in the same second.
    if (!(await createExclusive(`${stem}.json`, json))) continue;
    await createExclusive(`${stem}.txt`, text);
    return [`${stem}.txt`, `${stem}.json`];
  }
}

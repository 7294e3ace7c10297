import path from 'node:path';
import { z } from 'zod';
import { appendLine, listFolder, readBytes, statOrUndefined } from '../platform/files.ts';
import { ownIdentity } from '../platform/host.ts';
import { doubtSchema } from './journal.ts';

const failure = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });
export type Failure = z.infer<typeof failure>;

const film = { job: z.string(), seq: z.number().int().min(1) };
/** How long the attempt took that ends with this. */
const worked = { seconds: z.number().min(0).default(0) };

/** What happened to a film, or in the folder; the only state of a watched folder besides the files themselves. */
const recordSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('taken'),
    ...film,
    name: z.string(),
    sizeBytes: z.number(),
    modifiedMs: z.number(),
    inode: z.number(),
  }),
  /** An attempt begins; one that has no end was cut off. */
  z.object({ type: z.literal('attempt'), ...film }),
  /** The running attempt has finished its first segment. */
  z.object({ type: z.literal('progress'), ...film }),
  z.object({ type: z.literal('parked'), ...film, ...worked }),
  z.object({ type: z.literal('setback'), ...film, ...worked, failure, counted: z.boolean() }),
  /** The result lies whole and verified in the film's working folder. */
  z.object({
    type: z.literal('result'),
    ...film,
    ...worked,
    file: z.string(),
    frames: z.number(),
    sizeBytes: z.number(),
    notes: z.array(z.string()),
    doubts: z.array(doubtSchema).default([]),
  }),
  /** Names chosen for what is about to be moved. */
  z.object({
    type: z.literal('placing'),
    ...film,
    outcome: z.enum(['done', 'failed']),
    source: z.string(),
    result: z.string().optional(),
  }),
  /** The result is gone from the film's working folder: it has to be made again. */
  z.object({ type: z.literal('lost'), ...film }),
  z.object({ type: z.literal('closed'), ...film, outcome: z.enum(['done', 'failed', 'gone']) }),
  z.object({ type: z.literal('speed'), kind: z.string(), pixelsPerSecond: z.number().positive() }),
  z.object({
    type: z.literal('night'),
    state: z.enum(['begin', 'end']),
    host: z.string(),
    /** Films that the summary of this night has told about. */
    told: z.array(z.object(film)).default([]),
  }),
]);
type Parsed = z.infer<typeof recordSchema>;
export type WatchRecord = Parsed & { readonly at: string };

export interface Setback extends Failure {
  readonly at: string;
}

/** One film's story so far. */
export interface FilmState {
  readonly job: string;
  seq: number;
  name: string;
  sizeBytes: number;
  modifiedMs: number;
  inode: number;
  takenAt: string;
  /** Attempts that failed and count. */
  failures: number;
  /** Attempts in a row that were cut off before their first segment. */
  cutOff: number;
  /** An attempt has begun and not ended. */
  open: boolean;
  setbacks: Setback[];
  /** What all attempts took that were not cut off. */
  workedSeconds: number;
  result?: Extract<Parsed, { type: 'result' }>;
  placing?: Extract<Parsed, { type: 'placing' }>;
  closed?: { readonly outcome: 'done' | 'failed' | 'gone'; readonly at: string };
  /** Whether a summary has told how it ended. */
  told: boolean;
}

const JOURNAL_NAME = /^journal-.*\.ndjson$/;

/**
 * The append-only journal of a watched folder. Every machine writes a file of its own, because appending is safe on one
 * machine only; records of one film carry a number each, and are written only by whoever holds its lease.
 */
export class WatchJournal {
  readonly #folder: string;
  readonly #own: string;
  readonly #offsets = new Map<string, number>();
  readonly #films = new Map<string, FilmState>();
  readonly #speeds = new Map<string, number[]>();
  /** Attempts that have ended. */
  readonly #worked: { readonly at: string; readonly seconds: number }[] = [];
  #nightSince: string | undefined;
  readonly #now: () => number;

  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
    const host = ownIdentity().host.replace(/[^A-Za-z0-9]+/g, '-');
    this.#own = `journal-${host}.ndjson`;
  }

  async append(record: Parsed): Promise<void> {
    const line = JSON.stringify({ at: new Date(this.#now()).toISOString(), ...record });
    await appendLine(path.join(this.#folder, this.#own), line, this.#folder);
    await this.refresh();
  }

  /** As `append`, with the film's next number. */
  async note(job: string, record: FilmNote): Promise<void> {
    const seq = (this.#films.get(job)?.seq ?? 0) + 1;
    await this.append({ ...record, job, seq });
  }

  /** Takes in what others and we have written since the last time. */
  async refresh(): Promise<void> {
    const fresh: WatchRecord[] = [];
    for (const name of (await listFolder(this.#folder)).filter((entry) => JOURNAL_NAME.test(entry)).sort()) {
      const file = path.join(this.#folder, name);
      const from = this.#offsets.get(name) ?? 0;
      const size = (await statOrUndefined(file))?.size ?? 0;
      if (size <= from) continue;
      const bytes = (await readBytes(file)).subarray(from);
      const end = bytes.lastIndexOf(0x0a) + 1;
      this.#offsets.set(name, from + end);
      for (const line of bytes.toString('utf8', 0, end).split('\n')) {
        const record = parseRecord(line);
        if (record) fresh.push(record);
      }
    }
    // Records of one film may lie in the files of several machines: their numbers say the order, not clocks.
    const films = fresh.filter((record) => 'job' in record).sort((a, b) => a.seq - b.seq);
    for (const record of films) this.#apply(record);
    for (const record of fresh) this.#applyToFolder(record);
  }

  film(job: string): FilmState | undefined {
    return this.#films.get(job);
  }

  films(): FilmState[] {
    return [...this.#films.values()];
  }

  /** Median of the last measured speeds of this kind of work, of any kind when there is none; undefined when nothing is known. */
  speed(kind: string): number | undefined {
    const values = this.#speeds.get(kind) ?? [...this.#speeds.values()].flat();
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  /** What attempts took that ended in a span of time. */
  workedSeconds(from: string, to: string): number {
    return this.#worked.reduce((sum, { at, seconds }) => (at >= from && at <= to ? sum + seconds : sum), 0);
  }

  /** When the night that this machine has not summed up yet began. */
  get nightSince(): string | undefined {
    return this.#nightSince;
  }

  #applyToFolder(record: WatchRecord): void {
    if (record.type === 'speed') {
      const values = this.#speeds.get(record.kind) ?? [];
      values.push(record.pixelsPerSecond);
      this.#speeds.set(record.kind, values.slice(-5));
    } else if (record.type === 'night') {
      for (const { job, seq } of record.told) {
        const state = this.#films.get(job);
        // A higher number is that of a later drop of the same file.
        if (state && state.seq <= seq) state.told = true;
      }
      if (record.host !== ownIdentity().host) return;
      this.#nightSince = record.state === 'end' ? undefined : (this.#nightSince ?? record.at);
    }
  }

  #apply(record: Extract<WatchRecord, { job: string }>): void {
    if (record.type === 'taken') {
      const old = this.#films.get(record.job);
      if (old && !old.closed) {
        Object.assign(old, { seq: record.seq, name: record.name, inode: record.inode });
        return;
      }
      const { name, sizeBytes, modifiedMs, inode, job, seq, at } = record;
      const counts = { failures: 0, cutOff: 0, open: false, setbacks: [], workedSeconds: 0, told: false };
      this.#films.set(job, { job, seq, name, sizeBytes, modifiedMs, inode, takenAt: at, ...counts });
      return;
    }
    const state = this.#films.get(record.job);
    if (!state) return;
    state.seq = record.seq;
    if ('seconds' in record) {
      state.workedSeconds += record.seconds;
      this.#worked.push({ at: record.at, seconds: record.seconds });
    }
    switch (record.type) {
      case 'attempt':
        if (state.open) state.cutOff++;
        state.open = true;
        break;
      case 'progress':
        state.cutOff = 0;
        state.open = false;
        break;
      case 'parked':
        state.open = false;
        break;
      case 'setback':
        state.open = false;
        state.cutOff = 0;
        state.setbacks.push({ at: record.at, ...record.failure });
        if (record.counted) state.failures++;
        break;
      case 'result':
        state.open = false;
        state.result = record;
        break;
      case 'placing':
        state.placing = record;
        break;
      case 'lost':
        delete state.result;
        delete state.placing;
        break;
      case 'closed':
        state.closed = { outcome: record.outcome, at: record.at };
        break;
    }
  }
}

type FilmRecord = Extract<Parsed, { job: string }>;
type WithoutKeys<T> = T extends unknown ? Omit<T, 'job' | 'seq'> : never;
export type FilmNote = WithoutKeys<FilmRecord>;

const lineSchema = z.object({ at: z.string() });

function parseRecord(line: string): WatchRecord | undefined {
  if (line === '') return undefined;
  try {
    const json: unknown = JSON.parse(line);
    return { ...lineSchema.parse(json), ...recordSchema.parse(json) };
  } catch {
    // Torn by a power cut, or written by a version that knows more.
    return undefined;
  }
}

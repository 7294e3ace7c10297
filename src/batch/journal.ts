import path from 'node:path';
import { z } from 'zod';
import { appendLine, readText, statOrUndefined } from '../platform/files.ts';
import { identify } from '../platform/move.ts';

/** As `Doubt`. */
export const doubtSchema = z.object({
  kind: z.enum(['flicker', 'color-change', 'unsure-color']),
  frame: z.number().int().min(0),
  seconds: z.number(),
  value: z.number(),
});

/** A finished segment: its file lies complete under its final name. */
const recordSchema = z.object({
  segment: z.number().int().min(0),
  start: z.number().int().min(0),
  end: z.number().int().min(1),
  file: z.string(),
  frames: z.number().int().min(1),
  sizeBytes: z.number().int().min(1),
  doubts: z.array(doubtSchema).readonly().optional(),
});
export type SegmentRecord = z.infer<typeof recordSchema>;

/** The finished and verified file, as it is before it gets its name: renaming changes nothing of it. */
const resultSchema = z.object({
  result: z.literal('verified'),
  frames: z.number().int().min(1),
  sizeBytes: z.number().int().min(1),
  modifiedMs: z.number(),
  inode: z.number(),
});
export type ResultRecord = Omit<z.infer<typeof resultSchema>, 'result'>;

export const JOURNAL_NAME = 'journal.ndjson';

/**
 * The list of finished segments in a work folder, and of the whole that was made of them. Append only, one JSON object a line, flushed to the disk before
 * `append` resolves; a torn or foreign line is ignored, so a power cut costs at most the segment it hit.
 */
export class Journal {
  readonly #folder: string;
  readonly #path: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = path.join(folder, JOURNAL_NAME);
  }

  async append(record: SegmentRecord): Promise<void> {
    await appendLine(this.#path, JSON.stringify(record), this.#folder);
  }

  /** Records whose segment file is still there in full, by segment number. */
  async finished(): Promise<Map<number, SegmentRecord>> {
    const records = new Map<number, SegmentRecord>();
    for (const record of await this.#records(recordSchema)) {
      const file = await statOrUndefined(path.join(this.#folder, record.file));
      if (file?.size === record.sizeBytes) records.set(record.segment, record);
    }
    return records;
  }

  /** To be called before the file gets its name: whoever is killed behind that knows it again. */
  async appendResult(record: ResultRecord): Promise<void> {
    await appendLine(this.#path, JSON.stringify({ result: 'verified', ...record }), this.#folder);
  }

  /** The record of this very file, if it is a result of this work folder. */
  async resultAt(file: string): Promise<ResultRecord | undefined> {
    const present = await identify(file);
    if (!present) return undefined;
    return (await this.#records(resultSchema)).find(
      ({ sizeBytes, modifiedMs, inode }) =>
        sizeBytes === present.sizeBytes && modifiedMs === present.modifiedMs && inode === present.inode,
    );
  }

  async #records<T>(schema: z.ZodType<T>): Promise<T[]> {
    if (!(await statOrUndefined(this.#path))) return [];
    const lines = (await readText(this.#path)).split('\n');
    return lines.map((line) => parseLine(schema, line)).filter((record) => record !== undefined);
  }
}

function parseLine<T>(schema: z.ZodType<T>, line: string): T | undefined {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

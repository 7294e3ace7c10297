import path from 'node:path';
import { z } from 'zod';
import { appendLine, readText, statOrUndefined } from '../platform/files.ts';

/** A finished segment: its file lies complete under its final name. */
const recordSchema = z.object({
  segment: z.number().int().min(0),
  start: z.number().int().min(0),
  end: z.number().int().min(1),
  file: z.string(),
  frames: z.number().int().min(1),
  sizeBytes: z.number().int().min(1),
});
export type SegmentRecord = z.infer<typeof recordSchema>;

const JOURNAL_NAME = 'journal.ndjson';

/**
 * The list of finished segments in a work folder. Append only, one JSON object a line, flushed to the disk before
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
    if (!(await statOrUndefined(this.#path))) return records;
    for (const line of (await readText(this.#path)).split('\n')) {
      const record = parseRecord(line);
      if (!record) continue;
      const file = await statOrUndefined(path.join(this.#folder, record.file));
      if (file?.size === record.sizeBytes) records.set(record.segment, record);
    }
    return records;
  }
}

function parseRecord(line: string): SegmentRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

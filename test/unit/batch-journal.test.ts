import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Journal, type SegmentRecord } from '../../src/batch/journal.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function finish(journal: Journal, segment: number): Promise<SegmentRecord> {
  const file = `segment-${segment}.nut`;
  await writeFile(path.join(folder, file), 'x'.repeat(10 + segment));
  const record = { segment, start: segment * 10, end: segment * 10 + 10, file, frames: 10, sizeBytes: 10 + segment };
  await journal.append(record);
  return record;
}

test('remembers what was finished', async () => {
  const journal = new Journal(folder);
  expect((await journal.finished()).size).toBe(0);
  const records = [await finish(journal, 0), await finish(journal, 1)];
  expect([...(await new Journal(folder).finished()).values()]).toEqual(records);
});

test('a line that a power cut tore is ignored, and the next one is whole', async () => {
  const journal = new Journal(folder);
  await finish(journal, 0);
  await appendFile(path.join(folder, 'journal.ndjson'), '{"segment":1,"sta');
  expect([...(await journal.finished()).keys()]).toEqual([0]);
  await finish(journal, 2);
  expect([...(await journal.finished()).keys()]).toEqual([0, 2]);
});

test('a segment whose file is gone or short does not count', async () => {
  const journal = new Journal(folder);
  await finish(journal, 0);
  await finish(journal, 1);
  await truncate(path.join(folder, 'segment-0.nut'), 3);
  await rm(path.join(folder, 'segment-1.nut'));
  expect((await journal.finished()).size).toBe(0);
});

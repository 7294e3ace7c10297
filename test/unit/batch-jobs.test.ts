import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cleanCaches, cleanJobs, listCaches, listJobs } from '../../src/batch/jobs.ts';
import { Journal } from '../../src/batch/journal.ts';
import { ResultCache } from '../../src/pipeline/result-cache.ts';
import { openWorkFolder } from '../../src/pipeline/workdir.ts';
import { tempFolder } from './batch-helpers.ts';

let folder = '';
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => rm(folder, { recursive: true }));

async function addJob(where: string): Promise<string> {
  const work = path.join(folder, where);
  await mkdir(work, { recursive: true });
  const plan = { planHash: 'abc', source: '/films/a.mp4', output: '/films/a.restored.mp4', preset: 'none' };
  await writeFile(path.join(work, 'plan.json'), JSON.stringify(plan));
  await writeFile(path.join(work, 'segment-0.nut'), 'x'.repeat(1000));
  const record = { segment: 0, start: 0, end: 10, file: 'segment-0.nut', frames: 10, sizeBytes: 1000 };
  await new Journal(work).append(record);
  return work;
}

test('caches are found beside work, and removed unless work is in progress there', async () => {
  const warn = (message: string): void => expect.fail(message);
  const work = await addJob('.restore/abc');
  const cache = await ResultCache.open(path.join(folder, '.restore', 'cache'), 1e6, warn);
  await (await cache!.store('luma')).save(0, new Uint8Array(5000));
  await cache!.close();
  const found = await listCaches(folder);
  expect(found).toMatchObject([{ folder: path.join(folder, '.restore', 'cache') }]);
  expect(found[0]!.sizeBytes).toBeGreaterThan(5000);
  expect(await listJobs(folder)).toHaveLength(1);
  const held = await openWorkFolder(work, { fresh: false });
  expect(await cleanCaches(found)).toMatchObject([{ cache: found[0], problem: { code: 'BUSY' } }]);
  await held.release({ remove: true });
  expect(await cleanCaches(found)).toEqual([{ cache: found[0], problem: undefined }]);
  expect(await readdir(folder)).toEqual([]);
});

test('finds work beside outputs, in a --workdir and in a watched folder, with its progress and size', async () => {
  const index = { version: 1, steps: new Array<number>(40).fill(1), lastDuration: 1, cuts: [0], decodeErrors: 0 };
  const first = await addJob('.restore/abc');
  await writeFile(path.join(first, 'index.json'), JSON.stringify(index));
  await addJob('work/def');
  await addJob('watched/working/0123456789abcdef/result/.restore/abc');
  const jobs = await listJobs(folder);
  expect(jobs.map((job) => path.relative(folder, job.folder)).sort()).toEqual([
    '.restore/abc',
    'watched/working/0123456789abcdef/result/.restore/abc',
    'work/def',
  ]);
  const job = jobs.find((one) => one.folder === first);
  expect(job).toMatchObject({ source: '/films/a.mp4', framesDone: 10, framesTotal: 40, owner: undefined });
  expect(job?.sizeBytes).toBeGreaterThan(1000);
});

test('finds work however deep it lies', async () => {
  await addJob('a/b/c/d/e/f/g/h/i/watched/working/0123456789abcdef/result/.restore/abc');
  expect(await listJobs(folder)).toHaveLength(1);
});

test('cleaning removes what is not in use, and the folder that held it', async () => {
  await addJob('.restore/abc');
  const used = await addJob('work/def');
  const open = await openWorkFolder(used, { fresh: false });
  const cleaned = await cleanJobs(await listJobs(folder));
  expect(cleaned.map(({ job, problem }) => [path.basename(job.folder), problem === undefined]).sort()).toEqual([
    ['abc', true],
    ['def', false],
  ]);
  await open.release({ remove: false });
  expect(await readdir(folder)).toEqual(['work']);
  expect((await readdir(used)).sort()).toEqual(['journal.ndjson', 'plan.json', 'segment-0.nut']);
});

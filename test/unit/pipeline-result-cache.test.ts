import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Plan, StagePlan } from '../../src/core/plan.ts';
import { STAGE_KINDS } from '../../src/pipeline/presets.ts';
import { ResultCache } from '../../src/pipeline/result-cache.ts';
import { resultKeys } from '../../src/pipeline/result-keys.ts';
import { folderBytes } from '../../src/platform/move.ts';
import { samplePlan } from './cli/sample-plan.ts';

let folder = '';
let warnings: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'result-cache-'));
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function open(limitBytes = 1e9): Promise<ResultCache> {
  const cache = await ResultCache.open(folder, limitBytes, (message) => warnings.push(message));
  if (!cache) throw new Error('no cache');
  return cache;
}

const bytesFor = (index: number, size = 1000): Uint8Array => new Uint8Array(size).fill(index);
const files = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true }))
    .filter((name) => name.endsWith('.results'))
    .map((name) => path.join(folder, name));

async function fill(cache: ResultCache, key: string, count: number): Promise<void> {
  const store = await cache.store(key);
  for (let index = 0; index < count; index++) await store.save(index, bytesFor(index));
  await cache.close();
}

async function present(key: string, count: number): Promise<number[]> {
  const store = await (await open()).store(key);
  const found: number[] = [];
  for (let index = 0; index < count; index++) {
    const bytes = await store.load(index);
    if (bytes) expect(bytes).toEqual(bytesFor(index));
    if (bytes) found.push(index);
  }
  return found;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('results come back in a later run, under their own key only', async () => {
  await fill(await open(), 'luma', 100);
  expect(await present('luma', 120)).toEqual(upTo(100));
  expect(await present('color', 120)).toEqual([]);
  expect(await files()).toHaveLength(3);
});

test('the folder never takes more than the limit, and what one run keeps is not pushed out by itself', async () => {
  const cache = await open(40_000);
  const store = await cache.store('luma');
  for (let index = 0; index < 100; index++) {
    await store.save(index, bytesFor(index));
    expect(await folderBytes(folder)).toBeLessThanOrEqual(40_300);
  }
  await cache.close();
  const kept = await present('luma', 100);
  expect(kept.length).toBeGreaterThan(30);
  expect(kept).toEqual(upTo(kept.length));
  expect(warnings).toEqual(['No more results are kept: the rest of the film does not fit.']);
});

test('the longest unused goes first', async () => {
  await fill(await open(), 'old', 10);
  for (const file of await files()) await utimes(file, 1000, 1000);
  await fill(await open(), 'used', 10);
  for (const file of await files()) if (file.includes('used')) await utimes(file, 500, 500);
  // Reading is using.
  expect(await present('used', 10)).toEqual(upTo(10));
  await fill(await open(25_000), 'new', 10);
  expect(await present('old', 10)).toEqual([]);
  expect(await present('used', 10)).toEqual(upTo(10));
  expect(await present('new', 10)).toEqual(upTo(10));
  expect(warnings).toEqual([]);
});

test('a file that is cut off is removed; one with a damaged result is dropped as a whole', async () => {
  await fill(await open(), 'luma', 96);
  const [first] = await files();
  await writeFile(first!, (await readFile(first!)).subarray(0, 5000));
  expect(await present('luma', 96)).toHaveLength(48);
  const store = await (await open()).store('luma');
  const [there] = await present('luma', 96);
  await store.drop(there!);
  expect(await store.load(there!)).toBeUndefined();
  expect(await files()).toEqual([]);
});

test('on a full disk results make room, least used first, and nothing more is kept', async () => {
  await fill(await open(), 'luma', 96);
  const cache = await open();
  const store = await cache.store('luma');
  await store.save(200, bytesFor(200));
  let free = 0;
  const disk = async (): Promise<number> => {
    free = 2 - (await files()).length;
    return free;
  };
  expect(await cache.giveWay(1, disk)).toBe(true);
  expect(await files()).toHaveLength(1);
  await store.save(201, bytesFor(201));
  await cache.close();
  expect(await files()).toHaveLength(1);
  expect((await readdir(path.join(folder, 'luma'))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect(await cache.giveWay(100, disk)).toBe(false);
  expect(warnings).toEqual(['No more results are kept: the disk is full.']);
});

test('results are not removed for a disk that they do not lie on', async () => {
  await fill(await open(), 'luma', 96);
  expect(await (await open()).giveWay(1000, () => Promise.resolve(10))).toBe(false);
  expect(await files()).toHaveLength(1);
});

test('a folder that cannot be made is said once, and the run goes on', async () => {
  await writeFile(path.join(folder, 'file'), '');
  expect(await ResultCache.open(path.join(folder, 'file', 'cache'), 1e9, (message) => warnings.push(message))).toBe(
    undefined,
  );
  expect(warnings).toHaveLength(1);
});

const model = (id: string): NonNullable<StagePlan['model']> => ({ id, sha256: id, path: `/models/${id}` });
const chain: readonly StagePlan[] = [
  { kind: 'deflicker', options: { strength: 0.5 } },
  { kind: 'scratches', options: { strength: 0.5 } },
  { kind: 'dust', options: { strength: 0.5 } },
  { kind: 'degrain', options: { strength: 0.5 } },
  { kind: 'colorize', options: { seed: 0 }, model: model('colorize') },
  { kind: 'denoise', options: { strength: 0.4 }, model: model('denoise') },
  { kind: 'chroma-anchor', options: {} },
  { kind: 'chroma-smooth', options: {} },
  { kind: 'upscale', options: { width: 640, height: 480 }, model: model('upscale') },
  { kind: 'apply-chroma', options: {} },
  { kind: 'grain', options: { strength: 0.3 } },
];

const COLOR = ['colorize', 'chroma-anchor', 'chroma-smooth', 'apply-chroma'];

/** Keys by kind of stage. */
function keys(stages: readonly StagePlan[], plan: Partial<Plan> = {}, rgb = false): Record<string, string | undefined> {
  const all = resultKeys({ ...samplePlan, ...plan, stages }, 'ffmpeg 7', ({ kind }) => rgb && kind === 'upscale');
  return Object.fromEntries(stages.map(({ kind }, i) => [kind, all[i]]));
}

const changed = (kind: string, options: Record<string, unknown>): StagePlan[] =>
  chain.map((stage) => (stage.kind === kind ? { ...stage, options: { ...stage.options, ...options } } : stage));

test('all kinds of stages are in this chain', () => {
  expect(chain.map(({ kind }) => kind)).toEqual(STAGE_KINDS);
});

test('color options leave the keys of luma alone, and what decides luma changes all that follows', () => {
  const plain = keys(chain);
  expect(Object.keys(plain).filter((kind) => plain[kind] !== undefined)).toEqual(['colorize', 'denoise', 'upscale']);
  for (const other of [changed('colorize', { seed: 9 }), changed('chroma-smooth', { radius: 1 })]) {
    expect(keys(other)).toMatchObject({ denoise: plain['denoise'], upscale: plain['upscale'] });
  }
  const gray = keys(chain.filter(({ kind }) => !COLOR.includes(kind)));
  expect(gray).toMatchObject({ denoise: plain['denoise'], upscale: plain['upscale'] });
  expect(keys(changed('colorize', { seed: 9 }))['colorize']).not.toBe(plain['colorize']);
  expect(keys(changed('chroma-smooth', { radius: 1 }))['colorize']).toBe(plain['colorize']);
  const larger = keys(changed('upscale', { width: 800 }));
  expect(larger).toMatchObject({ denoise: plain['denoise'], colorize: plain['colorize'] });
  expect(larger['upscale']).not.toBe(plain['upscale']);
  for (const other of [
    keys(changed('deflicker', { strength: 0.1 })),
    keys(chain, { device: 'webgpu' }),
    keys(chain, { decode: { ...samplePlan.decode, startSeconds: 3 } }),
  ]) {
    for (const kind of ['denoise', 'colorize', 'upscale']) expect(other[kind]).not.toBe(plain[kind]);
  }
  expect(keys(chain, { decode: { ...samplePlan.decode, path: '/elsewhere.mp4' } })).toEqual(plain);
});

test('a network that takes RGB depends on color that was brought to the planes before it, and on no other', () => {
  const plain = keys(chain, {}, true);
  expect(keys(changed('colorize', { seed: 9 }), {}, true)['upscale']).toBe(plain['upscale']);
  const early = (stages: readonly StagePlan[]): StagePlan[] => {
    const kinds = ['apply-chroma', 'upscale'];
    const [rest, last] = [
      stages.filter(({ kind }) => !kinds.includes(kind)),
      stages.filter(({ kind }) => kinds.includes(kind)),
    ];
    return [...rest, ...last.reverse()];
  };
  const before = keys(early(chain), {}, true);
  expect(keys(early(changed('colorize', { seed: 9 })), {}, true)['upscale']).not.toBe(before['upscale']);
  expect(keys(early(changed('colorize', { seed: 9 })))['upscale']).toBe(keys(early(chain))['upscale']);
});

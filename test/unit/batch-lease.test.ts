import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LeaseBook, type Lease } from '../../src/batch/lease.ts';
import { ownIdentity } from '../../src/platform/host.ts';
import { tempFolder } from './batch-helpers.ts';
import { virtualClock } from './virtual-clock.ts';

const EXPIRES_MS = 120_000;
let folder = '';
let held: Lease[] = [];
beforeEach(() => {
  folder = tempFolder();
  held = [];
});
afterEach(async () => {
  for (const lease of held) await lease.release();
  await rm(folder, { recursive: true });
});

const book = (clock = virtualClock()): LeaseBook => new LeaseBook(folder, clock, EXPIRES_MS);

async function take(from: LeaseBook, id = 'film'): Promise<Lease | undefined> {
  const lease = await from.acquire(id);
  if (lease) held.push(lease);
  return lease;
}

/** A lease as another process would have left it. */
async function leave(owner: Partial<ReturnType<typeof ownIdentity>>, generation = 1): Promise<string> {
  const file = path.join(folder, `film.${generation}.lease`);
  const content = {
    token: 't',
    ...ownIdentity(),
    ...owner,
    since: '',
    expiresAfterMs: EXPIRES_MS,
    beat: '000000000001',
  };
  await writeFile(file, JSON.stringify(content));
  return file;
}

test('of many that want it one gets it, and the next after its release', async () => {
  const leases = await Promise.all(Array.from({ length: 20 }, () => take(book())));
  const got = leases.filter((lease) => lease !== undefined);
  expect(got.length).toBeLessThanOrEqual(1);
  const first = got[0] ?? (await take(book()));
  expect(first).toBeDefined();
  expect(await take(book())).toBeUndefined();
  expect(await take(book(), 'other')).toBeDefined();
  await first?.release();
  held = held.filter((lease) => lease !== first);
  expect(await take(book())).toBeDefined();
});

test('a process that is gone is succeeded at once, also when its number was given to another', async () => {
  await leave({ pid: 2 ** 22 + 1 });
  const lease = await take(book());
  expect(lease).toBeDefined();
  expect(await readdir(folder)).toEqual(['film.2.lease']);
  await lease?.release();
  held = [];
  await leave({ start: `${ownIdentity().start}0` });
  expect(ownIdentity().start === '' || (await take(book())) !== undefined).toBe(true);
});

test('a live process keeps its lease however long it is silent', async () => {
  await leave({});
  const clock = virtualClock();
  const observer = book(clock);
  for (let i = 0; i < 3; i++) {
    expect(await take(observer)).toBeUndefined();
    await clock.sleep(2 * EXPIRES_MS);
  }
});

test('another machine is succeeded when it has been silent for its time, by the clock of whoever waits', async () => {
  const file = await leave({ host: 'elsewhere' });
  const clock = virtualClock();
  const observer = book(clock);
  expect(await take(observer)).toBeUndefined();
  await clock.sleep(EXPIRES_MS / 2);
  await writeFile(file, JSON.stringify({ ...ownIdentity(), host: 'elsewhere' }));
  expect(await take(observer)).toBeUndefined();
  await clock.sleep(EXPIRES_MS * 0.7);
  expect(await take(observer)).toBeUndefined();
  await clock.sleep(EXPIRES_MS);
  expect(await take(observer)).toBeDefined();
});

test('who cannot come again waits for another machine: a sign of life ends that, silence hands over', async () => {
  const file = await leave({ host: 'elsewhere' });
  const clock = virtualClock();
  const told: string[] = [];
  const first = book(clock).acquireFromSilent('film', undefined, (owner) => told.push(owner));
  await clock.sleep(EXPIRES_MS / 4);
  await writeFile(file, (await readFile(file, 'utf8')).replace('01"', '02"'));
  expect(await first).toBeUndefined();
  expect(clock.monotonic()).toBeLessThan(EXPIRES_MS / 2);
  const second = await book(clock).acquireFromSilent('film', undefined, (owner) => told.push(owner));
  expect(second).toBeDefined();
  if (second) held.push(second);
  expect(clock.monotonic()).toBeGreaterThan(EXPIRES_MS);
  expect(told).toEqual([expect.stringMatching(/on elsewhere$/), expect.stringMatching(/on elsewhere$/)]);
});

test('a live process of this machine is not waited for, and a stop ends the wait', async () => {
  await leave({});
  const clock = virtualClock();
  expect(await book(clock).acquireFromSilent('film', undefined, () => undefined)).toBeUndefined();
  expect(clock.monotonic()).toBe(0);
  await leave({ host: 'elsewhere' }, 2);
  const stop = new AbortController();
  const waiting = book(clock).acquireFromSilent('film', stop.signal, () => stop.abort(new Error('enough')));
  await expect(waiting).rejects.toThrow('enough');
});

test('an owner that was succeeded notices before it does anything', async () => {
  const lease = await take(book());
  await lease?.assertHeld();
  await leave({ host: 'elsewhere' }, 2);
  await expect(lease?.assertHeld()).rejects.toMatchObject({ code: 'STOPPED' });
  expect(lease?.lost.aborted).toBe(true);
});

test('a lease that a power cut left empty does not stay for ever', async () => {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'film.1.lease'), '');
  const clock = virtualClock();
  const observer = book(clock);
  expect(await take(observer)).toBeUndefined();
  await clock.sleep(EXPIRES_MS * 1.5);
  expect(await take(observer)).toBeDefined();
});

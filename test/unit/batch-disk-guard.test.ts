import { expect, test } from 'vitest';
import { DiskGuard } from '../../src/batch/disk-guard.ts';
import { RestorationError } from '../../src/core/errors.ts';
import type { Clock } from '../../src/platform/clock.ts';

const MIB = 2 ** 20;

/** A disk whose free space and time go on with every sleep. */
function disk(
  freeMib: readonly number[],
  giveWay?: (bytes: number) => Promise<boolean>,
): {
  guard: DiskGuard;
  told: string[];
  stop: AbortController;
  slept: () => number;
} {
  const told: string[] = [];
  const stop = new AbortController();
  let turn = 0;
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms, signal) => {
      signal?.throwIfAborted();
      nowMs += ms;
      turn++;
      return Promise.resolve();
    },
  };
  const guard = new DiskGuard({
    folder: '/work',
    free: () => Promise.resolve((freeMib[Math.min(turn, freeMib.length - 1)] ?? 0) * MIB),
    clock,
    ...(giveWay ? { giveWay } : {}),
    signal: stop.signal,
    tell: (message) => told.push(message),
  });
  return { guard, told, stop, slept: () => nowMs };
}

test('asks for twice what is expected, and a reserve', async () => {
  await disk([36]).guard.check(10 * MIB);
  await expect(disk([35]).guard.check(10 * MIB)).rejects.toMatchObject({ code: 'DISK_FULL' });
});

test('what can be made again gives way before anybody waits', async () => {
  const asked: number[] = [];
  const [gives, keeps] = [true, false].map((gave) => (bytes: number) => {
    asked.push(bytes / MIB);
    return Promise.resolve(gave);
  });
  const { guard, told, slept } = disk([1], gives);
  await guard.wait(10 * MIB);
  expect([asked, told, slept()]).toEqual([[36], [], 0]);
  const nothing = disk([1, 100], keeps);
  await nothing.guard.wait(10 * MIB);
  expect(nothing.told).toHaveLength(2);
});

test('says that it waits, goes on when there is room, and says that too', async () => {
  const { guard, told } = disk([1, 1, 1, 100]);
  await guard.wait(10 * MIB);
  expect(told).toEqual([expect.stringContaining('36 MiB are needed'), expect.stringContaining('going on')]);
});

test('tells again every ten minutes, and a stop ends the wait', async () => {
  const { guard, told, stop, slept } = disk([1]);
  const stopped = guard.wait(MIB);
  while (slept() < 1_250_000) await Promise.resolve();
  stop.abort(new RestorationError('STOPPED', 'Stopped.'));
  await expect(stopped).rejects.toMatchObject({ code: 'STOPPED' });
  expect(told.length).toBeGreaterThanOrEqual(3);
  expect(told.length).toBeLessThanOrEqual(4);
});

test('does work again when the disk was full, needing more each time that there seemed to be room', async () => {
  const { guard } = disk([100, 100, 20, 20, 100]);
  let attempts = 0;
  const result = await guard.retry(10 * MIB, () => {
    attempts++;
    if (attempts < 3) return Promise.reject(new RestorationError('DISK_FULL', 'Full.'));
    return Promise.resolve('done');
  });
  expect([result, attempts]).toEqual(['done', 3]);
  const other = disk([100]).guard.retry(1, () => Promise.reject(new RestorationError('ENCODE_FAILED', 'Broke.')));
  await expect(other).rejects.toMatchObject({ code: 'ENCODE_FAILED' });
});

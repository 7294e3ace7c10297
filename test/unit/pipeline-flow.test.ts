import { expect, test } from 'vitest';
import type { Frame, FrameStream } from '../../src/core/frame.ts';
import { rational } from '../../src/core/rational.ts';
import { prefetch } from '../../src/pipeline/flow.ts';

interface Tracked {
  readonly disposed: Set<number>;
  produced: number;
  closed: boolean;
}

function tracked(): Tracked {
  return { disposed: new Set(), produced: 0, closed: false };
}

async function* numbered(count: number, log: Tracked, failAt = Infinity): FrameStream {
  try {
    for (let index = 0; index < count; index++) {
      await Promise.resolve();
      if (index === failAt) throw new Error('the source broke');
      log.produced++;
      yield frame(index, log);
    }
  } finally {
    log.closed = true;
  }
}

function frame(index: number, log: Tracked): Frame {
  return {
    index,
    pts: BigInt(index),
    duration: 1n,
    format: {
      width: 2,
      height: 2,
      pixelFormat: { sampling: 'gray', bitDepth: 8 },
      color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: 'limited' },
      sampleAspectRatio: rational(1),
      chromaLocation: 'left',
    },
    planes: [],
    dispose: () => log.disposed.add(index),
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('keeps order and runs ahead by no more than its depth', async () => {
  const log = tracked();
  const seen: number[] = [];
  for await (const { index } of prefetch(numbered(20, log), 3)) {
    seen.push(index);
    await settle();
    expect(log.produced - seen.length).toBeLessThanOrEqual(3);
  }
  expect(seen).toEqual([...Array(20).keys()]);
  expect(log.disposed.size).toBe(0);
});

test('a consumer that stops early leaves nothing behind', async () => {
  const log = tracked();
  for await (const { index } of prefetch(numbered(20, log), 4)) {
    await settle();
    if (index === 2) break;
  }
  expect(log.closed).toBe(true);
  expect(log.disposed.size).toBe(log.produced - 3);
});

test('passes the error of the producer on, after the frames before it', async () => {
  const log = tracked();
  const seen: number[] = [];
  await expect(async () => {
    for await (const { index } of prefetch(numbered(20, log, 5), 2)) seen.push(index);
  }).rejects.toThrow('the source broke');
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

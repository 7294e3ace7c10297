import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { planeSizes } from '../../src/core/format.ts';
import type { Frame } from '../../src/core/frame.ts';
import { openSegmentEncoder, type SegmentEncoder } from '../../src/encode/index.ts';
import { ffv1Plan, format, never, scratch } from './encode-kit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const FRAMES = 12;

/** Writes frames that nobody else knows, and returns what tells whether they are still there. */
async function writeFrames(encoder: SegmentEncoder): Promise<WeakRef<Frame>[]> {
  const shape = format();
  const left: WeakRef<Frame>[] = [];
  for (let index = 0; index < FRAMES; index++) {
    const planes = planeSizes(shape).map(({ width, height }) => new Uint8Array(width * height).fill(index));
    const times = { pts: BigInt(index), duration: 1n };
    const frame: Frame = { index, ...times, format: shape, planes, dispose: () => undefined };
    left.push(new WeakRef(frame));
    await encoder.write(frame);
  }
  return left;
}

test('a frame that an encoder has taken is not held until the segment ends', async () => {
  const encoder = openSegmentEncoder(ffv1Plan(format()), {
    path: path.join(scratch(), 'segment.mkv'),
    timeBase: { num: 1, den: 24 },
    frameRate: { num: 24, den: 1 },
    signal: never,
  });
  const left = await writeFrames(encoder);
  // References live until the end of the turn in which they were looked at.
  await new Promise((resolve) => setTimeout(resolve, 50));
  collectGarbage();
  expect(left.filter((frame) => frame.deref() !== undefined).length).toBeLessThanOrEqual(1);
  expect((await encoder.finish()).frames).toBe(FRAMES);
});

import { expect, test } from 'vitest';
import type { ChromaGrid } from '../../src/core/frame.ts';
import { DoubtMeter } from '../../src/temporal/index.ts';
import { blotches, formatOf, frameOf, shotsOf } from './temporal-scenes.ts';

const FORMAT = formatOf(64, 48);
const picture = blotches(1, 20);
const WHOLE = { start: 0, end: 20 };

function meterOf(cuts: readonly number[] = [0]): DoubtMeter {
  return new DoubtMeter(shotsOf(cuts, 20), (frame) => frame / 10);
}

function colored(index: number, cb: number, confidence: number): ReturnType<typeof frameOf> {
  const fill = (value: number): Float32Array => new Float32Array(12).fill(value);
  const grid: ChromaGrid = {
    ...{ width: 4, height: 3, cb: fill(cb), cr: fill(0), confidence: fill(confidence), luma: fill(0.5) },
  };
  return frameOf(index, FORMAT, picture, grid);
}

test('a frame that is brighter than its neighbors is found, a pan and a cut are not', () => {
  const meter = meterOf([0, 12]);
  for (let index = 0; index < 20; index++) {
    const bright = index === 6 ? 0.05 : index >= 12 ? 0.2 : 0;
    meter.lookAtPicture(frameOf(index, FORMAT, (x, y) => 0.7 * picture(x + index, y) + bright));
  }
  const [found, ...others] = meter.take(WHOLE);
  expect(found).toMatchObject({ kind: 'flicker', frame: 7, seconds: 0.7 });
  expect(found?.value).toBeCloseTo(0.05, 2);
  expect(others).toEqual([]);
});

test('color that jumps on what stands still, and color that is a guess', () => {
  const meter = meterOf();
  for (let index = 0; index < 20; index++) {
    meter.lookAtColor(colored(index, index < 9 ? 0 : 0.1, index === 3 ? 0.2 : 0.9));
  }
  expect(meter.take(WHOLE)).toEqual([
    { kind: 'unsure-color', frame: 3, seconds: 0.3, value: 0.8 },
    { kind: 'color-change', frame: 9, seconds: 0.9, value: 0.1 },
  ]);
  expect(meter.take(WHOLE)).toEqual([]);
});

test('each segment has its own', () => {
  const meter = meterOf();
  for (let index = 0; index < 20; index++) meter.lookAtColor(colored(index, 0, index === 15 ? 0.1 : 0.5));
  expect(meter.take({ start: 0, end: 10 }).map(({ frame }) => frame)).toEqual([0]);
  expect(meter.take({ start: 10, end: 20 }).map(({ frame }) => frame)).toEqual([15]);
});

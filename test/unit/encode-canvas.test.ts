import { expect, test } from 'vitest';
import { createCanvas } from '../../src/encode/canvas.ts';
import { encodePlanFor } from '../../src/encode/plan.ts';
import { format, media, pattern } from './encode-kit.ts';

const base = {
  media: media(),
  crf: undefined,
  encoderPreset: undefined,
  container: 'mkv',
  displayRotation: 0,
} as const;

test('a picture that fills the frame is passed on without a copy', () => {
  const picture = format();
  const plan = encodePlanFor(
    { ...base, format: picture, frame: picture, pad: undefined, codec: 'ffv1' },
    new Set(['ffv1']),
  );
  const frame = pattern(0, picture, 0n);
  const planes = createCanvas(picture, plan).compose(frame);
  expect(planes.map(({ buffer }) => buffer)).toEqual(frame.planes.map(({ buffer }) => buffer));
});

test.each([
  ['limited', 8, 16, 128],
  ['full', 8, 0, 128],
  ['limited', 10, 64, 512],
  ['full', 10, 0, 512],
] as const)('bars are black: %s range, %i bits', (range, bitDepth, black, neutral) => {
  const picture = format({ width: 8, height: 4, pixelFormat: { sampling: '420', bitDepth } });
  const own = { ...picture, color: { ...picture.color, range } };
  const pad = { x: 4, y: 2, width: 8, height: 4 };
  const plan = encodePlanFor(
    { ...base, format: own, frame: { width: 16, height: 8 }, pad, codec: 'ffv1' },
    new Set(['ffv1']),
  );
  const canvas = createCanvas(own, plan);
  const frame = pattern(3, own, 0n);
  const planes = canvas.compose(frame).map((bytes) => (bitDepth === 8 ? bytes : new Uint16Array(bytes.buffer)));
  expect(canvas.format).toMatchObject({ width: 16, height: 8 });
  const at = (plane: number, x: number, y: number): number => planes[plane]![y * (plane === 0 ? 16 : 8) + x]!;
  expect([at(0, 0, 0), at(0, 3, 4), at(0, 12, 4), at(0, 8, 7)]).toEqual([black, black, black, black]);
  expect([at(1, 0, 0), at(2, 7, 3)]).toEqual([neutral, neutral]);
  expect(at(0, 4, 2)).toBe(frame.planes[0]![0]);
  expect(at(0, 11, 5)).toBe(frame.planes[0]!.at(-1));
  expect(at(1, 2, 1)).toBe(frame.planes[1]![0]);
});

test('an odd picture grows by repeating its last column and line; chroma already covers them', () => {
  const odd = format({ width: 35, height: 33 });
  const plan = encodePlanFor({ ...base, format: odd, frame: odd, pad: undefined, codec: 'hevc' }, new Set(['libx265']));
  const frame = pattern(1, odd, 0n);
  const [luma, cb] = createCanvas(odd, plan).compose(frame);
  const source = frame.planes[0]!;
  expect(luma).toHaveLength(36 * 34);
  expect(luma![35]).toBe(source[34]);
  expect(luma![33 * 36 + 3]).toBe(source[32 * 35 + 3]);
  expect(luma!.at(-1)).toBe(source.at(-1));
  expect([...cb!]).toEqual([...frame.planes[1]!]);
});

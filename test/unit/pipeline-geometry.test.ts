import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rational } from '../../src/core/rational.ts';
import { planGeometry } from '../../src/pipeline/geometry.ts';

const square = rational(1);

test('a factor multiplies both sides', () => {
  const { frame, picture, pad, note } = planGeometry({ width: 640, height: 360 }, undefined, square, { upscale: 4 });
  expect({ frame, picture, pad, note }).toEqual({
    frame: { width: 2560, height: 1440 },
    picture: { width: 2560, height: 1440 },
    pad: undefined,
    note: undefined,
  });
});

test('4K is the bound unless it is lifted', () => {
  const source = { width: 1920, height: 1080 };
  expect(planGeometry(source, undefined, square, { upscale: 4 }).frame).toEqual({ width: 3840, height: 2160 });
  expect(planGeometry(source, undefined, square, { upscale: 4 }).note).toMatch(/--no-cap/);
  const free = planGeometry(source, undefined, square, { upscale: 4, cap: false });
  expect(free.frame).toEqual({ width: 7680, height: 4320 });
});

test('a picture that stands upright may be as tall as 4K is wide', () => {
  expect(planGeometry({ width: 540, height: 960 }, undefined, square, { upscale: 4 }).frame).toEqual({
    width: 2160,
    height: 3840,
  });
});

test('--to fits a picture that players turn onto its side as it is displayed', () => {
  const upright = { to: '960x1280' };
  const source = { width: 640, height: 480 };
  expect(planGeometry(source, undefined, square, upright, true).frame).toEqual({ width: 1280, height: 960 });
  expect(planGeometry(source, undefined, square, { to: '4k' }, true)).toEqual(
    planGeometry(source, undefined, square, { to: '4k' }),
  );
});

test('--to fits the picture as it is displayed into the box', () => {
  // PAL 4:3 in 720 x 576: 768 x 576 on the screen.
  const geometry = planGeometry({ width: 720, height: 576 }, undefined, rational(16, 15), { to: '1080p' });
  expect(geometry.frame).toEqual({ width: 1350, height: 1080 });
  expect(planGeometry({ width: 640, height: 480 }, undefined, square, { to: '1280x720' }).frame).toEqual({
    width: 960,
    height: 720,
  });
});

test('a source that is large already keeps its exact size', () => {
  const { frame, note } = planGeometry({ width: 1921, height: 1081 }, undefined, square, { to: '1080p' });
  expect(frame).toEqual({ width: 1921, height: 1081 });
  expect(note).toMatch(/larger/);
});

test('the active area keeps its place and its share of the frame', () => {
  const active = { x: 80, y: 0, width: 480, height: 360 };
  const { picture, pad, frame } = planGeometry({ width: 640, height: 360 }, active, square, { upscale: 4 });
  expect(frame).toEqual({ width: 2560, height: 1440 });
  expect(picture).toEqual({ width: 1920, height: 1440 });
  expect(pad).toEqual({ x: 320, y: 0, width: 1920, height: 1440 });
});

const enlarged = {
  width: fc.integer({ min: 16, max: 1000 }),
  height: fc.integer({ min: 16, max: 1000 }),
  upscale: fc.double({ min: 1.01, max: 6, noNaN: true }),
};

test('a picture that has a bar on one side only ends where the frame does on the other', () => {
  const side = fc.record({
    ...enlarged,
    bar: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(side, ({ width, height, upscale, bar }) => {
      const after = { x: 2 * bar, y: 2 * bar, width: width - 2 * bar, height: height - 2 * bar };
      const { frame, pad } = planGeometry({ width, height }, after, square, { upscale, cap: false });
      expect([pad!.x + pad!.width, pad!.y + pad!.height]).toEqual([frame.width, frame.height]);
      const before = planGeometry({ width, height }, { ...after, x: 0, y: 0 }, square, { upscale, cap: false });
      expect([before.pad!.x, before.pad!.y]).toEqual([0, 0]);
    }),
  );
});

test('whatever the numbers, the picture lies inside an even frame', () => {
  const sizes = fc.record({
    ...enlarged,
    left: fc.integer({ min: 0, max: 7 }),
    top: fc.integer({ min: 0, max: 7 }),
  });
  fc.assert(
    fc.property(sizes, ({ width, height, upscale, left, top }) => {
      const active = { x: left, y: top, width: width - 2 * left, height: height - 2 * top };
      const { frame, pad } = planGeometry({ width, height }, active, square, { upscale });
      expect(frame.width % 2).toBe(0);
      expect(frame.height % 2).toBe(0);
      expect(pad!.x + pad!.width).toBeLessThanOrEqual(frame.width);
      expect(pad!.y + pad!.height).toBeLessThanOrEqual(frame.height);
      expect(pad!.x % 2).toBe(0);
      expect(pad!.width % 2).toBe(0);
    }),
  );
});

test('two sizes at once, and a size that is none, are refused', () => {
  const source = { width: 640, height: 360 };
  expect(() => planGeometry(source, undefined, square, { upscale: 2, to: '4k' })).toThrow(/both/);
  expect(() => planGeometry(source, undefined, square, { to: 'huge' })).toThrow(/not a size/);
});

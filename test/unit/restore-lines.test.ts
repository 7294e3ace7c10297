import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { removeLines } from '../../src/restore/pixels/line-removal.ts';
import { findLines } from '../../src/restore/pixels/lines.ts';
import { blotches, noiseAt, type Scene } from './temporal-scenes.ts';

const [WIDTH, HEIGHT] = [160, 120];
const ground = blotches(9, 30);
const picture: Scene = (x, y) => 40 + 160 * ground(x, y) + 3 * noiseAt(x, y, 1);

function drawn(scene: Scene, width = WIDTH, height = HEIGHT): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: width * height }, (_, i) =>
    Math.min(255, Math.max(0, Math.round(scene(i % width, Math.floor(i / width))))),
  );
}

/** A line of one or two columns that sways a little. */
const scratched =
  (scene: Scene, at: number, adds: number): Scene =>
  (x, y) =>
    scene(x, y) + adds * Math.max(0, 1 - Math.abs(x - at - Math.sin(y / 40)) / 1.2);

const error = (one: ArrayLike<number>, other: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i]! - other[i]!) ** 2;
  return sum;
};

describe('scratches', () => {
  test.each([60, -50, 35])('of %i codes are found and taken away', (adds) => {
    const [clean, dirty] = [drawn(picture), drawn(scratched(picture, 70, adds))];
    const lines = findLines(dirty, WIDTH, HEIGHT, 1.6);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.at.every((x) => Math.abs(x - 70) <= 2)).toBe(true);
    const result = dirty.slice();
    removeLines(result, WIDTH, HEIGHT, lines, 255);
    expect(error(result, clean)).toBeLessThan(0.25 * error(dirty, clean));
    // What lies beside the line is as it was.
    for (const [i, value] of result.entries()) if (Math.abs((i % WIDTH) - 70) > 6) expect(value).toBe(dirty[i]);
  });

  test('that run along the edge of something for a part of their height are taken away there too', () => {
    // Beside it from row 66 to 100 stands something bright; below the scratch ends.
    const scene: Scene = (x, y) => (x >= 71 && y >= 66 && y < 100 ? 170 + 3 * noiseAt(x, y, 4) : picture(x, y) * 0.4);
    const dark: Scene = (x, y) => scene(x, y) - (x === 70 && y < 102 ? 30 : 0);
    const [clean, dirty] = [drawn(scene), drawn(dark)];
    const lines = findLines(dirty, WIDTH, HEIGHT, 1.6);
    expect(lines.map(({ at }) => at[0])).toEqual([70]);
    const result = dirty.slice();
    removeLines(result, WIDTH, HEIGHT, lines, 255);
    const beside = (plane: Uint8Array): Uint8Array => plane.subarray(66 * WIDTH, 100 * WIDTH);
    expect(error(beside(result), beside(clean))).toBeLessThan(0.5 * error(beside(dirty), beside(clean)));
  });

  test('several at once are all found', () => {
    const dirty = drawn(scratched(scratched(scratched(picture, 30, 60), 90, -60), 130, 50));
    const middles = findLines(dirty, WIDTH, HEIGHT, 1.6).map(({ at }) => at[3]!);
    expect(middles.sort((a, b) => a - b).map((x, i) => Math.abs(x - [30, 90, 130][i]!) <= 2)).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('are not edges, broad things, short things, or level ones', () => {
    const left = findLines(
      drawn((x, y) => (x < 80 ? 60 : 180) + 3 * noiseAt(x, y, 2)),
      WIDTH,
      HEIGHT,
      1.6,
    );
    const pole: Scene = (x, y) => picture(x, y) + (Math.abs(x - 80) < 6 ? 70 : 0);
    const mast: Scene = (x, y) => picture(x, y) + (x === 80 && y > 70 ? 70 : 0);
    // The bright rim that sharpening leaves along an edge.
    const rim: Scene = (x, y) => (x < 80 ? 60 : 180) + (x === 80 ? 30 : 0) + 3 * noiseAt(x, y, 2);
    const wire: Scene = (x, y) => picture(x, y) + (y === 60 ? 70 : 0);
    expect([
      left,
      ...[picture, pole, mast, rim, wire].map((scene) => findLines(drawn(scene), WIDTH, HEIGHT, 1.6)),
    ]).toEqual([[], [], [], [], [], []]);
  });

  test('are not the frames of title cards, windows and fences, whose ends are corners', () => {
    const between = (value: number, from: number, to: number): boolean => value >= from && value <= to;
    /** Lines from (x, top) to (x, bottom), and level ones from `left` to `right` at both ends. */
    const framed =
      (scene: Scene, columns: readonly number[], [top, bottom]: readonly [number, number], value: number): Scene =>
      (x, y) => {
        const [left, right] = [Math.min(...columns), Math.max(...columns)];
        const upright = columns.includes(x) && between(y, top, bottom);
        const level = (y === top || y === bottom) && between(x, left, right);
        return upright || level ? value + 3 * noiseAt(x, y, 7) : scene(x, y);
      };
    const pale: Scene = (x, y) => 100 + picture(x, y) / 4;
    const black: Scene = (x, y) => 22 + 3 * noiseAt(x, y, 6);
    const card = framed(black, [8, 151], [8, 111], 180);
    const window = framed(pale, [40, 80, 120], [20, 105], 50);
    const fence = framed(pale, [2, 30, 58, 86, 114, 157], [30, 112], 60);
    const found = (scene: Scene): number => findLines(drawn(scene), WIDTH, HEIGHT, 1.6).length;
    expect([card, window, fence].map(found)).toEqual([0, 0, 0]);
    // The same without the level lines, and what crosses all of a window.
    expect(found((x, y) => black(x, y) + (x === 8 && between(y, 8, 111) ? 160 : 0))).toBe(1);
    expect(found(scratched(window, 60, 60))).toBe(1);
  });

  test('are found in 16-bit words too, and in pictures that are wide', () => {
    const [width, height] = [960, 96];
    const wide = drawn(
      scratched((x, y) => picture(x / 4, y / 4) + 0, 500, 60),
      width,
      height,
    );
    const words = Uint16Array.from(wide, (value) => value * 4);
    const lines = findLines(words, width, height, 1.6);
    expect(lines.map(({ at }) => Math.abs(at[0]! - 500) <= 2)).toEqual([true]);
    removeLines(words, width, height, lines, 1023);
    expect(Math.max(...words)).toBeLessThanOrEqual(1023);
  });

  test('are the same at any depth: what is too faint for 8 bits is so for 12', () => {
    for (let seed = 0; seed < 20; seed++) {
      const faint: Scene = (x, y) => 100 + (0.4 + seed / 40) * noiseAt(x, y, seed) + (x === 70 ? 0.5 : 0);
      const plane = drawn(faint);
      const [eight = 0, ...deeper] = [1, 4, 16].map(
        (unit) =>
          findLines(
            Uint16Array.from(plane, (value) => value * unit),
            WIDTH,
            HEIGHT,
            1,
            unit,
          ).length,
      );
      expect(deeper).toEqual([eight, eight]);
    }
  });

  test('pictures of any size and content end well', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 0, max: 1000 }),
        (width, height, seed) => {
          const plane = drawn((x, y) => 128 + 60 * noiseAt(x, y, seed), width, height);
          removeLines(plane, width, height, findLines(plane, width, height, 0.5), 255);
          expect(plane).toHaveLength(width * height);
        },
      ),
      { numRuns: 30 },
    );
  });
});

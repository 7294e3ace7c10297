import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import { addGrain } from '../../src/restore/pixels/film-grain.ts';

const SIZE = { width: 640, height: 360 };
const SAMPLES = SIZE.width * SIZE.height;
const tens = codeRange('limited', 10);
const middle = tens.black + tens.span / 2;

function grainy(code: number, strength: number, index: number): Uint16Array<ArrayBuffer> {
  const plane = new Uint16Array(SAMPLES).fill(code);
  addGrain(plane, SIZE, tens, strength, index);
  return plane;
}

const meanOf = (plane: Uint16Array): number => plane.reduce((sum, code) => sum + code, 0) / plane.length;

function deviation(plane: Uint16Array): number {
  const mean = meanOf(plane);
  return Math.sqrt(plane.reduce((sum, code) => sum + (code - mean) ** 2, 0) / plane.length);
}

test('in middle gray it is as strong as asked for and leaves the mean', () => {
  for (const strength of [0.25, 0.5, 1]) {
    const plane = grainy(middle, strength, 3);
    expect(deviation(plane) / (12 * 4 * strength)).toBeCloseTo(1, 1);
    expect(meanOf(plane) / middle).toBeCloseTo(1, 2);
  }
});

test('black, white and what lies beyond stay as they are; shadows get less than middle tones', () => {
  for (const code of [0, tens.black, tens.black + tens.span, tens.max]) {
    expect(new Set(grainy(code, 1, 0))).toEqual(new Set([code]));
  }
  expect(deviation(grainy(tens.black + tens.span * 0.1, 1, 0))).toBeLessThan(0.6 * deviation(grainy(middle, 1, 0)));
});

test('it is of another pattern in every frame, and the same one for the same frame', () => {
  const [one, other] = [grainy(middle, 0.5, 7), grainy(middle, 0.5, 8)];
  expect(grainy(middle, 0.5, 7)).toEqual(one);
  const product = one.reduce((sum, code, i) => sum + (code - middle) * ((other[i] ?? 0) - middle), 0) / SAMPLES;
  expect(Math.abs(product) / (deviation(one) * deviation(other))).toBeLessThan(0.05);
});

test('no pattern repeats across a row', () => {
  const width = 4096;
  const plane = new Uint16Array(width * 64).fill(middle);
  addGrain(plane, { width, height: 64 }, tens, 1, 5);
  const at = (x: number, y: number): number => (plane[y * width + x] ?? 0) - middle;
  for (const shift of [383, 509, 766, 1018]) {
    let [alike, own] = [0, 0];
    for (let y = 0; y < 64; y++) {
      for (let x = 0; x + shift < width; x++) {
        alike += at(x, y) * at(x + shift, y);
        own += at(x, y) ** 2;
      }
    }
    // One of the two tiles comes again, the other does not.
    expect(alike / own).toBeLessThan(0.6);
  }
});

test('every code stays one of its depth', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(8 as const, 10 as const, 16 as const),
      fc.constantFrom('limited' as const, 'full' as const),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 35, maxLength: 35 }),
      (depth, range, strength, tones) => {
        const codes = codeRange(range, depth);
        const values = tones.map((tone) => Math.round(tone * codes.max));
        const plane = depth === 8 ? Uint8Array.from(values) : Uint16Array.from(values);
        addGrain(plane, { width: 7, height: 5 }, codes, strength, 1);
        // A wrapped code would be a whole range away.
        plane.forEach((code, i) => expect(Math.abs(code - (values[i] ?? 0))).toBeLessThan(codes.max / 2));
      },
    ),
  );
});

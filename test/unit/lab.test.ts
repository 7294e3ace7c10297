import { expect, test } from 'vitest';
import { chroma601, labToSrgb, lightnessOf, srgbToLab, type Triple } from '../../src/core/lab.ts';

/** Known values of CIE L*a*b* under D65, as OpenCV and scikit-image give them. */
const KNOWN: readonly (readonly [string, Triple, Triple])[] = [
  ['black', [0, 0, 0], [0, 0, 0]],
  ['white', [1, 1, 1], [100, 0, 0]],
  ['red', [1, 0, 0], [53.24, 80.09, 67.2]],
  ['green', [0, 1, 0], [87.73, -86.18, 83.18]],
  ['blue', [0, 0, 1], [32.3, 79.19, -107.86]],
  ['middle gray', [0.5, 0.5, 0.5], [53.39, 0, 0]],
];

test.each(KNOWN)('%s in Lab and back', (_, rgb, lab) => {
  srgbToLab(rgb).forEach((value, i) => expect(Math.abs(value - lab[i]!)).toBeLessThan(0.03));
  labToSrgb(srgbToLab(rgb)).forEach((value, i) => expect(value).toBeCloseTo(rgb[i]!, 4));
});

test('the lightness of a gray is its L', () => {
  for (const gray of [0, 0.01, 0.2, 0.5, 0.9, 1])
    expect(lightnessOf(gray)).toBeCloseTo(srgbToLab([gray, gray, gray])[0], 2);
  expect(lightnessOf(1.2)).toBeCloseTo(100, 3);
});

test('colors outside of RGB are clipped', () => {
  for (const value of labToSrgb([50, 127, -127])) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1);
  }
});

test('Cb and Cr of BT.601', () => {
  for (const [rgb, cb, cr] of [
    [[1, 0, 0], -0.168736, 0.5],
    [[0, 1, 0], -0.331264, -0.418688],
    [[0, 0, 1], 0.5, -0.081312],
    [[0.3, 0.3, 0.3], 0, 0],
  ] as const) {
    const [blue, red] = chroma601(rgb);
    expect(blue).toBeCloseTo(cb, 5);
    expect(red).toBeCloseTo(cr, 5);
  }
});

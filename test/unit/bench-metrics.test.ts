import { describe, expect, test } from 'vitest';
import { dataPath } from '../../bench/common/data.ts';
import { readFolder } from '../../bench/quality/images.ts';
import { ChromaHistogram, chromaAgreement, colorfulness, correlation } from '../../bench/quality/metrics/color.ts';
import { difference, edgeWidth } from '../../bench/quality/metrics/edges.ts';
import { imresize, imresizeRgb } from '../../bench/quality/metrics/imresize.ts';
import { ciede2000, labOfPicture, labOfRgb, meanCiede2000, type Lab } from '../../bench/quality/metrics/lab.ts';
import { lumaOfRgb, psnr, ssim } from '../../bench/quality/metrics/luma.ts';
import {
  blockMotion,
  chromaWarpingError,
  colorDistributionConsistency,
  jensenShannon,
  rgbHistograms,
} from '../../bench/quality/metrics/temporal.ts';
import { cropToMultiple, mean, type Channel, type RgbPicture } from '../../bench/quality/picture.ts';
import { normals } from '../../bench/quality/random.ts';

const channel = (width: number, height: number, at: (x: number, y: number) => number): Channel => ({
  width,
  height,
  data: Float64Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
});

const picture = (width: number, height: number, at: (x: number, y: number) => readonly number[]): RgbPicture => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) data.set(at(i % width, Math.floor(i / width)), i * 3);
  return { width, height, data };
};

describe('luma', () => {
  test('is that of rgb2ycbcr for a uint8 picture', () => {
    const colors = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]]; // prettier-ignore
    const { data } = lumaOfRgb(picture(6, 1, (x) => colors[x]!));
    expect([...data]).toEqual([16, 235, 81, 145, 41, 126]);
  });

  test('PSNR of a constant difference is 20 log10(255 / difference), borders left out', () => {
    const flat = channel(8, 8, () => 100);
    expect(
      psnr(
        flat,
        channel(8, 8, () => 105),
      ),
    ).toBeCloseTo(20 * Math.log10(255 / 5), 10);
    const edge = channel(8, 8, (x) => (x === 0 ? 0 : 101));
    expect(psnr(flat, edge, 1)).toBeCloseTo(20 * Math.log10(255), 10);
  });

  test('SSIM of a picture with itself is 1, and of two flat ones what the luminance term alone gives', () => {
    const waves = channel(32, 24, (x, y) => 128 + 60 * Math.sin(x / 3) * Math.cos(y / 2));
    expect(ssim(waves, waves)).toBeCloseTo(1, 12);
    const c1 = (0.01 * 255) ** 2;
    const expected = (2 * 100 * 150 + c1) / (100 ** 2 + 150 ** 2 + c1);
    const [dark, light] = [channel(16, 16, () => 100), channel(16, 16, () => 150)];
    expect(ssim(dark, light)).toBeCloseTo(expected, 6);
  });
});

describe('edges', () => {
  const ramp = (length: number, across = false): Channel =>
    channel(40, 40, (x, y) => 60 + 100 * Math.min(1, Math.max(0, ((across ? y : x) - 15) / length)));

  test('are as wide as they take from dark to bright, either way round', () => {
    for (const length of [1, 2, 4]) {
      expect(edgeWidth(ramp(length))).toBeCloseTo(length, 10);
      const { width, height, data } = ramp(length);
      expect(edgeWidth({ width, height, data: Float64Array.from(data, (v) => 255 - v) })).toBeCloseTo(length, 10);
    }
  });

  test('are upright ones that rise enough, and none is no width', () => {
    expect(edgeWidth(ramp(2, true))).toBeUndefined();
    expect(edgeWidth(channel(40, 40, (x) => (x < 20 ? 100 : 130)))).toBeUndefined();
  });

  test('the difference is the mean absolute one', () => {
    const flat = channel(4, 2, () => 100);
    expect(
      difference(
        flat,
        channel(4, 2, (x) => (x < 2 ? 97 : 101)),
      ),
    ).toBe(2);
  });
});

describe('imresize', () => {
  test('halves with the kernel widened to eight taps', () => {
    // MATLAB: imresize([0 0 0 0 255 0 0 0 0 0 0 0], 0.5), one row.
    const impulse = channel(12, 1, (x) => (x === 4 ? 255 : 0));
    const weights = [...imresize(impulse, 6, 1).data].map((value) => value / 255);
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(0.5, 6);
    // Keys' cubic at (4 - (2j + 0.5)) / 2, halved.
    [-0.01171875, 0.11328125, 0.43359375, -0.03515625, 0, 0].forEach((weight, j) => {
      expect(weights[j]).toBeCloseTo(weight, 6);
    });
  });

  test('keeps constants and the middle of ramps', () => {
    expect(
      [
        ...imresize(
          channel(9, 7, () => 42),
          23,
          3,
        ).data,
      ].every((v) => Math.abs(v - 42) < 1e-3),
    ).toBe(true);
    const ramp = imresize(
      channel(20, 4, (x) => x),
      40,
      4,
    );
    expect(ramp.data[20]).toBeCloseTo(9.75, 4);
  });
});

describe('color', () => {
  // Sharma, Wu and Dalal 2005, table 1.
  const pairs: readonly (readonly [...Lab, ...Lab, number])[] = [
    [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
    [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
    [50, 2.8361, -74.02, 50, 0, -82.7485, 3.4412],
    [50, -1.3802, -84.2814, 50, 0, -82.7485, 1],
    [50, -1.1848, -84.8006, 50, 0, -82.7485, 1],
    [50, -0.9009, -85.5211, 50, 0, -82.7485, 1],
    [50, 0, 0, 50, -1, 2, 2.3669],
    [50, -1, 2, 50, 0, 0, 2.3669],
    [50, 2.49, -0.001, 50, -2.49, 0.0009, 7.1792],
    [50, 2.49, -0.001, 50, -2.49, 0.001, 7.1792],
    [50, 2.49, -0.001, 50, -2.49, 0.0011, 7.2195],
    [50, 2.49, -0.001, 50, -2.49, 0.0012, 7.2195],
    [50, -0.001, 2.49, 50, 0.0009, -2.49, 4.8045],
    [50, -0.001, 2.49, 50, 0.001, -2.49, 4.8045],
    [50, -0.001, 2.49, 50, 0.0011, -2.49, 4.7461],
    [50, 2.5, 0, 50, 0, -2.5, 4.3065],
    [50, 2.5, 0, 73, 25, -18, 27.1492],
    [50, 2.5, 0, 61, -5, 29, 22.8977],
    [50, 2.5, 0, 56, -27, -3, 31.903],
    [50, 2.5, 0, 58, 24, 15, 19.4535],
    [50, 2.5, 0, 50, 3.1736, 0.5854, 1],
    [50, 2.5, 0, 50, 3.2972, 0, 1],
    [50, 2.5, 0, 50, 1.8634, 0.5757, 1],
    [50, 2.5, 0, 50, 3.2592, 0.335, 1],
    [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
    [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.263],
    [61.2901, 3.7196, -5.3901, 61.4292, 2.248, -4.962, 1.8731],
    [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
    [22.7233, 20.0904, -46.694, 23.0331, 14.973, -42.5619, 2.0373],
    [36.4612, 47.858, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
    [90.8027, -2.0831, 1.441, 91.1528, -1.6435, 0.0447, 1.4441],
    [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
    [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
    [2.0776, 0.0795, -1.135, 0.9033, -0.0636, -0.5514, 0.9082],
  ];

  test.each(pairs)('CIEDE2000 of (%f, %f, %f) and (%f, %f, %f) is %f', (l1, a1, b1, l2, a2, b2, expected) => {
    expect(ciede2000([l1, a1, b1], [l2, a2, b2])).toBeCloseTo(expected, 4);
    expect(ciede2000([l2, a2, b2], [l1, a1, b1])).toBeCloseTo(expected, 4);
  });

  test('sRGB primaries in L*a*b*', () => {
    const near = (actual: Lab, expected: Lab): void => {
      actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 1));
    };
    near(labOfRgb(255, 255, 255), [100, 0, 0]);
    near(labOfRgb(255, 0, 0), [53.24, 80.09, 67.2]);
    near(labOfRgb(0, 255, 0), [87.73, -86.18, 83.18]);
    near(labOfRgb(0, 0, 255), [32.3, 79.19, -107.86]);
  });

  const colors = picture(16, 16, (x, y) => [x * 16, y * 16, 128]);
  const gray = picture(16, 16, () => [90, 90, 90]);

  test('a coloring agrees wholly with itself, and a constant one not at all', () => {
    const truth = labOfPicture(colors);
    const same = chromaAgreement(truth, truth);
    expect(same?.correlation).toBeCloseTo(1, 6);
    expect(same?.spread).toBeCloseTo(1, 6);
    expect(chromaAgreement(labOfPicture(gray), truth)).toEqual({
      correlation: 0,
      spread: expect.closeTo(0, 3) as number,
    });
    expect(chromaAgreement(truth, labOfPicture(gray))).toBeUndefined();
    expect(meanCiede2000(truth, truth)).toBe(0);
    expect(correlation([1, 2, 3], [6, 4, 2])).toBeCloseTo(-1, 12);
  });

  test('colorfulness of gray is 0, and of half red, half cyan that of its formula', () => {
    expect(colorfulness(gray)).toBe(0);
    // rg is 255 and -255, yb is 127.5 and -127.5: no mean, all deviation.
    const halves = picture(2, 1, (x) => (x === 0 ? [255, 0, 0] : [0, 255, 255]));
    expect(colorfulness(halves)).toBeCloseTo(Math.hypot(255, 127.5), 3);
  });

  test('chroma histograms overlap wholly with themselves and not with other colors', () => {
    const [one, two] = [new ChromaHistogram(), new ChromaHistogram()];
    one.add(labOfPicture(picture(4, 4, () => [200, 40, 40])));
    two.add(labOfPicture(picture(4, 4, () => [40, 60, 200])));
    expect(one.intersection(one)).toBeCloseTo(1, 12);
    expect(one.intersection(two)).toBe(0);
  });
});

describe('time', () => {
  test('Jensen-Shannon divergence is 0 for equal and ln 2 for separate distributions', () => {
    expect(jensenShannon(Float64Array.of(0.5, 0.5), Float64Array.of(0.5, 0.5))).toBe(0);
    expect(jensenShannon(Float64Array.of(1, 0), Float64Array.of(0, 1))).toBeCloseTo(Math.LN2, 12);
  });

  test('CDC sees colors change inside shots and not across cuts', () => {
    const red = rgbHistograms(picture(4, 4, () => [200, 0, 0]));
    const blue = rgbHistograms(picture(4, 4, () => [0, 0, 200]));
    const still = (histograms: readonly Float64Array[]): (readonly Float64Array[])[] =>
      Array.from({ length: 6 }, () => histograms);
    expect(colorDistributionConsistency([still(red), still(blue)])).toBe(0);
    // One channel of three stays; t = 1 differs always, t = 2 and t = 4 never.
    const flicker = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? red : blue));
    expect(colorDistributionConsistency([flicker])).toBeCloseTo(((2 / 3) * Math.LN2) / 3, 12);
  });

  test('chroma that moves with the picture has no warping error; chroma that stays behind has', () => {
    const texture = (x: number, y: number): number =>
      128 + 60 * Math.sin(x * 0.7 + y * 0.31) * Math.cos(y * 0.5 - x * 0.13);
    const [from, to] = [channel(64, 48, texture), channel(64, 48, (x, y) => texture(x - 3, y + 2))];
    const motion = blockMotion(from, to);
    const inner = motion.columns * 2 + 3;
    expect([motion.dx[inner], motion.dy[inner], motion.found[inner]]).toEqual([3, -2, 1]);
    const color = (x: number, y: number): number => 128 + 40 * Math.sin(x / 5) * Math.cos(y / 4);
    const [before, after] = [channel(64, 48, color), channel(64, 48, (x, y) => color(x - 3, y + 2))];
    const inside = { ...motion, found: motion.found.map((_, i) => (i === inner ? 1 : 0)) };
    expect(chromaWarpingError(inside, [before, before], [after, after]).sum).toBeCloseTo(0, 6);
    const { sum, count } = chromaWarpingError(inside, [before, before], [before, before]);
    expect(count).toBe(128);
    expect(sum / count).toBeGreaterThan(20);
  });
});

test('normal numbers are the same for the same seed and have the moments they should', () => {
  const [one, two, other] = [normals(7), normals(7), normals(8)];
  const values = Array.from({ length: 20_000 }, () => one());
  expect(Array.from({ length: 20_000 }, () => two())).toEqual(values);
  expect(other()).not.toBe(values[0]);
  expect(mean(values)).toBeCloseTo(0, 1);
  expect(mean(values.map((v) => v * v))).toBeCloseTo(1, 1);
});

const set5 = dataPath('eval', 'Set5');

describe.skipIf(set5 === undefined)('the published protocol (skipped where eval/Set5 is not there)', () => {
  test.each([
    [2, 33.65],
    [4, 28.4],
  ])('bicubic x%i on Set5 gives %f dB', async (scale, expected) => {
    const values = (await readFolder(set5 ?? '')).map(({ picture: whole }) => {
      const high = cropToMultiple(whole, scale);
      const low = imresizeRgb(high, high.width / scale, high.height / scale);
      const back = imresizeRgb(low, high.width, high.height);
      return psnr(lumaOfRgb(back), lumaOfRgb(high), scale);
    });
    expect(values).toHaveLength(5);
    expect(Math.abs(mean(values) - expected)).toBeLessThan(0.05);
  });
});

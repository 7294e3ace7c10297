import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeRange, lumaWeights } from '../../src/core/color.ts';
import { boxMean } from '../../src/restore/pixels/box.ts';
import { heldBack } from '../../src/restore/pixels/caution.ts';
import { chromaMapping, chromaSites } from '../../src/restore/pixels/chroma-sites.ts';
import {
  chromaToCodes,
  chromaToFloat,
  codesFor,
  lumaToCodes,
  type FloatPlane,
} from '../../src/restore/pixels/codes.ts';
import { colorNoise } from '../../src/restore/pixels/color-noise.ts';
import { guidedFilter } from '../../src/restore/pixels/guided-filter.ts';
import { jointUpsample } from '../../src/restore/pixels/joint-upsample.ts';
import { lumaAtChroma } from '../../src/restore/pixels/luma-at-chroma.ts';
import { areaReduce, catmullRom, lanczos3, resample, triangle } from '../../src/restore/pixels/resample.ts';
import { runApplyChroma } from '../../src/restore/tasks/apply-chroma.ts';
import { workingSize } from '../../src/restore/tasks/colorize-request.ts';

const plane = (width: number, height: number, at: (x: number, y: number) => number): FloatPlane => ({
  width,
  height,
  data: Float32Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width))),
});
const worst = (a: Float32Array, b: (i: number) => number): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b(i))), 0);

const depths = fc.constantFrom(8 as const, 10 as const, 12 as const, 16 as const);
const ranges = fc.constantFrom('limited' as const, 'full' as const);

test('codes survive the way to float and back', () => {
  fc.assert(
    fc.property(depths, ranges, fc.array(fc.nat(65535), { maxLength: 50 }), (depth, range, values) => {
      const codes = codeRange(range, depth);
      const source = codesFor(values.length, codes.max).map((_, i) => Math.min(codes.max, values[i]!));
      const float = new Float32Array(values.length);
      chromaToFloat(source, codes, float);
      const back = codesFor(values.length, codes.max);
      expect(chromaToCodes(float, codes, back)).toBe(true);
      expect(back).toEqual(source);
    }),
  );
});

test('codes clamp what is beyond them and report what is no number', () => {
  const target = new Uint8Array(4);
  const codes = codeRange('limited', 8);
  expect(lumaToCodes(Float32Array.of(-1, 2, 0, 1), codes, target)).toBe(true);
  expect([...target]).toEqual([0, 255, 16, 235]);
  expect(lumaToCodes(Float32Array.of(0, NaN, 0, 0), codes, target)).toBe(false);
  expect(lumaToCodes(Float32Array.of(Infinity, -Infinity, 0, 0), codes, target)).toBe(true);
});

describe('resampling', () => {
  const sizes = fc.integer({ min: 1, max: 40 });
  const kernels = fc.constantFrom(catmullRom, lanczos3, triangle);

  test('keeps a flat picture flat', () => {
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, kernels, (w, h, W, H, kernel) => {
        const result = resample(
          plane(w, h, () => 0.7),
          W,
          H,
          { kernel },
        );
        expect(result.data).toHaveLength(W * H);
        expect(worst(result.data, () => 0.7)).toBeLessThan(1e-5);
      }),
    );
  });

  test('keeps a ramp in place, up and down', () => {
    for (const width of [96, 48, 144, 16, 24]) {
      const result = resample(
        plane(48, 3, (x) => (x + 0.5) / 48),
        width,
        3,
        { kernel: catmullRom },
      );
      for (let x = Math.ceil(width / 8); x < width - width / 8; x++) {
        expect(result.data[x]).toBeCloseTo((x + 0.5) / width, 4);
      }
    }
  });

  test('returns the same plane where nothing changes', () => {
    const source = plane(5, 4, (x) => x);
    expect(resample(source, 5, 4, { kernel: lanczos3 })).toBe(source);
  });

  test('reduction by area keeps the mean', () => {
    fc.assert(
      fc.property(sizes, sizes, fc.integer(), (w, h, seed) => {
        const source = plane(w, h, (x, y) => Math.abs(Math.sin(x * 12.9 + y * 78.2 + seed)));
        const [W, H] = [Math.max(1, Math.floor(w / 2.5)), Math.max(1, Math.floor(h / 1.7))];
        const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
        expect(mean(areaReduce(source, W, H).data)).toBeCloseTo(mean(source.data), 5);
      }),
    );
  });

  test.each(['left', 'center', 'topleft', 'bottomleft', 'unspecified'] as const)(
    'chroma at %s stays on its luma',
    (location) => {
      const { stepX, stepY, siteX, siteY } = chromaSites('420', location);
      // Chroma that equals the luma coordinate that it lies on must do so after enlargement by 3.
      const source = plane(20, 20, (x) => (x * stepX + siteX + 0.5) / 40);
      const result = resample(source, 60, 60, {
        kernel: catmullRom,
        horizontal: chromaMapping({ luma: 40, step: stepX, site: siteX }, { luma: 120, step: stepX, site: siteX }),
        vertical: chromaMapping({ luma: 40, step: stepY, site: siteY }, { luma: 120, step: stepY, site: siteY }),
      });
      for (let x = 12; x < 48; x++) expect(result.data[x + 600]).toBeCloseTo((x * stepX + siteX + 0.5) / 120, 4);
    },
  );
});

test('box means are those of the naive sum', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 0, max: 20 }),
      (width, height, radius) => {
        const source = plane(width, height, (x, y) => Math.sin(x * 3.1 + y * 7.7));
        const naive = plane(width, height, (x, y) => {
          let [sum, count] = [0, 0];
          for (let j = Math.max(0, y - radius); j <= Math.min(height - 1, y + radius); j++) {
            for (let i = Math.max(0, x - radius); i <= Math.min(width - 1, x + radius); i++) {
              sum += source.data[j * width + i]!;
              count++;
            }
          }
          return sum / count;
        });
        expect(worst(boxMean(source.data, width, height, radius), (i) => naive.data[i]!)).toBeLessThan(1e-5);
      },
    ),
    { numRuns: 40 },
  );
});

test('the guided filter removes noise and keeps edges of luma and of color', () => {
  const noise = (x: number, y: number): number => (((x * 7919 + y * 104729) % 101) / 101 - 0.5) * 0.06;
  const luma = plane(60, 40, (x) => (x < 30 ? 0.2 : 0.8));
  const clean = plane(60, 40, (x, y) => (x < 30 ? -0.2 : 0.1) + (y < 20 ? 0 : 0.35));
  const noisy = plane(60, 40, (x, y) => clean.data[y * 60 + x]! + noise(x, y));
  const [result] = guidedFilter([noisy], luma, 3, 0.02);
  const flat = (i: number): boolean => i % 60 < 25 && i < 15 * 60;
  const error = (data: Float32Array): number =>
    data.reduce((sum, value, i) => (flat(i) ? sum + (value - clean.data[i]!) ** 2 : sum), 0);
  expect(error(result!.data)).toBeLessThan(error(noisy.data) / 8);
  expect(result!.data[18 * 60 + 10]).toBeCloseTo(-0.2, 1);
  expect(result!.data[21 * 60 + 10]).toBeCloseTo(0.15, 1);
  expect(result!.data[10 * 60 + 29]).toBeCloseTo(-0.2, 1);
  expect(result!.data[10 * 60 + 30]).toBeCloseTo(0.1, 1);
});

test('the guided filter carries no color over an outline', () => {
  const noise = (x: number, y: number): number => (((x * 7919 + y * 104729) % 101) / 101 - 0.5) * 0.12;
  // Two fields of one luma with a dark line in between, as drawings have them.
  const luma = plane(60, 40, (x) => (x === 30 ? 0.1 : 0.6));
  const noisy = plane(60, 40, (x, y) => (x < 30 ? -0.3 : 0.3) + noise(x, y));
  const [result] = guidedFilter([noisy], luma, 3, 0.035);
  const beside = (x: number): boolean => x < 29 || x > 32;
  expect(worst(result!.data, (i) => (beside(i % 60) ? (i % 60 < 30 ? -0.3 : 0.3) : result!.data[i]!))).toBeLessThan(
    0.03,
  );
});

describe('joint upsampling', () => {
  test('keeps flat color, whatever luma does', () => {
    const guide = plane(90, 70, (x, y) => Math.abs(Math.sin(x * y)));
    const grid = plane(9, 7, () => 0.25);
    const { cb, cr } = jointUpsample({ cb: grid, cr: grid }, guide, { x: 0, y: 0 });
    expect(worst(cb.data, () => 0.25)).toBeLessThan(1e-4);
    expect(cr.data).toEqual(cb.data);
  });

  test('follows an edge of luma inside a cell', () => {
    // The edge lies at 45 of 96, in the middle of cells of 12: linear interpolation would blur over 12 samples.
    const guide = plane(96, 48, (x) => (x < 45 ? 0.1 : 0.9));
    const truth = plane(96, 48, (x) => (x < 45 ? -0.3 : 0.3));
    const grid = areaReduce(truth, 8, 4);
    const { cb } = jointUpsample({ cb: grid, cr: grid }, guide, { x: 0, y: 0 });
    expect(cb.data[24 * 96 + 42]).toBeLessThan(-0.2);
    expect(cb.data[24 * 96 + 47]).toBeGreaterThan(0.2);
    const linear = resample(grid, 96, 48, { kernel: triangle });
    const error = (data: Float32Array): number => data.reduce((sum, v, i) => sum + (v - truth.data[i]!) ** 2, 0);
    expect(error(cb.data)).toBeLessThan(error(linear.data) / 3);
  });
});

describe('luma at chroma samples', () => {
  const samplings = fc.constantFrom('420' as const, '422' as const, '444' as const);
  const locations = fc.constantFrom(
    ...(['left', 'center', 'topleft', 'top', 'bottomleft', 'bottom', 'unspecified'] as const),
  );

  test('is that of the very place where they lie, and nothing beyond the area has a say', () => {
    const [width, height] = [24, 18];
    const area = { x: 2, y: 1, width: 6, height: 5 };
    fc.assert(
      fc.property(samplings, locations, (sampling, location) => {
        const sites = chromaSites(sampling, location);
        const { stepX, stepY, siteX, siteY } = sites;
        const inside = (at: number, start: number, count: number, step: number): boolean =>
          at >= start * step && at < (start + count) * step;
        const luma = Uint8Array.from({ length: width * height }, (_, i) => {
          const [x, y] = [i % width, Math.floor(i / width)];
          return inside(x, area.x, area.width, stepX) && inside(y, area.y, area.height, stepY)
            ? 20 + 2 * x + 5 * y
            : 255;
        });
        const { data } = lumaAtChroma(luma, { width, height, codes: codeRange('full', 8) }, sites, area);
        const at = (column: number, row: number): number =>
          (20 + 2 * ((area.x + column) * stepX + siteX) + 5 * ((area.y + row) * stepY + siteY)) / 255;
        // Samples at the border repeat what is there.
        for (let row = 1; row < area.height - 1; row++) {
          for (let column = 1; column < area.width - 1; column++) {
            expect(data[row * area.width + column]).toBeCloseTo(at(column, row), 5);
          }
        }
        expect(Math.max(...data)).toBeLessThan(200 / 255);
      }),
    );
  });
});

describe('chroma from a grid', () => {
  const request = (range: 'limited' | 'full', matrix: 'bt709' | 'smpte170m', luma: Uint8Array<ArrayBuffer>) =>
    ({
      task: 'apply-chroma',
      plane: luma,
      source: { width: 32, height: 16, codes: codeRange(range, 8) },
      grid: {
        width: 4,
        height: 2,
        cb: Float32Array.from({ length: 8 }, (_, i) => (i % 2 ? 0.45 : -0.4)),
        cr: Float32Array.from({ length: 8 }, (_, i) => (i % 3 ? -0.35 : 0.5)),
      },
      sampling: '444',
      location: 'left',
      matrix,
      area: { x: 0, y: 0, width: 32, height: 16 },
    }) as const;

  test.each([
    ['limited', 'bt709'],
    ['full', 'smpte170m'],
  ] as const)('RGB is legal at any luma: %s range, %s', (range, matrix) => {
    const { black, span, neutral, chromaSpan } = codeRange(range, 8);
    const luma = Uint8Array.from({ length: 512 }, (_, i) => black + Math.round((i / 511) * span));
    const { cb, cr } = runApplyChroma(request(range, matrix, luma));
    const { kr, kb } = lumaWeights(matrix);
    for (let i = 0; i < 512; i++) {
      const [y, blue, red] = [
        (luma[i]! - black) / span,
        (cb[i]! - neutral) / chromaSpan,
        (cr[i]! - neutral) / chromaSpan,
      ];
      const [r, b] = [y + 2 * (1 - kr) * red, y + 2 * (1 - kb) * blue];
      const g = (y - kr * r - kb * b) / (1 - kr - kb);
      // Rounding to codes moves a component by up to one step of chroma.
      for (const value of [r, g, b]) {
        expect(value).toBeGreaterThan(-0.01);
        expect(value).toBeLessThan(1.01);
      }
    }
    expect([cb[0], cr[0], cb[511], cr[511]]).toEqual([neutral, neutral, neutral, neutral]);
  });

  test('bars around the picture stay neutral', () => {
    const luma = new Uint8Array(512).fill(120);
    const { cb } = runApplyChroma({ ...request('limited', 'bt709', luma), area: { x: 8, y: 4, width: 16, height: 8 } });
    for (let i = 0; i < 512; i++) {
      const [x, y] = [i % 32, Math.floor(i / 32)];
      const inside = x >= 8 && x < 24 && y >= 4 && y < 12;
      if (!inside) expect(cb[i]).toBe(128);
    }
    expect(cb.some((value) => value !== 128)).toBe(true);
  });

  test('odd sizes have a chroma sample for the last row and column', () => {
    const luma = new Uint8Array(31 * 15).fill(120);
    const { cb } = runApplyChroma({
      ...request('limited', 'bt709', luma),
      source: { width: 31, height: 15, codes: codeRange('limited', 8) },
      sampling: '420',
      area: { x: 0, y: 0, width: 31, height: 15 },
    });
    expect(cb).toHaveLength(16 * 8);
    expect(cb.every((value) => value !== 128)).toBe(true);
  });
});

test('color noise is the same for a seed, another for another, and smooth', () => {
  const bins: [number, number][] = [
    [0.1, 0.1],
    [0.12, 0.1],
    [-0.3, 0.2],
  ];
  const first = colorNoise(7, bins, 40, 20);
  expect(colorNoise(7, bins, 40, 20)).toEqual(first);
  expect(colorNoise(8, bins, 40, 20)).not.toEqual(first);
  const spread = (values: readonly number[]): number => Math.hypot(...values) / Math.sqrt(values.length);
  const differences = (step: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => first[i + step]! - first[i]!);
  expect(spread(differences(40, 760))).toBeLessThan(spread([...first]) / 2);
  // Colors that are alike move together, others do not.
  expect(spread(differences(800, 800))).toBeLessThan(spread(differences(1600, 800)) / 1.5);
});

test('caution leaves color alone where hues agree, takes it where they do not, and stays inside edges of luma', () => {
  const [width, height] = [24, 16];
  const even = (value: number): Float32Array<ArrayBuffer> => new Float32Array(width * height).fill(value);
  const gains = (agreement: Float32Array<ArrayBuffer>, caution: number, luma = even(0.5)): number[] => [
    ...heldBack(agreement, { width, height, data: luma }, caution),
  ];
  const halves = (left: number, right: number): Float32Array<ArrayBuffer> =>
    even(0).map((_, i) => (i % width < width / 2 ? left : right));
  expect(gains(even(0), 0).every((gain) => gain === 1)).toBe(true);
  for (const gain of gains(even(0.7), 0.6)) expect(gain).toBeCloseTo(1, 5);
  for (const gain of gains(even(0), 0.6)) expect(gain).toBeCloseTo(0, 5);
  const beside = (list: number[]): [number, number] => [list[width / 2 - 1]!, list[width / 2]!];
  const [left, right] = beside(gains(halves(0.9, 0.1), 0.6, halves(0.8, 0.2)));
  expect(left).toBeGreaterThan(0.95);
  expect(right).toBeLessThan(0.15);
  const [soft, alike] = beside(gains(halves(0.9, 0.1), 0.6));
  expect(soft - alike).toBeLessThan(0.2);
  fc.assert(
    fc.property(fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 24, maxLength: 24 }), (values) => {
      const luma = { width: 4, height: 3, data: Float32Array.from(values.slice(12)) };
      heldBack(Float32Array.from(values.slice(0, 12)), luma, 0.6).forEach((gain) => {
        expect(gain).toBeGreaterThanOrEqual(0);
        expect(gain).toBeLessThanOrEqual(1);
      });
    }),
  );
});

test('the colorizer looks at the short side in its own size, and at strips in one that fits memory', () => {
  const own = { workSize: 144, sizeMultiple: 16 };
  expect(workingSize({ width: 640, height: 360 }, own)).toEqual({ width: 256, height: 144 });
  expect(workingSize({ width: 2, height: 4000 }, own)).toEqual({ width: 144, height: 1152 });
});

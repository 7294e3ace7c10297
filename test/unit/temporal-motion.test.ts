import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median } from '../../src/temporal/gray.ts';
import { BORDER, PATCH, motionPicture, prepareMotion, type Padded } from '../../src/temporal/motion-picture.ts';
import { PatchSearch } from '../../src/temporal/patch-search.ts';
import { blotches, noiseAt } from './temporal-scenes.ts';

test('the middle value is that of the sorted values, whatever their order', () => {
  const values = fc.array(fc.oneof(fc.float({ noNaN: true }), fc.integer({ min: 0, max: 3 })), { maxLength: 60 });
  fc.assert(
    fc.property(values, (some) => {
      const before = [...some];
      const sorted = Float64Array.from(some).sort();
      expect(median(some) + 0).toBe((sorted[(sorted.length - 1) >> 1] ?? 0) + 0);
      expect(some).toEqual(before);
    }),
  );
  // Orders that a careless choice of where to part makes slow.
  const many = Float64Array.from({ length: 200_000 }, (_, i) => i);
  expect(median(many)).toBe(99_999);
  expect(median(many.map((i) => Math.min(i, 200_000 - i)))).toBe(50_000);
  expect(median(many.fill(7))).toBe(7);
});

const [WIDTH, HEIGHT] = [40, 30];
const pictureOf = (seed: number, shift: number): ReturnType<typeof prepareMotion> => {
  const texture = blotches(seed, 9);
  const at = (x: number, y: number): number => texture(x - shift, y + shift) + 0.02 * noiseAt(x, y, shift);
  const data = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => at(i % WIDTH, Math.floor(i / WIDTH)));
  return prepareMotion({ width: WIDTH, height: HEIGHT, data });
};

test('a picture laid into other memory is the same picture', () => {
  const picture = pictureOf(3, 0);
  expect(picture.levels.map(({ width }) => width)).toEqual([40, 20]);
  expect(motionPicture(WIDTH, HEIGHT, picture.data.slice())).toEqual(picture);
  expect(picture.tones).toEqual(picture.tones.slice().sort());
});

/** The search as it is meant: every difference in full, one after the other. */
function plainSearch(
  from: Padded,
  to: Padded,
  [px, py]: readonly [number, number],
  tried: readonly (readonly [number, number])[],
): readonly [number, number, number] {
  const [gain, offset] = [1.02, -0.01];
  const between = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
  const within = (dx: number, dy: number): readonly [number, number] => [
    between(px + dx, -BORDER, to.width + BORDER - PATCH) - px,
    between(py + dy, -BORDER, to.height + BORDER - PATCH) - py,
  ];
  const difference = (dx: number, dy: number): number => {
    const [x, y] = within(dx, dy);
    let sum = 0;
    for (let row = BORDER; row < BORDER + PATCH; row++) {
      for (let i = BORDER; i < BORDER + PATCH; i++) {
        const own = from.data[(py + row) * from.stride + px + i]! * gain + offset;
        sum += Math.abs(own - to.data[(py + y + row) * to.stride + px + x + i]!);
      }
    }
    return sum / PATCH ** 2;
  };
  let [x, y, residual, cost] = [0, 0, Infinity, Infinity];
  const attempt = (dx: number, dy: number, bonus: number): void => {
    const found = difference(dx, dy);
    if (found - bonus >= cost) return;
    [[x, y], residual, cost] = [within(dx, dy), found, found - bonus];
  };
  attempt(0, 0, 0.003);
  for (const [dx, dy] of tried) attempt(dx, dy, 0.0015);
  const [cx, cy] = [x, y];
  attempt(cx - 1, cy, 0);
  attempt(cx + 1, cy, 0);
  attempt(cx, cy - 1, 0);
  attempt(cx, cy + 1, 0);
  const lowest = (before: number, after: number): number => {
    const bend = before + after - 2 * residual;
    return bend > 1e-6 ? between((before - after) / (2 * bend), -0.5, 0.5) : 0;
  };
  const stepX = lowest(difference(x - 1, y), difference(x + 1, y));
  const stepY = lowest(difference(x, y - 1), difference(x, y + 1));
  const still = x === 0 && y === 0 && Math.hypot(stepX, stepY) < 0.25;
  return still ? [x, y, residual] : [x + stepX, y + stepY, residual];
}

test('the search finds to the last bit what plain comparisons of whole patches find', () => {
  const [from, to] = [pictureOf(3, 0).levels[0]!, pictureOf(3, 2).levels[0]!];
  const vector = fc.tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: -30, max: 30 }));
  const near = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 }));
  const place = fc.tuple(fc.integer({ min: -4, max: WIDTH - 4 }), fc.integer({ min: -4, max: HEIGHT - 4 }));
  const search = new PatchSearch(from, to, { gain: 1.02, offset: -0.01 });
  fc.assert(
    fc.property(place, fc.array(fc.oneof(vector, near), { maxLength: 6 }), (at, tried) => {
      search.begin(...at);
      for (const [dx, dy] of tried) search.try(dx, dy, 0.0015);
      search.cross();
      search.refine();
      expect([search.x + 0, search.y + 0, search.residual]).toEqual(
        plainSearch(from, to, at, tried).map((value) => value + 0),
      );
    }),
    { numRuns: 300 },
  );
});

import { expect, test } from 'vitest';
import { dataPath } from '../../bench/common/data.ts';
import {
  diagnose,
  findActiveArea,
  flickerOf,
  isBlackAndWhite,
  looksFullRange,
  noiseSigma,
  type SamplePicture,
} from '../../src/decode/diagnosis.ts';
import { probeMedia } from '../../src/decode/index.ts';
import { join } from 'node:path';

/** Normal deviates from a fixed seed (Box and Muller over a small generator). */
function gauss(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const [WIDTH, HEIGHT] = [256, 192];
type Paint = (x: number, y: number) => number;
const scene: Paint = (x, y) => 120 + 50 * Math.sin(x / 19) + 40 * Math.cos(y / 13 + x / 50);
const plane = (width: number, height: number, paint: Paint): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, at) =>
    Math.max(0, Math.min(255, Math.round(paint(at % width, Math.floor(at / width))))),
  );
const picture = (luma: Paint, cb: Paint = () => 128, cr: Paint = () => 128): SamplePicture => ({
  width: WIDTH,
  height: HEIGHT,
  luma: plane(WIDTH, HEIGHT, luma),
  cb: plane(WIDTH / 2, HEIGHT / 2, cb),
  cr: plane(WIDTH / 2, HEIGHT / 2, cr),
});
const repeat = (count: number, make: (index: number) => SamplePicture): SamplePicture[] =>
  Array.from({ length: count }, (_, index) => make(index));

test('gray with noise or a slight tint is black-and-white; a single colored thing in some shots is color', () => {
  const noise = gauss(7);
  expect(
    isBlackAndWhite(
      repeat(12, () =>
        picture(
          scene,
          () => 128 + 5 * noise(),
          () => 128 + 5 * noise(),
        ),
      ),
    ),
  ).toBe(true);
  expect(
    isBlackAndWhite(
      repeat(12, () =>
        picture(
          scene,
          () => 120,
          () => 136,
        ),
      ),
    ),
  ).toBe(true);
  const flower: Paint = (x, y) => (x > 20 && x < 40 && y > 20 && y < 40 ? 170 : 128);
  expect(isBlackAndWhite(repeat(12, (index) => picture(scene, () => 128, index < 4 ? flower : () => 128)))).toBe(false);
  expect(
    isBlackAndWhite(
      repeat(12, () =>
        picture(
          scene,
          () => 100,
          () => 150,
        ),
      ),
    ),
  ).toBe(false);
  expect(isBlackAndWhite([{ ...picture(scene), cb: undefined, cr: undefined }])).toBe(true);
});

const framed = (x0: number, y0: number, x1: number, y1: number, inside: Paint, noise = 0): Paint => {
  const deviate = gauss(3);
  return (x, y) => (x >= x0 && x < x1 && y >= y0 && y < y1 ? inside(x, y) : 16) + noise * deviate();
};

test('letterbox and pillarbox are found to the line, with noise in the bars', () => {
  const letter = repeat(6, () => picture(framed(0, 24, WIDTH, 168, scene, 2)));
  expect(findActiveArea(letter, 16)).toEqual({ x: 0, y: 24, width: WIDTH, height: 144 });
  const pillar = repeat(6, () => picture(framed(33, 0, 224, HEIGHT, scene)));
  expect(findActiveArea(pillar, 16)).toEqual({ x: 32, y: 0, width: 192, height: HEIGHT });
  expect(
    findActiveArea(
      repeat(6, () => picture(scene)),
      16,
    ),
  ).toBeUndefined();
});

test('in frames of odd size a picture before a bar ends between samples of chroma too', () => {
  const [width, height] = [257, 193];
  const luma = plane(width, height, framed(0, 0, 241, 181, scene));
  const odd = Array.from({ length: 6 }, () => ({ width, height, luma, cb: undefined, cr: undefined }));
  expect(findActiveArea(odd, 16)).toEqual({ x: 0, y: 0, width: 242, height: 182 });
  const after = plane(width, height, framed(16, 12, width, height, scene));
  const whole = odd.map((each) => ({ ...each, luma: after }));
  expect(findActiveArea(whole, 16)).toEqual({ x: 16, y: 12, width: width - 16, height: height - 12 });
});

test('dark scenes do not look like bars', () => {
  const night = picture(framed(100, 60, 160, 130, () => 90));
  const black = picture(() => 16);
  expect(findActiveArea([black, black, black], 16)).toBeUndefined();
  expect(findActiveArea([night, night, picture(scene), black], 16)).toBeUndefined();
  expect(findActiveArea([night, ...repeat(5, () => black)], 16)).toBeUndefined();
  const inside = picture(framed(40, 0, 216, HEIGHT, scene));
  expect(findActiveArea([night, inside, inside, black], 16)).toEqual({ x: 40, y: 0, width: 176, height: HEIGHT });
});

test.each([1, 3, 6, 12])('noise of sigma %d is measured through a textured picture', (sigma) => {
  const deviate = gauss(11);
  const measured = noiseSigma(
    picture((x, y) => scene(x, y) + sigma * deviate()),
    undefined,
  );
  expect(measured).toBeGreaterThan(0.8 * sigma);
  expect(measured).toBeLessThan(1.2 * sigma + 0.3);
});

test('a clean picture has next to no noise, and bars do not count', () => {
  expect(noiseSigma(picture(scene), undefined)).toBeLessThan(0.5);
  const deviate = gauss(5);
  const noisy = picture(framed(64, 0, 192, HEIGHT, (x, y) => scene(x, y) + 5 * deviate()));
  expect(noiseSigma(noisy, { x: 64, y: 0, width: 128, height: HEIGHT })).toBeGreaterThan(4);
});

test('flicker is the change of brightness, not movement nor a cut', () => {
  const bright = (by: number): SamplePicture => picture((x, y) => scene(x, y) + by);
  expect(flickerOf([[bright(0), bright(6), bright(0), bright(6)]])).toBeCloseTo(6, 0);
  const ball = (at: number): SamplePicture => picture((x, y) => (Math.hypot(x - at, y - 90) < 30 ? 220 : scene(x, y)));
  expect(flickerOf([[ball(60), ball(90), ball(120)]])).toBeLessThan(0.3);
  expect(flickerOf([[picture(() => 40), picture(() => 200)]])).toBe(0);
  expect(flickerOf([[bright(0)]])).toBe(0);
});

test('codes outside 16..235 tell full range', () => {
  expect(looksFullRange([picture((x) => x)])).toBe(true);
  expect(looksFullRange([picture((x) => 16 + (x * 219) / 255)])).toBe(false);
});

test('no picture, no claim', () => {
  expect(diagnose([], 16)).toEqual({ blackAndWhite: false, activeArea: undefined, noiseSigma: 0, flicker: 0 });
});

const clips = dataPath('clips');
test.skipIf(clips === undefined)(
  'real films: the old one is black-and-white between black bars, the others are color (needs RESTORE_DATA)',
  async () => {
    const old = await probeMedia(join(clips ?? '', 'chaplin.mp4'));
    expect(old.diagnosis).toMatchObject({ blackAndWhite: true, activeArea: { y: 0, height: 360 } });
    const { x, width } = old.diagnosis.activeArea!;
    expect([Math.abs(x - 72) <= 2, Math.abs(width - 496) <= 4]).toEqual([true, true]);
    expect(old.video).toMatchObject({
      colorGuessed: true,
      fieldOrder: 'progressive',
      telecine: 'none',
      estimatedFrames: 241,
    });
    for (const name of ['flower', 'bikes', 'davis-dog']) {
      const { diagnosis, video } = await probeMedia(join(clips ?? '', `${name}.mp4`));
      expect(diagnosis).toMatchObject({ blackAndWhite: false, activeArea: undefined });
      expect(video).toMatchObject({ fieldOrder: 'progressive', telecine: 'none', variableFrameRate: false });
    }
  },
  120_000,
);

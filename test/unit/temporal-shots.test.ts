import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataPath } from '../../bench/common/data.ts';
import { ShotDetector } from '../../src/temporal/index.ts';
import { blotches, luma8, noiseAt, type Scene } from './temporal-scenes.ts';

const WIDTH = 96;
const HEIGHT = 72;

/** First frames of the shots that are found in `count` frames of a film. */
function cutsOf(count: number, film: (time: number) => Scene): number[] {
  const detector = new ShotDetector();
  for (let time = 0; time < count; time++) detector.push(luma8(film(time), WIDTH, HEIGHT), WIDTH, HEIGHT);
  const shots = detector.finish();
  expect(shots.at(-1)?.range.end).toBe(count);
  return shots.map(({ range }) => range.start);
}

const grainy =
  (scene: Scene, time: number, sigma = 0.03): Scene =>
  (x, y) =>
    scene(x, y) + sigma * noiseAt(x, y, time);
const [street, sea] = [blotches(1, 20), blotches(2, 26)];

describe('cuts', () => {
  test('a hard cut between grainy, slowly panning shots', () => {
    expect(cutsOf(40, (t) => grainy((x, y) => (t < 21 ? street(x + t, y) : sea(x - t * 0.5, y + t * 0.3)), t))).toEqual(
      [0, 21],
    );
  });

  test('cuts four frames apart, and next to the ends', () => {
    const scenes = [3, 4, 5, 6, 7].map((seed) => blotches(seed, 18));
    const shot = (t: number): number => [2, 16, 20, 38].filter((cut) => t >= cut).length;
    expect(cutsOf(40, (t) => grainy(scenes[shot(t)]!, t))).toEqual([0, 2, 16, 20, 38]);
  });

  test('two dark shots of the same brightness', () => {
    const dark =
      (scene: Scene): Scene =>
      (x, y) =>
        0.06 + 0.1 * scene(x, y);
    expect(cutsOf(30, (t) => grainy(dark(t < 14 ? street : sea), t, 0.01))).toEqual([0, 14]);
  });

  test('black between two shots', () => {
    const film = (t: number): Scene => (t < 12 ? street : t < 22 ? () => 0.02 : sea);
    expect(cutsOf(34, (t) => grainy(film(t), t, 0.01))).toEqual([0, 12, 22]);
  });
});

describe('no cuts', () => {
  test.each<[string, (time: number) => Scene]>([
    ['brightness pumping', (t) => (x, y) => (0.15 + 0.6 * street(x, y)) * (1 + 0.3 * Math.sin(t * 2.3))],
    [
      'a flash of two frames',
      (t) => (x, y) => (t === 20 || t === 21 ? 0.75 + 0.25 * street(x, y) : 0.5 * street(x, y)),
    ],
    ['a lost frame', (t) => (t === 17 ? () => 0 : street)],
    ['a fast pan', (t) => (x, y) => street(x + 9 * Math.max(0, t - 12), y)],
    ['a camera that shakes', (t) => (x, y) => street(x + 4 * noiseAt(t, 0, 0), y + 4 * noiseAt(t, 1, 0))],
    ['a zoom', (t) => (x, y) => street(48 + (x - 48) * 0.97 ** t, 36 + (y - 36) * 0.97 ** t)],
    [
      'something large that passes in front',
      (t) => (x, y) => (x > t * 12 - 200 && x < t * 12 - 130 ? 0.2 + 0.3 * sea(x - t * 12, y) : street(x, y)),
    ],
    [
      'a dissolve',
      (t) => (x, y) => street(x, y) + (sea(x, y) - street(x, y)) * Math.min(1, Math.max(0, (t - 12) / 10)),
    ],
  ])('%s', (_, film) => {
    expect(cutsOf(40, (t) => grainy(film(t), t, 0.02))).toEqual([0]);
  });

  test('a fade is cut at black if at all', () => {
    const level = (t: number): number => Math.min(1, Math.max(0, t < 25 ? (20 - t) / 8 : (t - 30) / 8));
    const cuts = cutsOf(46, (t) => grainy((x, y) => level(t) * (t < 25 ? street : sea)(x, y), t, 0.004));
    for (const cut of cuts.slice(1)) expect(Math.min(level(cut), level(cut - 1))).toBe(0);
  });
});

test('whatever the pictures, shots are contiguous and cover the film', () => {
  const film = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 30 })).chain(([width, height]) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      pictures: fc.array(fc.uint8Array({ minLength: width * height, maxLength: width * height }), { maxLength: 24 }),
    }),
  );
  fc.assert(
    fc.property(film, ({ width, height, pictures }) => {
      const detector = new ShotDetector();
      for (const picture of pictures) detector.push(picture, width, height);
      const shots = detector.finish();
      expect(shots.map(({ index }) => index)).toEqual([...shots.keys()]);
      let end = 0;
      for (const { range } of shots) {
        expect(range.start).toBe(end);
        expect(range.end).toBeGreaterThan(range.start);
        end = range.end;
      }
      expect(end).toBe(pictures.length);
    }),
    { numRuns: 40 },
  );
});

/** Shots of a file as the analysis pass sees it. */
async function shotsOfFile(file: string, width: number, height: number): Promise<number[]> {
  const filter = `scale=${String(width)}:${String(height)}:flags=area,format=gray`;
  const { stdout } = await execa('ffmpeg', ['-v', 'error', '-i', file, '-vf', filter, '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
    maxBuffer: 1e9,
  });
  const detector = new ShotDetector();
  const size = width * height;
  for (let at = 0; at < stdout.length; at += size) detector.push(stdout.subarray(at, at + size), width, height);
  return detector.finish().map(({ range }) => range.start);
}

test('the drawn old film has two shots', async () => {
  const film = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
  expect(await shotsOfFile(film, 96, 72)).toEqual([0, 26]);
});

// The cuts were read off the frames by eye.
const clips = dataPath('clips');
describe.skipIf(clips === undefined)('real clips (need RESTORE_DATA)', () => {
  test.each([
    ['bikes.mp4', 170, [0, 30, 76, 137, 187, 242]],
    ['flower.mp4', 128, [0]],
    ['davis-dog.mp4', 128, [0]],
    ['chaplin.mp4', 128, [0]],
  ])('%s', async (name, width, cuts) => {
    expect(await shotsOfFile(path.join(clips ?? '', name), width, 72)).toEqual(cuts);
  });
});

import { describe, expect, test } from 'vitest';
import { deepened, type BitDepth, type ChromaSampling } from '../../src/core/format.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { Crew } from '../../src/temporal/crew.ts';
import { degrain } from '../../src/temporal/degrain.ts';
import { dust } from '../../src/temporal/dust.ts';
import { slowCrew } from './temporal-crew.ts';
import {
  blotches,
  filmOf,
  formatOf,
  frameOf,
  noiseAt,
  runStage,
  shotsOf,
  streamOf,
  type CountedFrame,
  type Scene,
} from './temporal-scenes.ts';

const [WIDTH, HEIGHT] = [128, 96];
const ground = blotches(5, 24);
const GRAIN = 0.04;

/** A camera that pans over a wall with a bright thing on it. */
const wall =
  (t: number): Scene =>
  (x, y) =>
    Math.hypot(x + 2 * t - 60, y - 50) < 3 ? 0.95 : 0.3 + 0.4 * ground(x + 2 * t, y);

const grainy =
  (t: number, scene = wall(t)): Scene =>
  (x, y) =>
    scene(x, y) + GRAIN * noiseAt(x, y, t);

const film = (
  count: number,
  scene: (t: number) => Scene,
  sampling?: ChromaSampling,
  depth?: BitDepth,
): CountedFrame[] => filmOf(count, [WIDTH, HEIGHT], scene, sampling, depth);

/** Root mean squared difference of luma to a scene, as a share of white. */
function error({ planes, format }: Frame, scene: Scene): number {
  const white = 2 ** format.pixelFormat.bitDepth - 1;
  const squares = Array.from(planes[0]!, (code, i) => (code / white - scene(i % WIDTH, Math.floor(i / WIDTH))) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}
const samples = (frames: readonly { readonly planes: readonly ArrayLike<number>[] }[]): number[][][] =>
  frames.map(({ planes }) => planes.map((plane) => Array.from(plane)));

describe('degrain', () => {
  test.each<[BitDepth, ChromaSampling]>([
    [8, 'gray'],
    [8, '420'],
    [10, '422'],
    [12, '444'],
  ])('halves the grain of a pan and keeps what is in the picture (%i bits, %s)', async (depth, sampling) => {
    const frames = film(6, grainy, sampling, depth);
    const before = frames.map((frame, t) => error(frame, wall(t)));
    const after = await runStage(degrain({ strength: 0.5 }), frames, shotsOf([0], 6));
    for (const [t, frame] of after.entries()) {
      // The first and the last have neighbors on one side only.
      const share = t > 1 && t < 4 ? 0.55 : 0.75;
      expect(error(frame, wall(t))).toBeLessThan(share * before[t]!);
      const sharp = (planes: readonly ArrayLike<number>[]): number => planes[0]![50 * WIDTH + 60 - 2 * t]!;
      expect(sharp(frame.planes) / (2 ** frame.format.pixelFormat.bitDepth - 1)).toBeGreaterThan(0.85);
      expect(frame.format).toEqual(deepened(formatOf(WIDTH, HEIGHT, sampling, depth)));
      expect(frame.planes).toHaveLength(sampling === 'gray' ? 1 : 3);
    }
    expect(frames.every(({ disposals }) => disposals.count === 1)).toBe(true);
  });

  test('chroma stands still where it does, and follows luma in depth', async () => {
    const [frame] = await runStage(
      degrain({ strength: 1 }),
      film(3, () => wall(0), '420'),
      shotsOf([0], 3),
    );
    const format = formatOf(WIDTH, HEIGHT, '420', 10);
    expect(Array.from(frame!.planes[1]!)).toEqual(Array.from(frameOf(0, format, wall(0)).planes[1]!));
  });

  test('what is in one frame only is not spread over its neighbors, and hardly touched itself', async () => {
    const flash = (t: number): Scene => (t === 2 ? (x, y) => (x < 40 ? 0.9 : grainy(t)(x, y)) : grainy(t));
    const frames = film(5, flash);
    const before = samples(frames);
    const after = await runStage(degrain({ strength: 0.5 }), frames, shotsOf([0], 5));
    const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    const left = (plane: readonly number[]): number => mean(plane.filter((_, i) => i % WIDTH < 36));
    for (const [t, planes] of samples(after).entries()) {
      expect(Math.abs(left(planes[0]!) / 1023 - left(before[t]![0]!) / 255)).toBeLessThan(0.01);
    }
  });

  test('brightness that flickers is leveled for the comparison and stays in the result', async () => {
    const flicker = (t: number): Scene => {
      const scene = grainy(t);
      return (x, y) => scene(x, y) * (t % 2 === 0 ? 1 : 0.9);
    };
    const after = await runStage(degrain({ strength: 0.5 }), film(5, flicker), shotsOf([0], 5));
    expect(error(after[2]!, wall(2))).toBeLessThan(0.6 * GRAIN);
  });

  test('nothing comes over a cut, and a shot of one frame keeps its samples', async () => {
    const scene = (t: number): Scene => (t < 3 ? grainy(t) : (x, y) => 1 - grainy(t)(x, y));
    const whole = await runStage(degrain({ strength: 0.5 }), film(7, scene), shotsOf([0, 3, 6], 7));
    const alone = await runStage(degrain({ strength: 0.5 }), film(3, scene), shotsOf([0], 3));
    expect(samples(whole.slice(0, 3))).toEqual(samples(alone));
    const [single] = samples(film(7, scene).slice(6));
    const shallow = samples(whole)[6]![0]!.map((code) => Math.round((code * 255) / 1023));
    expect(shallow).toEqual(single![0]);
  });

  test.each([
    ['18 in 24', (t: number) => Math.floor((t * 3) / 4)],
    ['16 in 24', (t: number) => Math.floor((t * 2) / 3)],
    ['on twos', (t: number) => t >> 1],
  ])('pictures that are shown twice come out as from the film that has each once: %s', async (_, shown) => {
    const once = samples(await runStage(degrain({ strength: 0.5 }), film(10, grainy), shotsOf([0], 10)));
    const frames = film(12, (t) => grainy(shown(t)));
    const after = samples(await runStage(degrain({ strength: 0.5 }), frames, shotsOf([0], 12)));
    for (let t = 0; shown(t) + 2 <= shown(11); t++) expect(after[t]).toEqual(once[shown(t)]);
  });

  test('a copy that a codec made is no other picture', async () => {
    const coded = (t: number): Scene => {
      const scene = grainy(t >> 1);
      return (x, y) => scene(x, y) + (t % 2 === 1 && (x + y) % 16 === 0 ? 3 / 255 : 0);
    };
    const after = await runStage(degrain({ strength: 0.5 }), film(12, coded), shotsOf([0], 12));
    for (let t = 4; t < 8; t++) expect(error(after[t]!, wall(t >> 1))).toBeLessThan(0.5 * GRAIN);
  });

  test('a picture that is held keeps its samples: there is no other one', async () => {
    const frames = film(11, () => grainy(0));
    const before = samples(frames);
    const after = samples(await runStage(degrain({ strength: 0.5 }), frames, shotsOf([0], 11)));
    expect(after.map(([plane]) => plane!.map((code) => Math.round((code * 255) / 1023)))).toEqual(
      before.map(([plane]) => plane),
    );
  });

  test('what stands still to the bit, as a border or a sky after a codec, does not end the averaging of the rest', async () => {
    const frozen = 48;
    const part = (t: number): Scene => {
      const [moves, still] = [grainy(t), grainy(0)];
      return (x, y) => (x < frozen ? still(x, y) : moves(x, y));
    };
    const right = ({ planes, format }: Frame): number => {
      const white = 2 ** format.pixelFormat.bitDepth - 1;
      const squares = Array.from(planes[0]!, (code, i) => {
        const x = i % WIDTH;
        return x < frozen + 8 ? undefined : (code / white - wall(2)(x, Math.floor(i / WIDTH))) ** 2;
      }).filter((square) => square !== undefined);
      return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    };
    const frames = film(5, part);
    const after = await runStage(degrain({ strength: 0.5 }), frames, shotsOf([0], 5));
    expect(right(after[2]!)).toBeLessThan(0.6 * right(frames[2]!));
  });

  test('a segment with its lead-in and lead-out gives the same bits as the whole film', async () => {
    const scene = (t: number): Scene => grainy(Math.floor((t * 3) / 4));
    const stage = degrain({ strength: 0.5 });
    const whole = await runStage(stage, film(13, scene), shotsOf([0], 13));
    const { temporalRadius } = stage;
    for (const at of [4, 5, 6, 7]) {
      const part = film(13, scene).slice(at - temporalRadius, at + 1 + temporalRadius);
      const cut = await runStage(stage, part, shotsOf([0], 13));
      expect(samples([cut[temporalRadius]!])).toEqual(samples([whole[at]!]));
    }
  });

  test('strength 0 changes nothing, not even the format', async () => {
    const frames = film(3, grainy, '420');
    const stage = degrain({ strength: 0 });
    expect(stage.outputFormat(frames[0]!.format)).toBe(frames[0]!.format);
    expect(await runStage(stage, frames, shotsOf([0], 3))).toEqual(frames);
  });
});

describe('a crew', () => {
  test('gives the same frames in the same order, several at once', async () => {
    const alone = await runStage(degrain({ strength: 0.5 }), film(8, grainy), shotsOf([0, 5], 8));
    const crew = slowCrew(3);
    const together = await runStage(degrain({ strength: 0.5 }, crew), film(8, grainy), shotsOf([0, 5], 8));
    expect(samples(together)).toEqual(samples(alone));
    expect(together.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(crew.most).toBeGreaterThan(2);
  });

  test('computes a picture once that frames share, and they share the result', async () => {
    const once = film(6, grainy);
    const shared = film(8, grainy).map((frame, t) => ({ ...frame, planes: once[Math.floor((t * 3) / 4)]!.planes }));
    const apart = shared.map((frame) => ({ ...frame, planes: frame.planes.map((plane) => plane.slice()) }));
    for (const stage of [degrain, dust]) {
      let jobs = 0;
      const crew = slowCrew(3);
      const counting: Crew = {
        ahead: 3,
        run: (...all) => {
          jobs++;
          return crew.run(...all);
        },
      };
      const together = await runStage(stage({ strength: 0.5 }, counting), shared, shotsOf([0], 8));
      expect(jobs).toBe(6);
      const repeats = together.map(({ planes }, t) => planes[0] === together[t - 1]?.planes[0]);
      expect(repeats).toEqual([false, true, false, false, false, true, false, false]);
      expect(samples(together)).toEqual(samples(await runStage(stage({ strength: 0.5 }), apart, shotsOf([0], 8))));
    }
  });

  test('that fails ends the stream with its reason, and nothing is left behind', async () => {
    for (const fail of [0, 3, 7]) {
      const frames = film(8, grainy);
      await expect(runStage(degrain({ strength: 0.5 }, slowCrew(2, fail)), frames, shotsOf([0], 8))).rejects.toThrow(
        'the thread died',
      );
    }
  });

  test('is awaited when nobody wants more frames: all memory is given back', async () => {
    const frames = film(8, grainy);
    let taken = 0;
    const shots = shotsOf([0], 8);
    const stream = async function* () {
      for await (const frame of streamOf(frames)) {
        taken++;
        yield frame;
      }
    };
    const context = { shots, signal: new AbortController().signal, warn: () => undefined };
    for await (const frame of degrain({ strength: 0.5 }, slowCrew(3)).run(stream(), context)) {
      frame.dispose();
      break;
    }
    expect(frames.slice(0, taken).every(({ disposals }) => disposals.count > 0)).toBe(true);
  });
});

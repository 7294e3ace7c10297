import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import type { ChromaSampling, FrameFormat } from '../../src/core/format.ts';
import { planeSizes } from '../../src/core/format.ts';
import type { Frame, FrameStream, Plane } from '../../src/core/frame.ts';
import { shareRepeats } from '../../src/pipeline/repeats.ts';
import { findDevice } from '../../src/restore/backends/index.ts';
import { openEngine, resolveModel, restoreStages, type Engine } from '../../src/restore/index.ts';
import { interfaceOf } from '../../src/restore/models/interface.ts';
import { pictureModel, type PictureModel } from '../../src/restore/stages/environment.ts';
import { mapPictures, replaced } from '../../src/restore/stages/map-frames.ts';
import { runTask, type TaskRequest } from '../../src/restore/tasks/index.ts';
import { KeptPictures } from '../../src/restore/tasks/kept.ts';
import type { TaskTools } from '../../src/restore/tasks/task.ts';
import { pictureManifest, pictureNet, writeModel, type NetOptions } from '../fixtures/models/nets.ts';

/** Runs tasks in this thread, on the CPU, with the last pictures kept or not; counts what networks are fed. */
class Bench {
  readonly model: PictureModel;
  readonly #tools: (tileSize: number, kept: KeptPictures | undefined) => TaskTools;
  fedSamples = 0;
  shares: number[] = [];

  private constructor(
    model: PictureModel,
    session: Awaited<ReturnType<ReturnType<typeof findDevice>['backend']['open']>>,
  ) {
    this.model = model;
    this.#tools = (tileSize, kept) => ({
      model: () => Promise.resolve({ session, tileSize, deviation: 0, floats: 'fp32' }),
      infer: (each, feeds, into) => {
        const dims = feeds['x']?.dims ?? [];
        this.fedSamples += (dims[2] ?? 0) * (dims[3] ?? 0);
        return each.run(feeds, into);
      },
      note: () => undefined,
      suspicious: false,
      kept,
      unchanged: (share) => this.shares.push(share),
    });
  }

  static async open(options: NetOptions): Promise<Bench> {
    const bytes = pictureNet(options);
    const manifest = pictureManifest(bytes, options);
    const kind = options.scale === 1 ? 'denoise' : 'upscale';
    const model = pictureModel(kind, { manifest, path: '', sha256: manifest.sha256 });
    const source = { bytes, shape: interfaceOf(manifest) };
    return new Bench(model, await findDevice('cpu').backend.open(source, { device: 'cpu', threads: 1 }));
  }

  async planes(request: TaskRequest, tileSize: number, kept?: KeptPictures): Promise<readonly Plane[]> {
    const reply = await runTask(request, this.#tools(tileSize, kept));
    if ('planes' in reply) return reply.planes;
    if ('plane' in reply) return [reply.plane];
    throw new Error('no planes');
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function requestOf(
  { model }: Bench,
  planes: readonly Plane[],
  { width, height }: Size,
  enlarge: number,
  sampling: ChromaSampling,
): TaskRequest {
  const source = { width, height, codes: codeRange('limited', 8) };
  const target = { width: width * enlarge, height: height * enlarge, codes: codeRange('limited', 10) };
  const [plane] = planes;
  if (!plane) throw new Error('no plane');
  return model.manifest.adapter.startsWith('rgb')
    ? { task: 'rgb', model, planes, sampling, location: 'left', matrix: 'bt709', source, target, strength: 0.6 }
    : { task: 'luma', model, plane, source, target, strength: 0.6 };
}

function noise(length: number, seed: number): Plane {
  let state = seed;
  return Uint8Array.from({ length }, () => 16 + (((state = Math.imul(state, 48271) + 11) >>> 24) % 220));
}

/** Bit for bit; many times faster than what tells where they differ. */
const same = (a: readonly Plane[], b: readonly Plane[]): boolean =>
  a.length === b.length && a.every((plane, i) => Buffer.from(plane.buffer).equals(Buffer.from(b[i]!.buffer)));

const nets: readonly (readonly [string, NetOptions, enlarge: number, ChromaSampling])[] = [
  ['x2 luma, rounded at once', { scale: 2, width: 8, layers: 3 }, 2, 'gray'],
  ['x3 luma, reduced to x2', { scale: 3, width: 5, layers: 1 }, 2, 'gray'],
  ['denoising at half resolution', { scale: 1, half: true, strength: true, layers: 2 }, 1, 'gray'],
  ['denoising that is mixed with the source', { scale: 1, layers: 2 }, 1, 'gray'],
  ['RGB x2, 4:2:0', { scale: 2, channels: 3, layers: 1 }, 2, '420'],
  ['RGB denoising, mixed with the source', { scale: 1, channels: 3, layers: 1 }, 1, '420'],
  ['RGB x2, 4:4:4', { scale: 2, channels: 3, layers: 1 }, 2, '444'],
];

describe('leaving out what has not changed gives the same bits', () => {
  test.each(nets)('%s', async (_, options, enlarge, sampling) => {
    const bench = await Bench.open(options);
    const box = fc.record({
      plane: fc.nat(2),
      x: fc.nat(120),
      y: fc.nat(90),
      width: fc.integer({ min: 1, max: 30 }),
      height: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 90 }),
        fc.array(fc.tuple(fc.array(box, { maxLength: 2 }), fc.integer({ min: 20, max: 150 })), { maxLength: 5 }),
        async (width, height, steps) => {
          const sizes = planeSizes({ width, height, pixelFormat: { sampling, bitDepth: 8 } });
          let planes = sizes.map((size, i) => noise(size.width * size.height, i + 1));
          const kept = new KeptPictures();
          for (const [boxes, tileSize] of [[[], 64] as const, ...steps]) {
            planes = planes.map((plane) => plane.slice());
            for (const each of boxes) {
              const [plane, size] = [planes[each.plane % planes.length]!, sizes[each.plane % planes.length]!];
              for (let y = each.y; y < Math.min(size.height, each.y + each.height); y++) {
                for (let x = each.x; x < Math.min(size.width, each.x + each.width); x++)
                  plane[y * size.width + x]! ^= 13;
              }
            }
            const request = requestOf(bench, planes, { width, height }, enlarge, sampling);
            const whole = await bench.planes(request, 10_000);
            expect(same(await bench.planes(request, tileSize, kept), whole)).toBe(true);
          }
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('a picture of two tiles', () => {
  const size = { width: 128, height: 64 };
  const still = noise(size.width * size.height, 7);
  const changedAt = (x: number, y: number): Plane => {
    const plane = still.slice();
    plane[y * size.width + x]! ^= 1;
    return plane;
  };

  test('that has not changed is not fed again, and says so', async () => {
    const bench = await Bench.open({ scale: 2, layers: 3 });
    const kept = new KeptPictures();
    const request = requestOf(bench, [still], size, 2, 'gray');
    const first = await bench.planes(request, 64, kept);
    bench.fedSamples = 0;
    const again = await bench.planes({ ...request }, 64, kept);
    expect(again).toEqual(first);
    // A reply is handed over: it is not the memory that is kept.
    expect(again[0]).not.toBe(first[0]);
    expect(bench.fedSamples).toBe(0);
    expect(bench.shares).toEqual([0, 1]);
  });

  test('a change outside a tile, but inside its halo, computes that tile too', async () => {
    const bench = await Bench.open({ scale: 2, layers: 3 });
    const kept = new KeptPictures();
    const before = await bench.planes(requestOf(bench, [still], size, 2, 'gray'), 64, kept);
    const request = requestOf(bench, [changedAt(64, 20)], size, 2, 'gray');
    const after = await bench.planes(request, 64, kept);
    expect(after).toEqual(await bench.planes(request, 10_000));
    const left = (planes: readonly Plane[]): number[] => [...planes[0]!].filter((_, i) => i % 256 < 128);
    expect(left(after)).not.toEqual(left(before));
  });

  test('a small change costs a small part', async () => {
    const bench = await Bench.open({ scale: 2, layers: 1 });
    const kept = new KeptPictures();
    await bench.planes(requestOf(bench, [still], size, 2, 'gray'), 128, kept);
    await bench.planes(requestOf(bench, [changedAt(10, 10)], size, 2, 'gray'), 128, kept);
    expect(bench.shares[1]).toBe(1 - (32 * 32) / (128 * 64));
  });

  test('other sizes, strengths and models are never taken for the same', async () => {
    const [one, other] = [await Bench.open({ scale: 2, layers: 3 }), await Bench.open({ scale: 2, layers: 2 })];
    const kept = new KeptPictures();
    await one.planes(requestOf(one, [still], size, 2, 'gray'), 64, kept);
    const turned = requestOf(one, [still], { width: 64, height: 128 }, 2, 'gray');
    expect(await one.planes(turned, 64, kept)).toEqual(await one.planes(turned, 64));
    const second = requestOf(other, [still], size, 2, 'gray');
    expect(await other.planes(second, 64, kept)).toEqual(await other.planes(second, 64));
  });
});

const format: FrameFormat = {
  ...{ width: 96, height: 64, pixelFormat: { sampling: '420', bitDepth: 8 }, chromaLocation: 'left' },
  color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: 'limited' },
  sampleAspectRatio: { num: 1, den: 1 },
};

/** Frames that show the pictures of these numbers; what is given back is overwritten, and nothing is given back twice. */
class Film {
  given = 0;
  readonly #pictures: readonly number[];

  constructor(pictures: readonly number[]) {
    this.#pictures = pictures;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame> {
    for (const [index, picture] of this.#pictures.entries()) {
      const planes = planeSizes(format).map(({ width, height }, i) => noise(width * height, 10 * picture + i));
      const dispose = (): void => {
        this.given++;
        for (const plane of planes) plane.fill(99);
      };
      yield await Promise.resolve({ index, pts: BigInt(index), duration: 1n, format, planes, dispose });
    }
  }
}

describe('frames that repeat the one before', () => {
  test('share its planes, keep their own times, and give the memory back with the last of them', async () => {
    const film = new Film([1, 1, 1, 2]);
    const frames: Frame[] = [];
    for await (const frame of shareRepeats(film)) frames.push(frame);
    expect(frames.map(({ index, pts }) => [index, pts])).toEqual([0n, 1n, 2n, 3n].map((pts) => [Number(pts), pts]));
    expect(frames[1]!.planes[0]).toBe(frames[0]!.planes[0]);
    expect(frames[3]!.planes[0]).not.toBe(frames[0]!.planes[0]);
    // The second and third were copies: their memory is not needed.
    expect(film.given).toBe(2);
    frames[2]!.dispose();
    frames[0]!.dispose();
    frames[0]!.dispose();
    expect(film.given).toBe(2);
    expect(frames[1]!.planes[0]).toEqual(noise(96 * 64, 10));
    frames[1]!.dispose();
    expect(film.given).toBe(3);
    frames[3]!.dispose();
    expect(film.given).toBe(4);
  });

  test('nothing is kept when the consumer stops early', async () => {
    const film = new Film([1, 1, 1]);
    for await (const frame of shareRepeats(film)) {
      frame.dispose();
      if (frame.index === 1) break;
    }
    expect(film.given).toBe(2);
  });

  test('do not count as work: pictures that differ keep all workers busy', async () => {
    let [running, most, computed] = [0, 0, 0];
    const gates: (() => void)[] = [];
    const frames = mapPictures(shareRepeats(new Film([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3])), 3, {
      inputs: ({ planes }) => planes,
      compute: async () => {
        computed++;
        most = Math.max(most, ++running);
        // Nobody is done before three are at work.
        await new Promise<void>((resolve) => {
          gates.push(resolve);
          if (gates.length === 3) gates.forEach((open) => open());
        });
        running--;
        return computed;
      },
      finish: (frame) =>
        replaced(frame, { format: frame.format, planes: frame.planes, dispose: () => frame.dispose() }),
    });
    const seen: number[] = [];
    for await (const frame of frames) {
      seen.push(frame.index);
      frame.dispose();
    }
    expect([most, computed, seen.length]).toEqual([3, 3, 12]);
  });
});

describe('stages', () => {
  const opened: Engine[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((engine) => engine.close()));
  });

  const pictures = [1, 1, 1, 2, 2, 3, 1, 1, 4, 4, 4, 4];

  async function upscaled(frames: FrameStream, workers: number, reuse: boolean): Promise<[Plane[][], Engine]> {
    const signal = new AbortController().signal;
    const engine = await openEngine({ device: 'cpu', workers, reuse, signal });
    opened.push(engine);
    const bytes = pictureNet({ scale: 2 });
    const manifest = pictureManifest(bytes, { scale: 2 });
    const model = await resolveModel('upscale', writeModel(bytes, manifest));
    const stage = restoreStages
      .find(({ kind }) => kind === 'upscale')!
      .create({ width: 192, height: 128 }, { engine, model });
    const warn = (message: string): void => expect.fail(message);
    const planes: Plane[][] = [];
    for await (const frame of stage.run(frames, { signal, shots: [], warn })) {
      planes.push(frame.planes.map((plane) => plane.slice()));
      frame.dispose();
    }
    return [planes, engine];
  }

  test.each([1, 2])('give the same frames with %i workers, and count what they saved', async (workers) => {
    const [plain, busy] = await upscaled(new Film(pictures), 1, false);
    expect(busy.tally).toMatchObject({ asked: 12, unchanged: 0 });
    const film = new Film(pictures);
    const [reused, engine] = await upscaled(shareRepeats(film), workers, true);
    expect(reused).toEqual(plain);
    expect(film.given).toBe(12);
    expect(engine.tally.asked).toBe(12);
    expect(engine.tally.unchanged).toBeGreaterThanOrEqual(7);
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FrameFormat, PixelFormat } from '../../src/core/format.ts';
import { planeSizes } from '../../src/core/format.ts';
import type { Frame, FrameStream, Plane } from '../../src/core/frame.ts';
import type { Stage, StageContext } from '../../src/core/stage.ts';
import {
  openEngine,
  resolveModel,
  restoreStages,
  type Engine,
  type ModelManifest,
  type ResolvedModel,
} from '../../src/restore/index.ts';
import { mapFrames } from '../../src/restore/stages/map-frames.ts';
import { colorManifest, colorNet, pictureManifest, pictureNet, writeModel } from '../fixtures/models/nets.ts';

// Runs real worker threads: the compiled files must be there (npm run build).

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ device: 'cpu', workers: 2, signal: new AbortController().signal });
});
afterAll(() => engine.close());

const context: StageContext = {
  signal: new AbortController().signal,
  shots: [],
  warn: (message) => {
    throw new Error(message);
  },
};

function formatOf(
  pixelFormat: PixelFormat,
  range: 'limited' | 'full' = 'limited',
  width = 50,
  height = 34,
): FrameFormat {
  const color = { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range } as const;
  return { width, height, pixelFormat, color, sampleAspectRatio: { num: 1, den: 1 }, chromaLocation: 'left' };
}

/** Counts how often frames are given back. */
class Film {
  disposed = 0;
  readonly frames: readonly Frame[];

  constructor(format: FrameFormat, count: number) {
    this.frames = Array.from({ length: count }, (_, index) => ({
      index,
      pts: BigInt(index * 40),
      duration: 40n,
      format,
      planes: planeSizes(format).map(({ width, height }): Plane => {
        const bytes = format.pixelFormat.bitDepth === 8;
        const plane = bytes ? new Uint8Array(width * height) : new Uint16Array(width * height);
        return plane.map(
          (__, i) => (60 + ((i * 7 + index * 31) % 120)) * (bytes ? 1 : 2 ** (format.pixelFormat.bitDepth - 8)),
        );
      }),
      dispose: () => {
        this.disposed++;
      },
    }));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frame> {
    for (const frame of this.frames) yield await Promise.resolve(frame);
  }
}

async function collect(frames: FrameStream): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

async function modelFrom(bytes: Uint8Array, manifest: ModelManifest): Promise<ResolvedModel> {
  return resolveModel(manifest.kind, writeModel(bytes, manifest));
}

const enlarger = (scale: number): Promise<ResolvedModel> => {
  const bytes = pictureNet({ scale });
  return modelFrom(bytes, pictureManifest(bytes, { scale }));
};
const denoiser = (): Promise<ResolvedModel> => {
  const options = { scale: 1, half: true, strength: true };
  const bytes = pictureNet(options);
  return modelFrom(bytes, pictureManifest(bytes, options));
};
const threeColors: [number, number][] = [
  [0, 0],
  [0.2, -0.1],
  [-0.2, 0.15],
];
const colorizer = (bins = threeColors, caution = 0): Promise<ResolvedModel> => {
  const bytes = colorNet(bins.length);
  return modelFrom(bytes, colorManifest(bytes, bins, caution));
};

function stage(kind: string, options: Record<string, unknown>, model?: ResolvedModel): Stage {
  const definition = restoreStages.find((each) => each.kind === kind);
  if (!definition) throw new Error(kind);
  return definition.create(options, { engine, model });
}

/** What every stage promises: the declared format, all frames in order with their times, each source given back once. */
async function check(stage: Stage, film: Film): Promise<Frame[]> {
  const result = await collect(stage.run(film, context));
  expect(result.map(({ index, pts, duration }) => ({ index, pts, duration }))).toEqual(
    film.frames.map(({ index, pts, duration }) => ({ index, pts, duration })),
  );
  const format = stage.outputFormat(film.frames[0]!.format);
  for (const frame of result) {
    expect(frame.format).toEqual(format);
    expect(frame.planes.map((plane) => plane.length)).toEqual(planeSizes(format).map((p) => p.width * p.height));
    const Words = format.pixelFormat.bitDepth === 8 ? Uint8Array : Uint16Array;
    for (const plane of frame.planes) expect(plane).toBeInstanceOf(Words);
    frame.dispose();
  }
  expect(film.disposed).toBe(film.frames.length);
  return result;
}

const formats: readonly PixelFormat[] = [
  { sampling: '420', bitDepth: 8 },
  { sampling: '422', bitDepth: 10 },
  { sampling: '444', bitDepth: 12 },
  { sampling: 'gray', bitDepth: 8 },
  { sampling: 'gray', bitDepth: 16 },
];

describe.each(formats)('$sampling at $bitDepth bits', (pixelFormat) => {
  test('upscale: larger, 8 bits become 10, other depths and the sampling stay', async () => {
    const film = new Film(formatOf(pixelFormat, 'limited', 51, 35), 5);
    const [first] = await check(stage('upscale', { width: 102, height: 70 }, await enlarger(2)), film);
    const depth = pixelFormat.bitDepth === 8 ? 10 : pixelFormat.bitDepth;
    expect(first!.format.pixelFormat).toEqual({ sampling: pixelFormat.sampling, bitDepth: depth });
  });

  test('denoise: chroma of one value stays that value', async () => {
    const film = new Film(formatOf({ sampling: '420', bitDepth: 8 }), 1);
    film.frames[0]!.planes[1]!.fill(128);
    film.frames[0]!.planes[2]!.fill(131);
    const [result] = await check(stage('denoise', { strength: 0.4 }, await denoiser()), film);
    expect(result!.planes.slice(1).map((plane) => [...new Set(plane)])).toEqual([[512], [524]]);
  });

  test('denoise: same size; strength 0 passes the very frames on', async () => {
    const film = new Film(formatOf(pixelFormat, 'full', 51, 35), 3);
    await check(stage('denoise', { strength: 0.4 }, await denoiser()), film);
    const untouched = new Film(formatOf(pixelFormat), 3);
    const result = await collect(stage('denoise', { strength: 0 }, await denoiser()).run(untouched, context));
    expect(result).toEqual(untouched.frames);
    expect(result[0]!.planes).toBe(untouched.frames[0]!.planes);
  });

  test('grain: luma alone, another one in each frame though the picture is the same; strength 0 passes the very frames on', async () => {
    const film = new Film(formatOf(pixelFormat), 3);
    const shown = film.frames.map((frame) => ({ ...frame, planes: film.frames[0]!.planes }));
    const before = shown[0]!.planes.map((plane) => plane.slice());
    const result = await collect(
      stage('grain', { strength: 1 }).run(
        mapFrames(film, 1, (f) => Promise.resolve(shown[f.index]!)),
        context,
      ),
    );
    expect(film.frames[0]!.planes).toEqual(before);
    expect(new Set(result.map(({ planes }) => String(planes[0]))).size).toBe(3);
    for (const frame of result) expect(frame.planes.slice(1)).toEqual(before.slice(1));
    await check(stage('grain', { strength: 1 }), new Film(formatOf(pixelFormat), 3));
    const untouched = new Film(formatOf(pixelFormat), 2);
    expect(await collect(stage('grain', { strength: 0 }).run(untouched, context))).toEqual(untouched.frames);
  });

  test('colorize and apply-chroma: luma is the very same memory, chroma is new', async () => {
    const film = new Film(formatOf(pixelFormat), 4);
    const luma = film.frames.map((frame) => Uint16Array.from(frame.planes[0]!));
    const color = stage('colorize', { saturation: 1.5 }, await colorizer());
    const apply = stage('apply-chroma', {});
    const chain: Stage = {
      ...apply,
      outputFormat: (input) => apply.outputFormat(color.outputFormat(input)),
      run: (frames, each) => apply.run(color.run(frames, each), each),
    };
    const result = await check(chain, film);
    result.forEach((frame, i) => {
      expect(frame.planes[0]).toBe(film.frames[i]!.planes[0]);
      expect(Uint16Array.from(frame.planes[0]!)).toEqual(luma[i]);
    });
    expect(result[0]!.format.pixelFormat).toEqual({
      ...pixelFormat,
      sampling: pixelFormat.sampling === 'gray' ? '420' : pixelFormat.sampling,
    });
    expect(new Set(result[0]!.planes[1]).size).toBeGreaterThan(4);
  });
});

describe('upscale', () => {
  test('other factors go through the next network and a resampling', async () => {
    const options = { width: 75, height: 51 };
    const [exact] = await check(stage('upscale', options, await enlarger(2)), new Film(formatOf(formats[0]!), 1));
    const mean = (plane: Plane): number => Array.from(plane).reduce((sum, value) => sum + value, 0) / plane.length;
    const [double] = await check(
      stage('upscale', { width: 100, height: 68 }, await enlarger(2)),
      new Film(formatOf(formats[0]!), 1),
    );
    for (const plane of [0, 1, 2]) expect(mean(exact!.planes[plane]!)).toBeCloseTo(mean(double!.planes[plane]!), -1);
    await check(stage('upscale', { width: 250, height: 170 }, await enlarger(2)), new Film(formatOf(formats[0]!), 1));
  });

  test('an RGB network gives all planes', async () => {
    const bytes = pictureNet({ scale: 2, channels: 3 });
    const model = await modelFrom(bytes, pictureManifest(bytes, { scale: 2, channels: 3 }));
    for (const format of formats) {
      const film = new Film(formatOf(format, 'limited', 51, 35), 2);
      await check(stage('upscale', { width: 102, height: 70 }, model), film);
    }
  });

  test('an RGB network that repeats pixels keeps the colors', async () => {
    const bytes = pictureNet({ scale: 2, channels: 3, width: 1, layers: 0 });
    const model = await modelFrom(bytes, pictureManifest(bytes, { scale: 2, channels: 3, layers: 0 }));
    const flat = new Film(formatOf({ sampling: '420', bitDepth: 8 }), 1);
    [120, 140, 110].forEach((value, i) => flat.frames[0]!.planes[i]!.fill(value));
    const [result] = await check(stage('upscale', { width: 100, height: 68 }, model), flat);
    // The residual is the repeated picture; what the one random convolution adds is about the same for all channels.
    const middle = (plane: Plane, width: number): number => plane[Math.floor(plane.length / 2) + width / 2]! / 4;
    expect(Math.abs(middle(result!.planes[1]!, 50) - 140)).toBeLessThan(8);
    expect(Math.abs(middle(result!.planes[2]!, 50) - 110)).toBeLessThan(8);
  });

  test('leaves the chroma of frames that carry predicted color to apply-chroma', async () => {
    const film = new Film(formatOf(formats[0]!), 2);
    const colored = stage('colorize', {}, await colorizer()).run(film, context);
    const result = await collect(stage('upscale', { width: 100, height: 68 }, await enlarger(2)).run(colored, context));
    expect(result[1]!.chromaGrid?.width).toBe(12);
    expect(new Set(result[1]!.planes[2])).toEqual(new Set([512]));
  });

  test('refuses a model of another kind', async () => {
    const model = await denoiser();
    expect(() => stage('upscale', { width: 100, height: 68 }, model)).toThrow(/is a model for denoise/);
  });

  test('refuses nonsense options', async () => {
    const model = await enlarger(2);
    expect(() => stage('upscale', { width: -1, height: 68 }, model)).toThrow();
  });
});

describe('colorize', () => {
  const grid = async (
    options: Record<string, unknown>,
    model = colorizer(),
  ): Promise<NonNullable<Frame['chromaGrid']>> => {
    const film = new Film(formatOf(formats[0]!), 1);
    const result = await collect(stage('colorize', options, await model).run(film, context));
    return result[0]!.chromaGrid!;
  };

  test('gives color, confidence and luma for each cell', async () => {
    const result = await grid({});
    // Work size 32 on the short side of 50 x 34: 48 x 32, in cells of 4.
    expect([result.width, result.height]).toEqual([12, 8]);
    for (const values of [result.cb, result.cr, result.confidence, result.luma]) expect(values).toHaveLength(96);
    expect(result.confidence.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(result.luma.every((value) => value > 0.2 && value < 0.8)).toBe(true);
  });

  test('saturation 0 is gray, 2 is twice 1', async () => {
    const [gray, plain, double] = [await grid({ saturation: 0 }), await grid({}), await grid({ saturation: 2 })];
    expect(gray.cb.every((value) => value === 0)).toBe(true);
    double.cb.forEach((value, i) => expect(value).toBeCloseTo(Math.max(-0.5, Math.min(0.5, 2 * plain.cb[i]!)), 5));
  });

  test('a low temperature takes the likeliest color, a high one mixes', async () => {
    const size = (values: Float32Array): number => Math.hypot(...values);
    expect(size((await grid({ temperature: 0.1 })).cb)).toBeGreaterThan(size((await grid({ temperature: 4 })).cb));
  });

  test('a cautious model holds back color whose hue is undecided, and says as much of its confidence', async () => {
    // The fixture gives its fourth, fifth and sixth color the chances of the first three.
    const undecided = [...threeColors, [0, 0.2], [0.1, 0.15], [-0.1, -0.2]] as [number, number][];
    const [bold, careful] = [await grid({}, colorizer(undecided)), await grid({}, colorizer(undecided, 1))];
    expect(careful.confidence).toEqual(bold.confidence);
    careful.cb.forEach((value, i) => expect(Math.abs(value)).toBeLessThan(Math.abs(bold.cb[i]!)));
    expect(careful.cb.some((value) => value !== 0)).toBe(true);
  });

  test('a seed gives other colors, the same each time', async () => {
    const [none, one, again, two] = [
      await grid({}),
      await grid({ seed: 5 }),
      await grid({ seed: 5 }),
      await grid({ seed: 6 }),
    ];
    expect(again).toEqual(one);
    expect(one.cb).not.toEqual(none.cb);
    expect(two.cb).not.toEqual(one.cb);
  });

  test('looks only at the picture between bars', async () => {
    const area = { x: 10, y: 2, width: 30, height: 30 };
    const options = { area };
    const model = await colorizer();
    const [plain, barred] = [new Film(formatOf(formats[0]!), 1), new Film(formatOf(formats[0]!), 1)];
    const luma = barred.frames[0]!.planes[0]!;
    luma.forEach((_, i) => {
      const [x, y] = [i % 50, Math.floor(i / 50)];
      if (x < 10 || x >= 40 || y < 2 || y >= 32) luma[i] = 16;
    });
    const [first] = await collect(stage('colorize', options, model).run(plain, context));
    const [second] = await collect(stage('colorize', options, model).run(barred, context));
    expect(second!.chromaGrid).toEqual(first!.chromaGrid);
  });
});

test('apply-chroma without colorize says so', async () => {
  const film = new Film(formatOf(formats[0]!), 1);
  await expect(collect(stage('apply-chroma', {}).run(film, context))).rejects.toThrow(/no predicted color/);
  expect(film.disposed).toBe(1);
});

describe('frames in flight', () => {
  test.each([
    ['scratches', {}, 6],
    ['grain', {}, 6],
    ['apply-chroma', {}, 6],
    ['upscale', { width: 100, height: 68 }, 6],
    ['denoise', { strength: 0.5 }, 6],
    ['colorize', {}, 2],
  ])('of %s: as many as the workers can use that do its jobs', async (kind, options, most) => {
    const models = { upscale: () => enlarger(2), denoise: denoiser, colorize: colorizer };
    const model = kind in models ? await models[kind as keyof typeof models]() : undefined;
    // As beside one GPU: it takes two frames, five workers on the CPU take six.
    const beside: Engine = {
      ...{ devices: engine.devices, tally: engine.tally, lookAhead: 2, pixelLookAhead: 6 },
      run: (request, job) => engine.run(request, job),
      busySeconds: () => engine.busySeconds(),
      close: () => engine.close(),
    };
    const cells = (): Float32Array => new Float32Array(35);
    const chromaGrid = { width: 7, height: 5, cb: cells(), cr: cells(), confidence: cells(), luma: cells() };
    const film = new Film(formatOf({ sampling: '420', bitDepth: 8 }), 20);
    let [taken, given, together] = [0, 0, 0];
    const stream = async function* (): FrameStream {
      for await (const frame of film) {
        together = Math.max(together, ++taken - given);
        yield { ...frame, chromaGrid };
      }
    };
    const definition = restoreStages.find((each) => each.kind === kind)!;
    const running = definition.create(options, { engine: beside, model }).run(stream(), context);
    for await (const frame of running) {
      given++;
      frame.dispose();
    }
    expect(given).toBe(20);
    expect(together).toBe(most);
  });

  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  test('come out in order, never more than the limit at once', async () => {
    const film = new Film(formatOf(formats[0]!), 20);
    let [running, most] = [0, 0];
    const result = await collect(
      mapFrames(film, 3, async (frame) => {
        most = Math.max(most, ++running);
        await wait((frame.index * 7) % 5);
        running--;
        return frame;
      }),
    );
    expect(result.map(({ index }) => index)).toEqual(film.frames.map(({ index }) => index));
    expect(most).toBe(3);
  });

  test('are given back when the consumer stops, and when the work fails', async () => {
    const stopped = new Film(formatOf(formats[0]!), 20);
    let taken = 0;
    for await (const frame of mapFrames(stopped, 4, (each) => (taken++, Promise.resolve(each)))) {
      frame.dispose();
      if (frame.index === 2) break;
    }
    expect(stopped.disposed).toBeGreaterThanOrEqual(taken);

    const failing = new Film(formatOf(formats[0]!), 20);
    const run = collect(
      mapFrames(failing, 4, (frame) => {
        if (frame.index < 3) return Promise.resolve(frame);
        frame.dispose();
        return Promise.reject(new Error('no'));
      }),
    );
    await expect(run).rejects.toThrow('no');
  });

  test('a failing source ends the stage with its error', async () => {
    async function* broken(): AsyncGenerator<Frame> {
      yield* new Film(formatOf(formats[0]!), 2);
      throw new Error('source');
    }
    await expect(collect(mapFrames(broken(), 3, (frame) => Promise.resolve(frame)))).rejects.toThrow('source');
  });
});

import { codeRange, lumaWeights, type ColorInfo } from '../../src/core/color.ts';
import type { FrameFormat, PixelFormat } from '../../src/core/format.ts';
import type { Frame, FrameStream, Plane } from '../../src/core/frame.ts';
import type { Shot } from '../../src/core/range.ts';
import type { Stage } from '../../src/core/stage.ts';
import {
  openEngine,
  resolveModel,
  restoreStages,
  type Engine,
  type ModelKind,
  type ResolvedModel,
} from '../../src/restore/index.ts';
import { temporalStages } from '../../src/temporal/index.ts';
import { imresize } from './metrics/imresize.ts';
import { toByte, type Channel, type RgbPicture } from './picture.ts';

/** BT.601 as MATLAB's rgb2ycbcr has it: what the published protocol's luma is. */
export const PROTOCOL_COLOR: ColorInfo = {
  matrix: 'smpte170m',
  transfer: 'smpte170m',
  primaries: 'smpte170m',
  range: 'limited',
};

export function formatOf(width: number, height: number, pixelFormat: PixelFormat, color = PROTOCOL_COLOR): FrameFormat {
  const sampleAspectRatio = { num: 1, den: 1 };
  return { width, height, pixelFormat, color, sampleAspectRatio, chromaLocation: 'center' };
}

/** A frame over planes that nobody has to give back. */
export const frameOf = (format: FrameFormat, planes: readonly Plane[], index = 0): Frame => ({
  index,
  pts: BigInt(index),
  duration: 1n,
  format,
  planes,
  dispose: () => undefined,
});

/** A black-and-white frame of 8-bit limited-range luma. */
export const grayFrame = (luma: Channel, index = 0): Frame =>
  frameOf(formatOf(luma.width, luma.height, { sampling: 'gray', bitDepth: 8 }), [Uint8Array.from(luma.data)], index);

/**
 * The luma of an 8-bit RGB picture in 16 bits: three channels of 8 bits say more than 8 bits of luma do, and networks of
 * the literature, which take RGB or unrounded luma, see it.
 */
export function fineGrayFrame({ width, height, data }: RgbPicture): Frame {
  const luma = new Uint16Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    const [r, g, b] = [data[i * 3] ?? 0, data[i * 3 + 1] ?? 0, data[i * 3 + 2] ?? 0];
    luma[i] = Math.round(256 * (16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255));
  }
  return frameOf(formatOf(width, height, { sampling: 'gray', bitDepth: 16 }), [luma]);
}

/** An 8-bit 4:4:4 frame of an RGB picture. */
export function colorFrame({ width, height, data }: RgbPicture): Frame {
  const format = formatOf(width, height, { sampling: '444', bitDepth: 8 });
  const { kr, kb } = lumaWeights(format.color.matrix);
  const codes = codeRange(format.color.range, 8);
  const planes = [0, 1, 2].map(() => new Uint8Array(width * height)) as [Plane, Plane, Plane];
  for (let i = 0; i < width * height; i++) {
    const [r, g, b] = [(data[i * 3] ?? 0) / 255, (data[i * 3 + 1] ?? 0) / 255, (data[i * 3 + 2] ?? 0) / 255];
    const y = kr * r + (1 - kr - kb) * g + kb * b;
    planes[0][i] = toByte(codes.black + codes.span * y);
    planes[1][i] = toByte(codes.neutral + (codes.chromaSpan * (b - y)) / (2 * (1 - kb)));
    planes[2][i] = toByte(codes.neutral + (codes.chromaSpan * (r - y)) / (2 * (1 - kr)));
  }
  return frameOf(format, planes);
}

/** Luma of any depth in 8-bit codes, rounded: what a viewer of 8-bit video gets. */
export function lumaOfFrame({ format, planes }: Frame): Channel {
  const unit = 2 ** (format.pixelFormat.bitDepth - 8);
  const data = new Uint8Array(format.width * format.height);
  for (let i = 0; i < data.length; i++) data[i] = toByte((planes[0]?.[i] ?? 0) / unit);
  return { width: format.width, height: format.height, data };
}

/** Chroma planes of any depth and sampling in 8-bit codes around 128, unrounded, at the luma's size (bicubic). */
function chromaOfFrame({ format, planes }: Frame, which: 1 | 2): Channel {
  const { width, height, pixelFormat } = format;
  const unit = 2 ** (pixelFormat.bitDepth - 8);
  const plane = planes[which];
  if (!plane) return { width, height, data: new Float32Array(width * height).fill(128) };
  const columns = pixelFormat.sampling === '444' ? width : (width + 1) >> 1;
  const rows = pixelFormat.sampling === '420' ? (height + 1) >> 1 : height;
  const data = Float32Array.from(plane, (value) => value / unit);
  return imresize({ width: columns, height: rows, data }, width, height);
}

/** What a viewer sees: 8-bit RGB of a frame by its own matrix and range. */
export function rgbOfFrame(frame: Frame): RgbPicture {
  const { width, height, color, pixelFormat } = frame.format;
  const unit = 2 ** (pixelFormat.bitDepth - 8);
  const codes = codeRange(color.range, 8);
  const { kr, kb } = lumaWeights(color.matrix);
  const [cb, cr] = [chromaOfFrame(frame, 1).data, chromaOfFrame(frame, 2).data];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const y = ((frame.planes[0]?.[i] ?? 0) / unit - codes.black) / codes.span;
    const b = y + (2 * (1 - kb) * ((cb[i] ?? 0) - codes.neutral)) / codes.chromaSpan;
    const r = y + (2 * (1 - kr) * ((cr[i] ?? 0) - codes.neutral)) / codes.chromaSpan;
    data[i * 3] = toByte(255 * r);
    data[i * 3 + 1] = toByte((255 * (y - kr * r - kb * b)) / (1 - kr - kb));
    data[i * 3 + 2] = toByte(255 * b);
  }
  return { width, height, data };
}

/** The engine and the stages as the product runs them. */
export class Shipped {
  readonly engine: Engine;
  readonly #stop: AbortController;
  readonly #models = new Map<string, Promise<ResolvedModel>>();

  private constructor(engine: Engine, stop: AbortController) {
    this.engine = engine;
    this.#stop = stop;
  }

  static async open(options: { readonly workers?: number } = {}): Promise<Shipped> {
    const stop = new AbortController();
    return new Shipped(await openEngine({ device: 'cpu', reuse: false, signal: stop.signal, ...options }), stop);
  }

  /** A stage by its kind; `model` is an id or a file for those that run a network. */
  async stage(kind: string, options: Readonly<Record<string, unknown>> = {}, model?: string): Promise<Stage> {
    const temporal = temporalStages.find((definition) => definition.kind === kind);
    if (temporal) return temporal.create(temporal.schema.parse(options));
    const spatial = restoreStages.find((definition) => definition.kind === kind);
    if (!spatial) throw new Error(`There is no stage called ${kind}.`);
    const resolved = model === undefined ? undefined : await this.#resolve(kind as ModelKind, model);
    return spatial.create(spatial.schema.parse(options), { engine: this.engine, model: resolved });
  }

  /** Looked up once: a measurement must not change models half-way. */
  #resolve(kind: ModelKind, model: string): Promise<ResolvedModel> {
    const key = `${kind} ${model}`;
    const known = this.#models.get(key) ?? resolveModel(kind, model);
    this.#models.set(key, known);
    return known;
  }

  /** Frames through a chain of stages, in order. Without `shots` every frame is a shot of its own. */
  run(frames: readonly Frame[], stages: readonly Stage[], shots?: readonly Shot[]): FrameStream {
    const alone = frames.map((_, index) => ({ index, range: { start: index, end: index + 1 } }));
    const context = { signal: this.#stop.signal, shots: shots ?? alone, warn: (text: string) => console.error(text) };
    return stages.reduce((stream, stage) => stage.run(stream, context), streamOf(frames));
  }

  /** One frame through a chain. */
  async one(frame: Frame, stages: readonly Stage[]): Promise<Frame> {
    for await (const result of this.run([{ ...frame, index: 0 }], stages)) return result;
    throw new Error('The stages gave no frame.');
  }

  async close(): Promise<void> {
    await this.engine.close();
    this.#stop.abort();
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- stages take async iterables
async function* streamOf(frames: readonly Frame[]): FrameStream {
  yield* frames;
}

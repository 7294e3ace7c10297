/** Scenes that are functions: what temporal tests look at. */
import type { ChromaGrid, Frame, FrameStream } from '../../src/core/frame.ts';
import type { BitDepth, ChromaSampling, FrameFormat } from '../../src/core/format.ts';
import { planeSizes } from '../../src/core/format.ts';
import type { Shot } from '../../src/core/range.ts';
import type { Stage, StageContext } from '../../src/core/stage.ts';

/** Value in 0..1 at a place in pixels. */
export type Scene = (x: number, y: number) => number;

function hash(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(seed + 1, 1274126177);
  h = Math.imul(h ^ (h >>> 13), 1103515245);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Smooth blotches of about `size` pixels, with finer ones on top: something to hold on to everywhere. */
export function blotches(seed: number, size: number): Scene {
  const smooth = (x: number, y: number, s: number): number => {
    const [u, v] = [x / s, y / s];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const ease = (t: number): number => t * t * (3 - 2 * t);
    const [fx, fy] = [ease(u - i), ease(v - j)];
    const top = hash(i, j, s + seed) * (1 - fx) + hash(i + 1, j, s + seed) * fx;
    const bottom = hash(i, j + 1, s + seed) * (1 - fx) + hash(i + 1, j + 1, s + seed) * fx;
    return top * (1 - fy) + bottom * fy;
  };
  return (x, y) => 0.7 * smooth(x, y, size) + 0.3 * smooth(x, y, size / 3);
}

/** Repeatable noise: about normal, variance 1, of a place and a time. */
export const noiseAt = (x: number, y: number, time: number): number =>
  (hash(x, y, time * 3 + 17) + hash(x, y, time * 3 + 18) + hash(x, y, time * 3 + 19) - 1.5) * 2;

/** Luma bytes of a scene, row-major. */
export function luma8(scene: Scene, width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: width * height }, (_, i) =>
    Math.round(255 * Math.min(1, Math.max(0, scene(i % width, Math.floor(i / width))))),
  );
}

export function formatOf(
  width: number,
  height: number,
  sampling: ChromaSampling = 'gray',
  bitDepth: BitDepth = 8,
  range: 'limited' | 'full' = 'full',
): FrameFormat {
  return {
    ...{ width, height, pixelFormat: { sampling, bitDepth }, sampleAspectRatio: { num: 1, den: 1 } },
    ...{ color: { matrix: 'smpte170m', transfer: 'smpte170m', primaries: 'smpte170m', range }, chromaLocation: 'left' },
  };
}

/** A frame that counts how often it is disposed. */
export interface CountedFrame extends Frame {
  readonly disposals: { count: number };
}

export function frameOf(index: number, format: FrameFormat, scene: Scene, chromaGrid?: ChromaGrid): CountedFrame {
  const { bitDepth } = format.pixelFormat;
  const unit = 2 ** (bitDepth - 8);
  const [black, span] = format.color.range === 'limited' ? [16 * unit, 219 * unit] : [0, 2 ** bitDepth - 1];
  const planes = planeSizes(format).map(({ width, height }, plane) => {
    const data = bitDepth === 8 ? new Uint8Array(width * height) : new Uint16Array(width * height);
    for (let i = 0; i < data.length; i++) {
      const value = Math.min(1, Math.max(0, scene(i % width, Math.floor(i / width))));
      data[i] = plane === 0 ? Math.round(black + span * value) : (128 + plane * 5 + (i % 7)) * unit;
    }
    return data;
  });
  const disposals = { count: 0 };
  return {
    ...{ index, pts: BigInt(index) * 512n, duration: 512n, format, planes, disposals },
    ...(chromaGrid ? { chromaGrid } : {}),
    dispose: () => {
      disposals.count++;
    },
  };
}

/** A film of frames that are all there is to it: a scene a frame. */
export function filmOf(
  count: number,
  size: readonly [width: number, height: number],
  scene: (t: number) => Scene,
  sampling?: ChromaSampling,
  depth?: BitDepth,
): CountedFrame[] {
  const format = formatOf(...size, sampling, depth);
  return Array.from({ length: count }, (_, t) => frameOf(t, format, scene(t)));
}

/** Shots that begin at `starts` and end with frame `end` - 1. */
export const shotsOf = (starts: readonly number[], end: number): Shot[] =>
  starts.map((start, index) => ({ index, range: { start, end: starts[index + 1] ?? end } }));

export async function* streamOf(frames: readonly Frame[]): FrameStream {
  for (const frame of frames) {
    await Promise.resolve();
    yield frame;
  }
}

export const contextOf = (shots: readonly Shot[], signal = new AbortController().signal): StageContext => ({
  shots,
  signal,
  warn: (message) => {
    throw new Error(message);
  },
});

/** Everything that a stage yields for these frames. */
export async function runStage(stage: Stage, frames: readonly Frame[], shots: readonly Shot[]): Promise<Frame[]> {
  const out: Frame[] = [];
  for await (const frame of stage.run(streamOf(frames), contextOf(shots))) out.push(frame);
  return out;
}

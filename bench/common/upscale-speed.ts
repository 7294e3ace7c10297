import { restoreStages, type Engine, type ResolvedModel } from '../../src/restore/index.ts';
import type { Frame, Plane } from '../../src/core/frame.ts';
import { formatOf, frameOf } from '../quality/shipped.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Speed {
  readonly framesPerSecond: number;
  /** Share of the time that the workers of the device were inside networks. */
  readonly busy: number;
}

/** A frame of 8 bits with gradients and detail, gray or 4:2:0. */
export function drawnFrame({ width, height }: Size, sampling: 'gray' | '420', index = 0): Frame {
  const drawn = (w: number, h: number): Plane =>
    Uint8Array.from({ length: w * h }, (_, i) => {
      const [x, y] = [i % w, Math.floor(i / w)];
      return 128 + 60 * Math.sin((x + index) / 9) * Math.cos(y / 13) + ((i * 2654435761) >>> 28);
    });
  const half = [(width + 1) >> 1, (height + 1) >> 1] as const;
  const chroma = sampling === 'gray' ? [] : [drawn(...half), drawn(...half)];
  return frameOf(formatOf(width, height, { sampling, bitDepth: 8 }), [drawn(width, height), ...chroma], index);
}

/**
 * The stage that ships, with frames in memory on both sides. `engine` must not reuse results, since all frames are alike.
 * `workers` are those of its device; it gets some frames first, so that networks are open and warm.
 */
export async function upscaleSpeed(
  engine: Engine,
  model: ResolvedModel,
  from: Size,
  to: Size,
  options: {
    readonly seconds: number;
    readonly workers: number;
    readonly sampling: 'gray' | '420';
    readonly warn?: (message: string) => void;
  },
): Promise<Speed> {
  const stage = restoreStages.find(({ kind }) => kind === 'upscale')?.create(to, { engine, model });
  if (!stage) throw new Error('There is no stage that upscales.');
  const { signal } = new AbortController();
  const drawn = drawnFrame(from, options.sampling);
  const pass = async (most: number, seconds: number): Promise<number> => {
    const since = performance.now();
    // eslint-disable-next-line @typescript-eslint/require-await -- stages take async iterables
    const frames = (async function* () {
      for (let i = 0; i < most && (i < options.workers || performance.now() - since < seconds * 1000); i++) {
        // Planes of their own: the same ones would tell the stage that nothing has changed.
        const planes = drawn.planes.map((plane) => plane.slice());
        yield frameOf(drawn.format, planes, i);
      }
    })();
    const shots = [{ index: 0, range: { start: 0, end: Number.MAX_SAFE_INTEGER } }];
    let count = 0;
    for await (const frame of stage.run(frames, { signal, shots, warn: options.warn ?? console.error })) {
      frame.dispose();
      count++;
    }
    return count;
  };
  await pass(options.workers, 0);
  const before = engine.busySeconds().inference;
  const since = performance.now();
  const frames = await pass(Number.MAX_SAFE_INTEGER, options.seconds);
  const wall = (performance.now() - since) / 1000;
  const busy = (engine.busySeconds().inference - before) / (wall * options.workers);
  return { framesPerSecond: frames / wall, busy };
}

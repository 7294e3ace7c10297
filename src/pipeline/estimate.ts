import { setMaxListeners } from 'node:events';
import type { Estimate } from '../core/events.ts';
import { frameBytes } from '../core/format.ts';
import type { FrameStream } from '../core/frame.ts';
import type { Codec, Plan } from '../core/plan.ts';
import { toNumber } from '../core/rational.ts';
import { decodeFrames } from '../decode/index.ts';
import { buildStages, closeStages } from './build-stages.ts';

/** Frames that are run through the stages to tell their speed, after as many to warm up. */
const MEASURED_FRAMES = 4;

/**
 * Bits per pixel and frame at the codec's default quality, from encodes of grainy film; lossless and intra codecs as a
 * share of the raw picture. Real films lie between half and twice of it.
 */
const BITS_PER_PIXEL: Readonly<Record<Codec, number>> = { hevc: 0.12, h264: 0.18, av1: 0.1, prores: 5, ffv1: 9 };

/** How much of a picture's bits at strength 1 fresh grain is, over those of the picture, by its square: for codecs that spend bits on it. */
const GRAIN_BITS: Readonly<Partial<Record<Codec, number>>> = { hevc: 18, h264: 18, av1: 18 };

/** Forecast of a run. Time is measured on a few frames when `measure` is set, and left open otherwise. */
export async function estimatePlan(
  plan: Plan,
  control: { readonly signal?: AbortSignal; readonly measure?: boolean } = {},
): Promise<Estimate> {
  const frames = expectedFrames(plan);
  const pictureBytes = Math.round(frames * pictureBytesAFrame(plan));
  const outputBytes = pictureBytes + besideBytes(plan, frames);
  // Segments and the joined file lie beside each other for a moment.
  const diskBytes = pictureBytes + outputBytes + 4 * frameBytes(plan.encode.format);
  if (control.measure !== true) return { frames, seconds: undefined, outputBytes, diskBytes, basis: 'not measured' };
  const rate = await measureSpeed(plan, control.signal ?? new AbortController().signal);
  return {
    frames,
    seconds: rate > 0 ? Math.round(frames / rate) : undefined,
    outputBytes,
    diskBytes,
    basis: `${MEASURED_FRAMES} frames on this machine, without encoding`,
  };
}

/** Frames between `--start` and the end of `--duration` or of the film, whichever comes first. */
function expectedFrames({ media, decode }: Plan): number {
  const { startSeconds = 0, durationSeconds = Number.POSITIVE_INFINITY } = decode;
  const rate = toNumber(decode.frameRate);
  const left = media.video.estimatedFrames - Math.floor(startSeconds * rate);
  return Math.max(1, Math.min(left, Math.ceil(durationSeconds * rate)));
}

/** Expected size of an encoded frame. */
export function pictureBytesAFrame({ encode: { codec, format }, stages }: Plan): number {
  const grain = Number(stages.find(({ kind }) => kind === 'grain')?.options['strength'] ?? 0);
  const bits = BITS_PER_PIXEL[codec] * (1 + (GRAIN_BITS[codec] ?? 0) * grain ** 2);
  return (format.width * format.height * bits) / 8;
}

/** What is kept beside the picture, as far as the source says how large it is; sound that is not compressed may be the most of it. */
function besideBytes({ media, streams, decode }: Plan, frames: number): number {
  const seconds = frames / toNumber(decode.frameRate);
  const kept = new Set(
    streams.filter(({ action }) => action === 'copy' || action === 'convert').map(({ index }) => index),
  );
  const bitRate = media.streams.reduce((sum, stream) => sum + (kept.has(stream.index) ? (stream.bitRate ?? 0) : 0), 0);
  return Math.round((seconds * bitRate) / 8);
}

/** Frames a second of decode and stages. */
async function measureSpeed(plan: Plan, outer: AbortSignal): Promise<number> {
  const local = new AbortController();
  const signal = AbortSignal.any([outer, local.signal]);
  setMaxListeners(0, signal);
  const built = await buildStages(plan, {}, signal);
  try {
    let stream: FrameStream = decodeFrames(plan.decode, { signal });
    const shots = [{ index: 0, range: { start: 0, end: Number.MAX_SAFE_INTEGER } }];
    for (const stage of built.stages) stream = stage.run(stream, { signal, shots, warn: () => undefined });
    let seen = 0;
    let startedAt = performance.now();
    for await (const frame of stream) {
      frame.dispose();
      seen++;
      if (seen === MEASURED_FRAMES) startedAt = performance.now();
      if (seen === 2 * MEASURED_FRAMES) break;
    }
    const elapsed = performance.now() - startedAt;
    return seen > MEASURED_FRAMES && elapsed > 0 ? ((seen - MEASURED_FRAMES) * 1000) / elapsed : 0;
  } finally {
    local.abort();
    await closeStages(built);
  }
}

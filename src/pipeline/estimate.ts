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

/** Forecast of a run. Time is measured on a few frames when `measure` is set, and left open otherwise. */
export async function estimatePlan(
  plan: Plan,
  control: { readonly signal?: AbortSignal; readonly measure?: boolean } = {},
): Promise<Estimate> {
  const { video, durationSeconds } = plan.media;
  const trimmed = plan.decode.durationSeconds ?? Math.max(0, (durationSeconds ?? 0) - (plan.decode.startSeconds ?? 0));
  const isWhole = plan.decode.startSeconds === undefined && plan.decode.durationSeconds === undefined;
  const frames = isWhole
    ? video.estimatedFrames
    : Math.min(video.estimatedFrames, Math.ceil(trimmed * toNumber(plan.decode.frameRate)));
  const { width, height } = plan.encode.format;
  const outputBytes = Math.round((frames * width * height * BITS_PER_PIXEL[plan.encode.codec]) / 8);
  // Segments and the joined file lie beside each other for a moment.
  const diskBytes = 2 * outputBytes + 4 * frameBytes(plan.encode.format);
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

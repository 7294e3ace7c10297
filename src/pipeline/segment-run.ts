import { setMaxListeners } from 'node:events';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { DiskGuard } from '../batch/disk-guard.ts';
import type { Journal } from '../batch/journal.ts';
import { RestorationError, toRestorationError } from '../core/errors.ts';
import type { Doubt, RestoreEvent } from '../core/events.ts';
import type { Frame, FrameStream } from '../core/frame.ts';
import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import { contains, rangeLength, type FrameRange, type Segment } from '../core/range.ts';
import { ticksToSeconds } from '../core/rational.ts';
import type { Stage } from '../core/stage.ts';
import { assertNotReplaced, decodeFrames } from '../decode/index.ts';
import { openSegmentEncoder, segmentExtension, type SegmentEncoder } from '../encode/index.ts';
import { publish } from '../platform/files.ts';
import { DoubtMeter } from '../temporal/index.ts';
import { backOff, MAX_ATTEMPTS } from './attempts.ts';
import { prefetch, type Junction } from './flow.ts';
import type { ProgressMeter } from './progress.ts';
import { shareRepeats } from './repeats.ts';
import { UNFINISHED } from './workdir.ts';

/** Decoded frames that may wait for the stages, and finished frames that may wait for the encoder. */
const DECODE_AHEAD = 3;
const ENCODE_BEHIND = 2;

/**
 * In the name of what is not finished: a program that outlives a killed run goes on writing, and must not write into what
 * the next run makes.
 */
export const RUN = randomUUID().slice(0, 8);

export interface SegmentRunContext {
  readonly plan: Plan;
  readonly index: FrameIndex;
  readonly stages: readonly Stage[];
  /** Whether pictures that repeat the one before them are not computed again. */
  readonly reuse: boolean;
  readonly folder: string;
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly emit: (event: RestoreEvent) => void;
  readonly progress: ProgressMeter;
  readonly disk: DiskGuard;
  /** Expected size of an encoded frame. */
  readonly frameSizeBytes: number;
  readonly decodeJunction: Junction;
  readonly encodeJunction: Junction;
}

export const segmentFile = (plan: Plan, segment: Segment): string =>
  `segment-${String(segment.index).padStart(6, '0')}${segmentExtension(plan.encode)}`;

/**
 * Restores neighboring segments in one pass: one decode, one chain of stages, an encoder a segment. What fails costs one
 * attempt at the segment it hit; finished ones stay. Throws what the last attempt threw.
 */
export async function processRun(run: readonly Segment[], context: SegmentRunContext): Promise<void> {
  const { signal, plan, emit, progress } = context;
  const remaining = [...run];
  let attempt = 1;
  for (;;) {
    try {
      await pass(remaining, context, (segment) => {
        remaining.shift();
        progress.segmentDone(rangeLength(segment.range));
        attempt = 1;
      });
      return;
    } catch (caught) {
      signal.throwIfAborted();
      const error = toRestorationError(caught);
      const segment = remaining[0];
      if (segment && error.code === 'DISK_FULL') {
        // Nobody's fault, and no attempt: it goes on when there is room.
        progress.rewind();
        await context.disk.wait(segmentBytes(segment, context));
        continue;
      }
      if (!segment || !error.retryable || attempt >= MAX_ATTEMPTS) throw error;
      emit({
        type: 'segment',
        input: plan.media.path,
        index: segment.index,
        ...segment.range,
        state: 'retry',
        reason: `${error.message} (attempt ${attempt} of ${MAX_ATTEMPTS})`,
      });
      progress.rewind();
      await backOff(attempt, signal);
      attempt++;
    }
  }
}

async function pass(
  segments: readonly Segment[],
  context: SegmentRunContext,
  onDone: (segment: Segment) => void,
): Promise<void> {
  const queue = [...segments];
  const [first, last] = [queue[0], queue.at(-1)];
  if (!first || !last) return;
  const local = new AbortController();
  const signal = AbortSignal.any([context.signal, local.signal]);
  setMaxListeners(0, signal);
  const range = { start: first.range.start - first.leadIn, end: last.range.end + last.leadOut };
  const wanted = { start: first.range.start, end: last.range.end };
  const meter = new DoubtMeter(context.index.shots, secondsOf(context));
  const frames = chain(range, wanted, meter, signal, context);
  let current: { readonly segment: Segment; readonly encoder: SegmentEncoder; readonly temporary: string } | undefined;
  // Segments end one after the other, while the next one is being encoded already.
  let closing: Promise<void> = Promise.resolve();
  let expected = first.range.start;
  try {
    for await (const frame of frames) {
      try {
        if (!contains(wanted, frame.index)) continue;
        if (frame.index !== expected) {
          throw new RestorationError('INTERNAL', `Frame ${expected} is missing; frame ${frame.index} came instead.`, {
            retryable: true,
          });
        }
        if (!current) {
          const segment = queue.shift();
          if (!segment) throw new RestorationError('INTERNAL', `Frame ${frame.index} belongs to no segment.`);
          await checkSpace(segment, context, closing);
          current = openSegment(segment, context);
        }
        meter.lookAtPicture(frame);
        await current.encoder.write(frame);
        context.progress.frameDone();
        expected++;
      } finally {
        frame.dispose();
      }
      if (current.segment.range.end !== expected) continue;
      await closing;
      closing = finishSegment(current, meter.take(current.segment.range), context, onDone);
      current = undefined;
      // Awaited above or below; without this a failure in between would end the program.
      closing.catch(() => local.abort());
    }
    await closing;
    if (expected !== last.range.end) {
      throw new RestorationError('DECODE_FAILED', `The film ended at frame ${expected} of ${last.range.end}.`, {
        retryable: true,
      });
    }
  } catch (error) {
    local.abort();
    await current?.encoder.abort();
    // A segment that has all its frames is finished all the same; where that fails, it is the cause, not the abort that it led to.
    await closing;
    throw error;
  }
}

/** When a frame is shown, in seconds from the beginning of the result. */
function secondsOf({ plan, index }: SegmentRunContext): (frame: number) => number {
  const first = index.pts[0] ?? 0n;
  return (frame) => ticksToSeconds((index.pts[frame] ?? first) - first, plan.decode.timeBase);
}

/** decode -> stages, with room for frames between the parts so that they work at the same time. */
function chain(
  range: FrameRange,
  wanted: FrameRange,
  meter: DoubtMeter,
  signal: AbortSignal,
  context: SegmentRunContext,
): FrameStream {
  const { plan, index, stages, emit } = context;
  const decoded = decodeFrames(plan.decode, { signal, index, range });
  const pictures = prefetch(decoded, DECODE_AHEAD, context.decodeJunction);
  let frames = context.reuse ? shareRepeats(pictures) : pictures;
  const warn = (message: string): void => emit({ type: 'warning', input: plan.media.path, message });
  const led = stages.findLastIndex((stage) => reachOf(stage) > 0);
  for (const [at, stage] of stages.entries()) {
    // Frames that only warm temporal stages up need not go through what comes after these.
    if (at === led + 1) frames = within(wanted, frames);
    // Predicted color is still small there, and as steady as it gets.
    if (stage.kind === 'apply-chroma') frames = tapped(frames, (frame) => meter.lookAtColor(frame));
    frames = stage.run(frames, { signal, shots: index.shots, warn, stage: stage.kind });
  }
  return prefetch(frames, ENCODE_BEHIND, context.encodeJunction);
}

const reachOf = ({ lookBack, temporalRadius }: Stage): number => Math.max(lookBack ?? 0, temporalRadius);

async function* within(wanted: FrameRange, frames: FrameStream): FrameStream {
  for await (const frame of frames) {
    if (contains(wanted, frame.index)) yield frame;
    else frame.dispose();
  }
}

async function* tapped(frames: FrameStream, look: (frame: Frame) => void): FrameStream {
  for await (const frame of frames) {
    look(frame);
    yield frame;
  }
}

const segmentBytes = (segment: Segment, context: SegmentRunContext): number =>
  rangeLength(segment.range) * context.frameSizeBytes;

/** Throws DISK_FULL when a segment may not fit, once the one before it is safe. */
async function checkSpace(segment: Segment, context: SegmentRunContext, closing: Promise<void>): Promise<void> {
  try {
    await context.disk.check(segmentBytes(segment, context));
  } catch (error) {
    await closing;
    throw error;
  }
}

/** Its encoder ends with the run, not with the pass: while it ends, the pass may fail in the segment after it. */
function openSegment(
  segment: Segment,
  { plan, folder, signal }: SegmentRunContext,
): { segment: Segment; encoder: SegmentEncoder; temporary: string } {
  const name = segmentFile(plan, segment);
  const extension = path.extname(name);
  const temporary = path.join(folder, `${path.basename(name, extension)}${UNFINISHED}-${RUN}${extension}`);
  const encoder = openSegmentEncoder(plan.encode, {
    path: temporary,
    timeBase: plan.decode.timeBase,
    frameRate: plan.decode.frameRate,
    signal,
  });
  return { segment, encoder, temporary };
}

async function finishSegment(
  { segment, encoder, temporary }: { segment: Segment; encoder: SegmentEncoder; temporary: string },
  doubts: readonly Doubt[],
  { plan, folder, journal, emit }: SegmentRunContext,
  onDone: (segment: Segment) => void,
): Promise<void> {
  const { frames, sizeBytes } = await encoder.finish();
  if (frames !== rangeLength(segment.range)) {
    throw new RestorationError(
      'ENCODE_FAILED',
      `Segment ${segment.index} holds ${frames} frames instead of ${rangeLength(segment.range)}.`,
      { retryable: true },
    );
  }
  // Pictures of another file may come at the same times.
  await assertNotReplaced(plan.media);
  const file = segmentFile(plan, segment);
  await publish(temporary, path.join(folder, file), folder);
  const noted = doubts.length > 0 ? { doubts } : {};
  await journal.append({ segment: segment.index, ...segment.range, file, frames, sizeBytes, ...noted });
  onDone(segment);
  emit({ type: 'segment', input: plan.media.path, index: segment.index, ...segment.range, state: 'done', ...noted });
}

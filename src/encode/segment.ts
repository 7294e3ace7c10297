import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { RestorationError } from '../core/errors.ts';
import type { FrameFormat } from '../core/format.ts';
import type { Frame } from '../core/frame.ts';
import { NutWriter } from '../core/nut/writer.ts';
import type { EncodePlan } from '../core/plan.ts';
import type { Rational } from '../core/rational.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { removeFile, statOrUndefined } from '../platform/files.ts';
import { startProcess, type RunningProcess } from '../platform/process.ts';
import { createCanvas, type Canvas } from './canvas.ts';
import { isDiskFull, writeFailure } from './messages.ts';
import { leadTicks, segmentArgs } from './segment-args.ts';
import { Watchdog } from './watchdog.ts';

export interface SegmentEncoderOptions {
  /** Temporary file; whoever opened the encoder gives it its name when `finish` has returned. */
  readonly path: string;
  /** Ticks of the frames' pts. */
  readonly timeBase: Rational;
  readonly frameRate: Rational;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which the encoder counts as hung; default 120 s. */
  readonly stallMs?: number;
}

export interface SegmentEncoder {
  /** Resolves when the pipe has taken the picture (back-pressure); the frame is not disposed. */
  write(frame: Frame): Promise<void>;
  /** Ends the file and waits until it is whole. */
  finish(): Promise<{ readonly frames: number; readonly sizeBytes: number }>;
  /** Ends the encoder, waits until it is gone and removes its file. Never throws; safe to call at any time. */
  abort(): Promise<void>;
}

/** What runs from the first frame on. */
interface Running {
  readonly process: RunningProcess;
  readonly stdin: Writable;
  readonly nut: NutWriter;
  readonly canvas: Canvas;
  readonly format: FrameFormat;
}

/**
 * Encodes one segment: pictures of the plan's size (or of its `pad`) in order, each with its own pts. The encoder starts
 * with the first frame, whose sample format decides the pipe's. Errors: ENCODE_FAILED (retryable) when it died, hung or
 * lost a frame, DISK_FULL; an abort throws the signal's reason.
 */
export function openSegmentEncoder(plan: EncodePlan, options: SegmentEncoderOptions): SegmentEncoder {
  return new PipeEncoder(plan, options);
}

class PipeEncoder implements SegmentEncoder {
  readonly #plan: EncodePlan;
  readonly #options: SegmentEncoderOptions;
  readonly #watchdog: Watchdog;
  #running: Running | undefined;
  #written = 0;
  #encoded = 0;
  #aborted = false;
  #gone = false;
  /** Ends the wait for a write that the process will not take any more. */
  #giveUp: (() => void) | undefined;

  constructor(plan: EncodePlan, options: SegmentEncoderOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#watchdog = new Watchdog(options.stallMs ?? 120_000, () => this.#running?.process.kill());
  }

  async write(frame: Frame): Promise<void> {
    const running = this.#running ?? (await this.#start(frame.format));
    const { format, canvas, nut, stdin, process } = running;
    const { width, height, pixelFormat } = frame.format;
    if (
      width !== format.width ||
      height !== format.height ||
      pixelFormat.bitDepth !== format.pixelFormat.bitDepth ||
      pixelFormat.sampling !== format.pixelFormat.sampling
    ) {
      throw new RestorationError('INTERNAL', `Frame ${frame.index} has another format than the segment's first one.`);
    }
    const planes = canvas.compose(frame);
    const sizeBytes = planes.reduce((sum, plane) => sum + plane.byteLength, 0);
    const taken = new Promise<boolean>((resolve) => {
      // The callback of a write to a dead process may never come.
      this.#giveUp = () => {
        resolve(false);
      };
      if (this.#gone) resolve(false);
      stdin.cork();
      stdin.write(nut.frameHeader(frame.pts + leadTicks(this.#options.timeBase), sizeBytes));
      planes.forEach((plane, index) => {
        const isLast = index === planes.length - 1;
        stdin.write(plane, isLast ? (error) => resolve(!error) : undefined);
      });
      stdin.uncork();
    });
    const ok = await this.#watchdog.watch(taken);
    // The last one to look at the frame: what waits for the end of the process must not hold on to it until then.
    this.#giveUp = undefined;
    if (!ok) throw await this.#failure(process);
    this.#written++;
  }

  async finish(): Promise<{ frames: number; sizeBytes: number }> {
    const { process, stdin } = this.#running ?? {};
    if (!process || !stdin) throw new RestorationError('ENCODE_FAILED', 'No frame reached the encoder of a segment.');
    stdin.end();
    const { code } = await this.#watchdog.watch(process.exited);
    if (code !== 0 || isDiskFull(process.stderrTail())) throw await this.#failure(process);
    if (this.#encoded !== this.#written) {
      throw new RestorationError(
        'ENCODE_FAILED',
        `The encoder ${this.#plan.encoder} returned ${this.#encoded} of ${this.#written} frames.`,
        { retryable: true },
      );
    }
    const sizeBytes = (await statOrUndefined(this.#options.path))?.size ?? 0;
    return { frames: this.#written, sizeBytes };
  }

  async abort(): Promise<void> {
    this.#aborted = true;
    const process = this.#running?.process;
    process?.kill();
    await process?.exited;
    await removeFile(this.#options.path).catch(() => undefined);
  }

  async #start(format: FrameFormat): Promise<Running> {
    const { ffmpeg } = await findFfmpeg();
    const { path, timeBase, frameRate, signal } = this.#options;
    const canvas = createCanvas(format, this.#plan);
    const args = segmentArgs({ plan: this.#plan, frames: canvas.format, timeBase, frameRate, path });
    const process = startProcess(ffmpeg, args, { stdin: 'pipe', stdout: 'pipe', signal });
    const { stdin, stdout } = process;
    if (!stdin || !stdout) throw new RestorationError('INTERNAL', 'The encoder was started without its pipes.');
    void process.exited.then(() => {
      this.#gone = true;
      this.#giveUp?.();
    });
    stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#watchdog.alive();
      for (const match of text.matchAll(/^frame=\s*(\d+)/gm)) this.#encoded = Number(match[1]);
    });
    const nut = new NutWriter({
      width: canvas.format.width,
      height: canvas.format.height,
      sampleAspectRatio: format.sampleAspectRatio,
      timeBase,
      pixelFormat: format.pixelFormat,
      frameRate,
    });
    stdin.write(nut.header());
    this.#running = { process, stdin, nut, canvas, format };
    return this.#running;
  }

  /** Why the process took no more: known only once it is gone. */
  async #failure(process: RunningProcess): Promise<Error> {
    const { encoder } = this.#plan;
    // It closed its input and may still be saying why.
    const patience = AbortSignal.timeout(5_000);
    await Promise.race([process.exited, once(patience, 'abort')]);
    process.kill();
    const { code, signal } = await process.exited;
    this.#options.signal.throwIfAborted();
    if (this.#aborted) return new RestorationError('STOPPED', 'The encoder was stopped.');
    if (this.#watchdog.fired) {
      const seconds = Math.round((this.#options.stallMs ?? 120_000) / 1000);
      return new RestorationError('ENCODE_FAILED', `The encoder ${encoder} hung: no progress for ${seconds} s.`, {
        retryable: true,
      });
    }
    if (code === null && signal !== null) {
      const where = `after ${this.#written} frames of a segment`;
      return new RestorationError('ENCODE_FAILED', `The encoder ${encoder} was killed (${signal}) ${where}.`, {
        retryable: true,
      });
    }
    return writeFailure(`a segment with ${encoder} (${this.#options.path})`, process.stderrTail());
  }
}

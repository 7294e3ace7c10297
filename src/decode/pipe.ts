import { RestorationError } from '../core/errors.ts';
import { NutReader, type NutFrame } from '../core/nut/reader.ts';
import type { NutStreamInfo } from '../core/nut/wire.ts';
import type { BufferPool } from '../core/pool.ts';
import { startProcess } from '../platform/process.ts';

export interface PictureSource {
  readonly command: string;
  readonly args: readonly string[];
  /** What is read, for messages. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly pool: BufferPool;
  /** A decoder that gives no byte for this long while pictures are wanted is taken for dead. */
  readonly stallMs: number;
  readonly onStderrLine?: ((line: string) => void) | undefined;
}

export interface PipedPicture extends NutFrame {
  readonly info: NutStreamInfo;
}

/** Pictures that are held ready while the consumer works; the pipe is paused beyond that. */
const QUEUE_DEPTH = 3;

const lastLine = (text: string): string =>
  text
    .trimEnd()
    .split(/\r?\n|\r/)
    .at(-1)
    ?.trim() ?? '';

/**
 * Runs a decoder and yields the pictures of its NUT output. Ends only when the stream is whole and the process has exited with 0;
 * else throws DECODE_FAILED (retryable). Leaving early, or an abort, kills the process; either way the generator
 * returns only after the process is gone.
 */
export async function* pipePictures(source: PictureSource): AsyncGenerator<PipedPicture, void, undefined> {
  const queue: NutFrame[] = [];
  // Set from the callbacks below.
  const state: { failure: Error | undefined; ended: boolean } = { failure: undefined, ended: false };
  let count = 0;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  const reader = new NutReader(
    (frame) => queue.push(frame),
    (bytes) => source.pool.take(bytes),
  );
  const child = startProcess(source.command, source.args, {
    stdout: 'pipe',
    signal: source.signal,
    ...(source.onStderrLine ? { onStderrLine: source.onStderrLine } : {}),
  });
  const out = child.stdout;
  if (out === null) throw new RestorationError('DECODE_FAILED', `The decoder of ${source.path} has no output.`);
  const fail = (message: string, hint: string): void => {
    state.failure ??= new RestorationError('DECODE_FAILED', message, { hint, retryable: true });
    state.ended = true;
    child.kill();
    notify();
  };
  let watchdog: NodeJS.Timeout | undefined;
  const watch = (): void => {
    clearTimeout(watchdog);
    if (state.ended || out.isPaused()) return;
    watchdog = setTimeout(() => {
      fail(
        `The decoder of ${source.path} has given nothing for ${Math.round(source.stallMs / 1000)} seconds.`,
        'Check that the file can be read without long waits (network drives), then run the same command again.',
      );
    }, source.stallMs);
  };
  out.on('data', (chunk: Buffer) => {
    try {
      reader.feed(chunk);
    } catch (error) {
      fail(
        `The decoder of ${source.path} gave what is no picture stream (${String(error)}).`,
        lastLine(child.stderrTail()),
      );
      return;
    }
    if (queue.length >= QUEUE_DEPTH) out.pause();
    watch();
    if (queue.length > 0) notify();
  });
  out.once('end', () => {
    state.ended = true;
    clearTimeout(watchdog);
    notify();
  });
  out.once('error', (error) => {
    fail(`The pipe of the decoder of ${source.path} broke (${error.message}).`, 'Run the same command again.');
  });
  // A program that could not be started has no 'end'.
  void child.exited.then(() => {
    state.ended = true;
    notify();
  });
  watch();
  try {
    for (;;) {
      const frame = queue.shift();
      if (frame) {
        if (queue.length < QUEUE_DEPTH && out.isPaused()) {
          out.resume();
          watch();
        }
        if (reader.info === undefined) throw new Error('NUT: a picture before the stream header');
        count++;
        yield { ...frame, info: reader.info };
      } else if (state.ended) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    source.signal?.throwIfAborted();
    if (state.failure) throw state.failure;
    const { code, signal } = await child.exited;
    source.signal?.throwIfAborted();
    // Without a picture there is no index either, and nothing that could be missing.
    if (code !== 0 || !(reader.complete || (count === 0 && reader.atBoundary))) {
      const how = signal === null ? `with exit code ${String(code)}` : `by signal ${signal}`;
      const said = lastLine(child.stderrTail());
      throw new RestorationError(
        'DECODE_FAILED',
        `The decoder of ${source.path} ended ${how} before its last picture.`,
        {
          hint: said === '' ? 'Run the same command again.' : `FFmpeg said: ${said}`,
          retryable: true,
        },
      );
    }
  } finally {
    clearTimeout(watchdog);
    state.ended = true;
    out.removeAllListeners('data');
    out.resume();
    child.kill();
    await child.exited;
    for (const frame of queue.splice(0)) source.pool.give(frame.data);
  }
}

import type { Frame, FrameStream } from '../core/frame.ts';

/** What a junction between two parts of the pipeline saw: which side had to wait for the other. */
export interface Junction {
  /** Milliseconds the consumer waited for a frame. */
  starvedMs: number;
  /** Milliseconds the producer waited for room. */
  blockedMs: number;
}

/**
 * Lets the producer run ahead of the consumer by at most `depth` frames, so that decode, restore and encode work at the
 * same time. When either side ends early the frames in between are disposed and the producer is closed.
 */
export async function* prefetch(frames: FrameStream, depth: number, junction?: Junction): FrameStream {
  const queue: Frame[] = [];
  const failures: unknown[] = [];
  // An object, because both change while the other side waits.
  const state = { ended: false, closed: false };
  const isClosed = (): boolean => state.closed;
  let wakeConsumer: (() => void) | undefined;
  let wakeProducer: (() => void) | undefined;

  const pump = async (): Promise<void> => {
    try {
      for await (const frame of frames) {
        if (isClosed()) {
          frame.dispose();
          return;
        }
        queue.push(frame);
        wakeConsumer?.();
        if (queue.length < depth) continue;
        const since = performance.now();
        await new Promise<void>((resolve) => (wakeProducer = resolve));
        wakeProducer = undefined;
        if (junction) junction.blockedMs += performance.now() - since;
        if (isClosed()) return;
      }
    } catch (error) {
      failures.push(error);
    } finally {
      state.ended = true;
      wakeConsumer?.();
    }
  };
  const pumping = pump();
  try {
    for (;;) {
      const frame = queue.shift();
      if (frame) {
        if (queue.length < depth) wakeProducer?.();
        yield frame;
        continue;
      }
      if (state.ended) {
        if (failures.length > 0) throw failures[0];
        return;
      }
      const since = performance.now();
      await new Promise<void>((resolve) => (wakeConsumer = resolve));
      wakeConsumer = undefined;
      if (junction) junction.starvedMs += performance.now() - since;
    }
  } finally {
    state.closed = true;
    wakeProducer?.();
    await pumping;
    for (const frame of queue) frame.dispose();
  }
}

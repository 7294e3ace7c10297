import type { Frame, FrameStream } from '../core/frame.ts';
import { shotAt } from '../core/range.ts';
import type { StageContext } from '../core/stage.ts';

/** What a temporal stage does with a frame and its neighbors. `Item` is the little that it keeps of each frame. */
export interface WindowWork<Item> {
  /** Undefined: this frame passes through and nothing is shared across it. */
  prepare(frame: Frame): Item | undefined;
  /** Whether two frames that follow each other can be neighbors. */
  fits(before: Item, after: Item): boolean;
  /** The result for `frame`, whose item is `items[middle]`; takes the frame over (hands it on or disposes it). */
  finish(frame: Frame, items: readonly Item[], middle: number): Frame;
}

/**
 * Runs `work` over a stream: each frame with up to `radius` neighbors on each side, in its shot and without a gap in
 * between, and never more. So a result depends on its neighborhood only, wherever the stream begins. Holds `radius` + 1
 * frames and twice as many items.
 */
export async function* overWindow<Item>(
  frames: FrameStream,
  radius: number,
  work: WindowWork<Item>,
  { shots, signal }: StageContext,
): FrameStream {
  /** Neighbors without a gap; `waiting` are the frames of the last of them. */
  let items: Item[] = [];
  const waiting: Frame[] = [];
  let arriving: Frame | undefined;
  let expected: number | undefined;

  const finishNext = (): Frame | undefined => {
    const frame = waiting[0];
    if (!frame) return undefined;
    const middle = items.length - waiting.length;
    const from = Math.max(0, middle - radius);
    const result = work.finish(frame, items.slice(from, middle + radius + 1), middle - from);
    waiting.shift();
    // What lies further back than the next frame can see.
    items = items.slice(Math.max(0, middle + 1 - radius));
    return result;
  };

  try {
    for await (const frame of frames) {
      arriving = frame;
      signal.throwIfAborted();
      const shot = shotAt(shots, frame.index).range;
      const item = work.prepare(frame);
      const last = items.at(-1);
      const follows =
        item !== undefined &&
        frame.index === expected &&
        frame.index !== shot.start &&
        last !== undefined &&
        work.fits(last, item);
      if (!follows) {
        for (let done = finishNext(); done; done = finishNext()) yield done;
        items = [];
      }
      arriving = undefined;
      if (item === undefined) {
        expected = undefined;
        yield frame;
        continue;
      }
      waiting.push(frame);
      items.push(item);
      expected = frame.index + 1;
      const held = expected === shot.end ? 0 : radius;
      while (waiting.length > held) {
        const done = finishNext();
        if (done) yield done;
      }
    }
    for (let done = finishNext(); done; done = finishNext()) yield done;
  } finally {
    arriving?.dispose();
    for (const frame of waiting) frame.dispose();
  }
}

import type { Frame, FrameStream } from '../core/frame.ts';
import { shotAt } from '../core/range.ts';
import type { StageContext } from '../core/stage.ts';

/** What a temporal stage does with a frame and its neighbors. `Item` is the little that it keeps of each frame. */
export interface WindowWork<Item> {
  /** Undefined: this frame passes through and nothing is shared across it. */
  prepare(frame: Frame): Item | undefined;
  /** Whether two frames that follow each other can be neighbors. */
  fits(before: Item, after: Item): boolean;
  /** The result for `frame`, whose item is `items[middle]`; takes the frame over (hands it on or disposes it), if it succeeds. */
  finish(frame: Frame, items: readonly Item[], middle: number): Frame | Promise<Frame>;
  /** Told once nobody will look at an item again: it has left the window, and the results that it went into are there. */
  drop?(item: Item): void;
  /** Results that may be on their way at once beyond the one that is waited for; default 0. */
  readonly ahead?: number;
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

  /** Results in order, each perhaps still in work. */
  const flight: Promise<Frame>[] = [];
  const most = work.ahead ?? 0;

  /** How many still need an item: the window, and results in work. */
  const holders = new Map<Item, number>();
  const hold = (some: readonly Item[]): void => {
    for (const item of some) holders.set(item, (holders.get(item) ?? 0) + 1);
  };
  const letGo = (some: readonly Item[]): void => {
    for (const item of some) {
      const left = (holders.get(item) ?? 0) - 1;
      if (left > 0) holders.set(item, left);
      else {
        holders.delete(item);
        work.drop?.(item);
      }
    }
  };
  /** The first `count` items leave the window. */
  const leave = (count: number): void => {
    letGo(items.slice(0, count));
    items = items.slice(count);
  };
  const finished = async (frame: Frame, around: readonly Item[], middle: number): Promise<Frame> => {
    try {
      return await work.finish(frame, around, middle);
    } catch (error) {
      frame.dispose();
      throw error;
    } finally {
      letGo(around);
    }
  };
  const finishNext = (): boolean => {
    const frame = waiting.shift();
    if (!frame) return false;
    const middle = items.length - waiting.length - 1;
    const from = Math.max(0, middle - radius);
    const around = items.slice(from, middle + radius + 1);
    hold(around);
    const result = finished(frame, around, middle - from);
    // Whoever awaits it sees the failure; until then it must not count as unhandled.
    result.catch(() => undefined);
    flight.push(result);
    // What lies further back than the next frame can see.
    leave(Math.max(0, middle + 1 - radius));
    return true;
  };
  /** Results in order until no more than `left` are in work. */
  async function* done(left: number): FrameStream {
    while (flight.length > left) {
      const [first] = flight;
      const result = await first;
      void flight.shift();
      if (result) yield result;
    }
  }

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
        while (finishNext());
        leave(items.length);
      }
      arriving = undefined;
      if (item === undefined) {
        expected = undefined;
        flight.push(Promise.resolve(frame));
      } else {
        waiting.push(frame);
        items.push(item);
        hold([item]);
        expected = frame.index + 1;
        const held = expected === shot.end ? 0 : radius;
        while (waiting.length > held) finishNext();
      }
      yield* done(most);
    }
    while (finishNext());
    yield* done(0);
  } finally {
    arriving?.dispose();
    for (const frame of waiting) frame.dispose();
    leave(items.length);
    await Promise.all(flight.map((result) => result.then((frame) => frame.dispose()).catch(() => undefined)));
  }
}

import type { ChromaGrid, Frame, FrameStream } from '../../core/frame.ts';

/** Frames that cost nothing may be in flight beyond the limit, so many for each that counts. */
const FREE_FRAMES = 15;

/**
 * Works on up to `limit` frames at once (asked again for each) and yields the results in order. `work` owns the frame that
 * it gets: it disposes it, or passes the duty on with its result. Frames that are `free` do not count, within reason. When
 * either side ends early, what is in flight is awaited and disposed.
 */
export async function* mapFrames(
  frames: FrameStream,
  limit: number | (() => number),
  work: (frame: Frame) => Promise<Frame>,
  free: (frame: Frame) => boolean = () => false,
): FrameStream {
  const source = frames[Symbol.asyncIterator]();
  const flight: { readonly result: Promise<Frame>; readonly counts: boolean }[] = [];
  let counted = 0;
  let next: Promise<IteratorResult<Frame>> | undefined;
  let ended = false;
  const most = typeof limit === 'number' ? () => limit : limit;
  const pull = (): Promise<IteratorResult<Frame>> => {
    const pulled = Promise.resolve(source.next());
    // Whoever awaits it later sees the failure; until then it must not count as unhandled.
    void pulled.catch(() => undefined);
    return pulled;
  };
  try {
    for (;;) {
      if (!ended && !next && counted < most() && flight.length < most() * (1 + FREE_FRAMES)) next = pull();
      const [head] = flight;
      if (!head && !next) return;
      // A finished head goes out at once, even while the source is slow.
      const came = await Promise.race([...(head ? [head.result.then(() => undefined)] : []), ...(next ? [next] : [])]);
      if (came === undefined) {
        void flight.shift();
        if (head?.counts === true) counted--;
        if (head) yield await head.result;
      } else {
        next = undefined;
        if (came.done === true) ended = true;
        else {
          const counts = !free(came.value);
          const result = work(came.value);
          void result.catch(() => undefined);
          flight.push({ result, counts });
          if (counts) counted++;
        }
      }
    }
  } finally {
    const disposed = flight.map(({ result }) => result.then((frame) => frame.dispose()).catch(() => undefined));
    const pulled = next?.then(
      (step) => {
        if (step.done !== true) step.value.dispose();
      },
      () => undefined,
    );
    await Promise.all([...disposed, pulled]);
    await source.return?.();
  }
}

/** Work whose result depends on nothing but the frame's `inputs`. */
export interface PictureWork<Result> {
  /** What of the frame the result is made from, its memory above all: frames that show the same picture have the very same. */
  inputs(frame: Frame): readonly unknown[];
  /** Reads the frame until it settles, and leaves it to its caller. */
  compute(frame: Frame): Promise<Result>;
  /** The new frame, with memory that may be shared; takes over the duty to dispose the old one. */
  finish(frame: Frame, result: Result): Frame;
  /** A frame took the result of the one before it. */
  repeated?(): void;
}

/** As `mapFrames`; frames in a row with the very same inputs are computed once and share the result. */
export function mapPictures<Result>(
  frames: FrameStream,
  limit: number | (() => number),
  work: PictureWork<Result>,
): FrameStream {
  let last: { readonly inputs: readonly unknown[]; readonly result: Promise<Result> } | undefined;
  const repeats = (frame: Frame): boolean => {
    const inputs = work.inputs(frame);
    return last !== undefined && inputs.every((input, i) => input === last?.inputs[i]);
  };
  const finished = async (frame: Frame): Promise<Frame> => {
    if (last && repeats(frame)) work.repeated?.();
    else last = { inputs: work.inputs(frame), result: work.compute(frame) };
    const { result } = last;
    try {
      return work.finish(frame, await result);
    } catch (error) {
      frame.dispose();
      throw error;
    }
  };
  return mapFrames(frames, limit, finished, repeats);
}

/** A frame in the place of another, at the same index and times. `dispose` frees what the new planes hold. */
export function replaced(
  frame: Frame,
  changes: Pick<Frame, 'format' | 'planes' | 'dispose'> & { readonly chromaGrid?: ChromaGrid | undefined },
): Frame {
  const { index, pts, duration } = frame;
  const { format, planes, dispose, chromaGrid } = changes;
  return { index, pts, duration, format, planes, dispose, ...(chromaGrid ? { chromaGrid } : {}) };
}

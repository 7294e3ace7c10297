import type { ChromaGrid, Frame, FrameStream } from '../../core/frame.ts';

/**
 * Works on up to `limit` frames at once (asked again for each) and yields the results in order. `work` owns the frame that it gets: it disposes
 * it, or passes the duty on with its result. When either side ends early, what is in flight is awaited and disposed.
 */
export async function* mapFrames(
  frames: FrameStream,
  limit: number | (() => number),
  work: (frame: Frame) => Promise<Frame>,
): FrameStream {
  const source = frames[Symbol.asyncIterator]();
  const flight: Promise<Frame>[] = [];
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
      if (!ended && !next && flight.length < most()) next = pull();
      const [head] = flight;
      if (!head && !next) return;
      // A finished head goes out at once, even while the source is slow.
      const came = await Promise.race([...(head ? [head.then(() => undefined)] : []), ...(next ? [next] : [])]);
      if (came === undefined) {
        void flight.shift();
        if (head) yield await head;
      } else {
        next = undefined;
        if (came.done === true) ended = true;
        else {
          const result = work(came.value);
          void result.catch(() => undefined);
          flight.push(result);
        }
      }
    }
  } finally {
    const disposed = flight.map((result) => result.then((frame) => frame.dispose()).catch(() => undefined));
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

/** A frame in the place of another, at the same index and times. `dispose` frees what the new planes hold. */
export function replaced(
  frame: Frame,
  changes: Pick<Frame, 'format' | 'planes' | 'dispose'> & { readonly chromaGrid?: ChromaGrid | undefined },
): Frame {
  const { index, pts, duration } = frame;
  const { format, planes, dispose, chromaGrid } = changes;
  return { index, pts, duration, format, planes, dispose, ...(chromaGrid ? { chromaGrid } : {}) };
}

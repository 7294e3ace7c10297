import type { FilmContext } from './film-context.ts';

/** Ends a restoration at once when it must, and after a segment or a while when it should. */
export function filmStopper(
  context: FilmContext,
  lost: AbortSignal,
): { readonly signal: AbortSignal; segmentDone(): void; close(): void } {
  const { signal, park, limits, clock } = context;
  const soft = new AbortController();
  const closed = new AbortController();
  const onPark = (): void => {
    clock.sleep(limits.parkMs, closed.signal).then(
      () => soft.abort(park.reason),
      () => undefined,
    );
  };
  if (park.aborted) soft.abort(park.reason);
  else park.addEventListener('abort', onPark, { once: true });
  return {
    signal: AbortSignal.any([signal, lost, soft.signal]),
    segmentDone: () => {
      if (park.aborted) soft.abort(park.reason);
    },
    close: () => {
      park.removeEventListener('abort', onPark);
      closed.abort();
    },
  };
}

import type { RestoreEvent } from '../core/events.ts';

/** Carries events from work that runs on its own to a caller that reads them one by one. */
export class EventQueue {
  readonly #events: RestoreEvent[] = [];
  #wake: (() => void) | undefined;

  readonly emit = (event: RestoreEvent): void => {
    // A slow reader needs the newest progress only; everything else is kept.
    const last = this.#events.at(-1);
    if (last?.type === event.type && (event.type === 'progress' || event.type === 'analysis')) this.#events.pop();
    this.#events.push(event);
    this.#wake?.();
  };

  /** Yields what `work` emits until it ends, then throws what it threw. A reader that stops early calls `stop`. */
  async *drain(work: Promise<void>, stop: () => void): AsyncGenerator<RestoreEvent> {
    const outcome = work.then(
      () => ({ error: undefined, failed: false }),
      (error: unknown) => ({ error, failed: true }),
    );
    let ended = false;
    void outcome.then(() => {
      ended = true;
      this.#wake?.();
    });
    const isEnded = (): boolean => ended;
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event) yield event;
        else if (isEnded()) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      const { error, failed } = await outcome;
      if (failed) throw error;
    } finally {
      if (!isEnded()) stop();
      await outcome;
    }
  }
}

/** Fires when something that is waited for shows no sign of life for too long. */
export class Watchdog {
  readonly #stallMs: number;
  readonly #onStall: () => void;
  #lastSign = 0;
  fired = false;

  constructor(stallMs: number, onStall: () => void) {
    this.#stallMs = stallMs;
    this.#onStall = onStall;
  }

  /** A sign of life. */
  alive(): void {
    this.#lastSign = performance.now();
  }

  /** Waits for `work`; while it waits, silence longer than the limit calls `onStall` once. */
  async watch<T>(work: Promise<T>): Promise<T> {
    this.alive();
    const timer = setInterval(
      () => {
        if (this.fired || performance.now() - this.#lastSign < this.#stallMs) return;
        this.fired = true;
        this.#onStall();
      },
      Math.max(10, this.#stallMs / 10),
    );
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }
}

import { RestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';
import { parseUntil, parseWindow, WallClock, type DayWindow } from './schedule.ts';

/** The wall clock is asked this often while it matters: it may be set. */
export const WALL_CLOCK_MS = 20_000;

/** When a watcher may work: its window of the day, and its end. Throws USAGE for what is neither. */
export class WatchHours {
  readonly #clock: Clock;
  readonly #wall: WallClock;
  readonly #window: DayWindow | undefined;
  /** Milliseconds since 1970; undefined for no end. */
  readonly endsAt: number | undefined;

  constructor(
    options: { readonly window?: string; readonly until?: string; readonly timeZone?: string },
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#wall = new WallClock(options.timeZone);
    this.#window = options.window === undefined ? undefined : parseWindow(options.window);
    this.endsAt = options.until === undefined ? undefined : this.#wall.next(parseUntil(options.until), clock.now());
  }

  /** Whether the wall clock matters at all. */
  get areLimited(): boolean {
    return this.#window !== undefined || this.endsAt !== undefined;
  }

  isOver(): boolean {
    return this.endsAt !== undefined && this.#clock.now() >= this.endsAt;
  }

  isOpen(): boolean {
    return this.#window === undefined || this.#wall.isOpen(this.#window, this.#clock.now());
  }

  /** When the window opens or closes next; undefined without one. */
  nextChange(): string | undefined {
    if (!this.#window) return undefined;
    return new Date(this.#wall.nextChange(this.#window, this.#clock.now())).toISOString();
  }

  /** Aborted when the window closes or the end has come, by a wall clock that may be set meanwhile. */
  parkSignal(): { readonly signal: AbortSignal; close(): void } {
    const park = new AbortController();
    const closed = new AbortController();
    const wait = async (): Promise<void> => {
      while (this.isOpen() && !this.isOver()) await this.#clock.sleep(this.#untilChangeMs(), closed.signal);
      park.abort(
        new RestorationError('STOPPED', 'The time for work is over.', { hint: 'It goes on in the next window.' }),
      );
    };
    if (this.areLimited) wait().catch(() => undefined);
    return { signal: park.signal, close: () => closed.abort() };
  }

  /** Until the next change that is due, or until the wall clock should be asked again. */
  #untilChangeMs(): number {
    const now = this.#clock.now();
    const change = this.#window ? this.#wall.nextChange(this.#window, now) : Number.POSITIVE_INFINITY;
    return Math.min(WALL_CLOCK_MS, Math.max(1, Math.min(change, this.endsAt ?? change) - now));
  }
}

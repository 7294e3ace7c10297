import { RestorationError } from '../core/errors.ts';
import type { Clock } from '../platform/clock.ts';

/** Left over for journals, indexes and other programs. */
const RESERVE_BYTES = 16 * 2 ** 20;
/** Sizes of segments vary: twice what is expected must fit. */
const SAFETY = 2;
const ASK_AGAIN_MS = 5_000;
const TELL_AGAIN_MS = 600_000;

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

export interface DiskGuardOptions {
  readonly folder: string;
  /** Free bytes in the folder. */
  readonly free: () => Promise<number>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How many times the expected size must fit; default 2. */
  readonly safety?: number;
  /** How long room is waited for at a time; default without end. */
  readonly patienceMs?: number;
  /** Removes what can be made again until `free` tells of so many bytes; false when it cannot. Asked before anybody waits. */
  readonly giveWay?: (bytes: number, free: () => Promise<number>) => Promise<boolean>;
  /** Tells a person. */
  readonly tell: (message: string) => void;
}

/**
 * Keeps a run from filling a disk: asked before something is written, and waits where there is no room. What a write needs
 * is estimated, so every write that failed in spite of enough room doubles what is asked for.
 */
export class DiskGuard {
  readonly #options: DiskGuardOptions;
  #factor: number;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
    this.#factor = options.safety ?? SAFETY;
  }

  #needed(bytes: number): number {
    return bytes * this.#factor + RESERVE_BYTES;
  }

  /** Throws DISK_FULL when what is expected to take `bytes` may not fit. */
  async check(bytes: number): Promise<void> {
    const free = await this.#options.free();
    if (free >= this.#needed(bytes)) return;
    throw new RestorationError('DISK_FULL', `Only ${mebibytes(free)} are free in ${this.#options.folder}.`, {
      hint: 'Free some space; finished segments are kept.',
    });
  }

  /**
   * Waits until `bytes` fit; says so first, and now and then. Rejects with the signal's reason, and with DISK_FULL when
   * patience ends.
   */
  async wait(bytes: number): Promise<void> {
    const { folder, free, clock, signal, tell, giveWay, patienceMs = Number.POSITIVE_INFINITY } = this.#options;
    const startedMs = clock.monotonic();
    let toldMs = Number.NEGATIVE_INFINITY;
    for (;;) {
      signal.throwIfAborted();
      const there = await free();
      const needed = this.#needed(bytes);
      if (there >= needed) break;
      if ((await giveWay?.(needed, free)) === true) return;
      if (clock.monotonic() - startedMs >= patienceMs) {
        throw new RestorationError(
          'DISK_FULL',
          `The disk is full: ${mebibytes(there)} are free in ${folder} and ${mebibytes(needed)} are needed.`,
          { hint: 'Free some space and run the same command again: finished segments are kept.' },
        );
      }
      if (clock.monotonic() - toldMs >= TELL_AGAIN_MS) {
        toldMs = clock.monotonic();
        tell(
          `The disk is full: ${mebibytes(there)} are free in ${folder} and ${mebibytes(needed)} are needed. Nothing is lost; it goes on when there is room.`,
        );
      }
      await clock.sleep(ASK_AGAIN_MS, signal);
    }
    if (toldMs === Number.NEGATIVE_INFINITY) {
      // The disk was full although there seemed to be room: the next try needs more.
      this.#factor *= 2;
      await clock.sleep(ASK_AGAIN_MS, signal);
    } else {
      tell(`There is room in ${folder} again: going on.`);
    }
  }

  /** Does `work` as often as it takes: what fails because the disk is full is done again when there is room. */
  async retry<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof RestorationError) || error.code !== 'DISK_FULL') throw error;
        await this.wait(bytes);
      }
    }
  }
}

import type { FrameFormat } from '../core/format.ts';
import type { Samples } from '../core/frame.ts';

/** A picture in memory that threads share: a message that carries it carries no more than its address. */
export interface Seen {
  readonly format: FrameFormat;
  readonly planes: readonly Samples[];
}

/** A picture, and others around it in time that it is compared with, nearest first. */
export interface Surrounded {
  readonly own: Seen;
  readonly before: readonly Seen[];
  readonly after: readonly Seen[];
  /** Whether the picture is shown by several frames: things have moved further in the others than from one frame to the next. */
  readonly held: boolean;
}

/**
 * Shared memory, taken and given back. It must not be left to the garbage collector: every thread that has seen it would
 * have to look, and those that wait never do.
 */
export class SharedPool {
  readonly #free = new Map<number, SharedArrayBuffer[]>();

  /** A copy of the numbers. */
  copy(numbers: Float32Array): Float32Array;
  copy(samples: Samples): Samples;
  copy(numbers: Samples | Float32Array): Samples | Float32Array {
    const buffer = this.#free.get(numbers.byteLength)?.pop() ?? new SharedArrayBuffer(numbers.byteLength);
    const copy =
      numbers instanceof Float32Array
        ? new Float32Array(buffer)
        : numbers instanceof Uint16Array
          ? new Uint16Array(buffer)
          : new Uint8Array(buffer);
    copy.set(numbers);
    return copy;
  }

  /** Gives a copy back; nobody may look at it afterwards. */
  give({ buffer }: Samples | Float32Array): void {
    if (!(buffer instanceof SharedArrayBuffer)) return;
    const list = this.#free.get(buffer.byteLength);
    if (list) list.push(buffer);
    else this.#free.set(buffer.byteLength, [buffer]);
  }
}

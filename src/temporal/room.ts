import { BufferPool } from '../core/pool.ts';

/** One a thread: jobs of a film need the same sizes again and again. What is kept is enough for 1920x1080. */
const pool = new BufferPool(128 * 1024 * 1024);

/** Memory that a job works in and leaves to the next one. */
export class Room {
  readonly #taken: Uint8Array<ArrayBuffer>[] = [];

  /** With whatever was in it before. */
  floats(count: number): Float32Array {
    const bytes = pool.take(4 * count);
    this.#taken.push(bytes);
    return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  }

  /** Gives everything back; nobody may touch it afterwards. */
  leave(): void {
    for (const bytes of this.#taken.splice(0)) pool.give(bytes);
  }
}

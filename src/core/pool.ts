/** Picture memory that is taken and given back, so that a film costs a few buffers and not one a frame. */
export class BufferPool {
  readonly #maxFreeBytes: number;
  readonly #free = new Map<number, Uint8Array<ArrayBuffer>[]>();
  #freeBytes = 0;

  /** At most `maxFreeBytes` are kept for reuse; what is given back beyond that is left to the garbage collector. */
  constructor(maxFreeBytes = 256 * 1024 * 1024) {
    this.#maxFreeBytes = maxFreeBytes;
  }

  /** Memory of exactly `bytes`, with whatever was in it before. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const buffer = this.#free.get(bytes)?.pop();
    if (buffer === undefined) return new Uint8Array(bytes);
    this.#freeBytes -= bytes;
    return buffer;
  }

  /**
   * Gives memory from `take` back; nobody may touch it afterwards, and each is given once. A buffer that was transferred
   * to another thread has no memory left and is dropped.
   */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    const bytes = buffer.length;
    if (bytes === 0 || this.#freeBytes + bytes > this.#maxFreeBytes) return;
    const list = this.#free.get(bytes);
    if (list) list.push(buffer);
    else this.#free.set(bytes, [buffer]);
    this.#freeBytes += bytes;
  }
}

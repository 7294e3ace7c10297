import type { FrameFormat } from '../core/format.ts';
import type { Samples } from '../core/frame.ts';
import type { MotionPicture } from './motion.ts';

/** A picture as jobs look at it, in shared memory. */
export interface Seen {
  readonly format: FrameFormat;
  readonly planes: readonly Samples[];
  readonly guide: MotionPicture;
}

/** A copy in memory that threads share: a message that carries it carries no more than its address. */
export function shared<T extends Samples | Float32Array>(from: T): T {
  const copy =
    from instanceof Float32Array
      ? new Float32Array(new SharedArrayBuffer(from.byteLength))
      : from instanceof Uint16Array
        ? new Uint16Array(new SharedArrayBuffer(from.byteLength))
        : new Uint8Array(new SharedArrayBuffer(from.byteLength));
  copy.set(from);
  return copy as T;
}

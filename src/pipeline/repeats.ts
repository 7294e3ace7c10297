import type { Frame, FrameStream } from '../core/frame.ts';

/** A picture that several frames show; its memory goes back when the last of them, and whoever keeps it, is done. */
class SharedPicture {
  readonly #first: Frame;
  #holders = 1;

  constructor(first: Frame) {
    this.#first = first;
  }

  /** Whether `frame` shows this picture, bit for bit. */
  isShownBy({ format, planes }: Frame): boolean {
    const { pixelFormat, width, height } = this.#first.format;
    return (
      format.width === width &&
      format.height === height &&
      format.pixelFormat.bitDepth === pixelFormat.bitDepth &&
      format.pixelFormat.sampling === pixelFormat.sampling &&
      planes.every((plane, i) => {
        const own = this.#first.planes[i];
        return own !== undefined && bytesOf(plane).equals(bytesOf(own));
      })
    );
  }

  /** `frame`'s place in the film with this picture's memory. */
  at({ index, pts, duration }: Frame): Frame {
    this.#holders++;
    let held = true;
    const dispose = (): void => {
      if (held) this.release();
      held = false;
    };
    return { ...this.#first, index, pts, duration, dispose };
  }

  release(): void {
    if (--this.#holders === 0) this.#first.dispose();
  }
}

const bytesOf = (plane: Frame['planes'][number]): Buffer =>
  Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength);

/**
 * Lets a frame that repeats the one before it, bit for bit, share its planes: animation held on twos, telecine, freezes.
 * Stages see by the very same planes that there is nothing to compute. Holds one picture, until another one comes.
 */
export async function* shareRepeats(frames: FrameStream): FrameStream {
  let shown: SharedPicture | undefined;
  try {
    for await (const frame of frames) {
      if (shown?.isShownBy(frame) === true) frame.dispose();
      else {
        shown?.release();
        shown = new SharedPicture(frame);
      }
      yield shown.at(frame);
    }
  } finally {
    shown?.release();
  }
}

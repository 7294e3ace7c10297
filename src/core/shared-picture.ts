import type { Frame } from './frame.ts';

/** A picture that several frames show; its memory goes back when the last of them, and whoever keeps it, is done. */
export class SharedPicture {
  readonly #first: Frame;
  #holders = 1;

  constructor(first: Frame) {
    this.#first = first;
  }

  get planes(): Frame['planes'] {
    return this.#first.planes;
  }

  get format(): Frame['format'] {
    return this.#first.format;
  }

  /** `frame`'s place in the film with this picture's memory. */
  at({ index, pts, duration }: Pick<Frame, 'index' | 'pts' | 'duration'>): Frame {
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

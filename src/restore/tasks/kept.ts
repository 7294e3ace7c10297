import type { Plane } from '../../core/frame.ts';

/** The last picture that a network made in this thread, and what it was made of. */
export interface KeptPicture {
  /** What else decides the result: sizes, codes, strength. */
  readonly key: string;
  readonly sources: readonly Plane[];
  /** What the network gave: codes where they are the result, floats where more is done with them. */
  readonly codes?: Plane;
  readonly floats: readonly Float32Array<ArrayBuffer>[];
}

/**
 * One picture a model, so that what does not change in the next one is not computed again. A picture is taken out while
 * the next one is made over it, and put back when that is whole: one that failed half-way is never built upon.
 */
export class KeptPictures {
  readonly #byModel = new Map<string, KeptPicture>();

  take(sha256: string, key: string): KeptPicture | undefined {
    const kept = this.#byModel.get(sha256);
    this.#byModel.delete(sha256);
    return kept?.key === key ? kept : undefined;
  }

  put(sha256: string, picture: KeptPicture): void {
    this.#byModel.set(sha256, picture);
  }
}

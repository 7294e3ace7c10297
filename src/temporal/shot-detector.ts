import type { Shot } from '../core/range.ts';
import { median, reduceArea, type Gray } from './gray.ts';
import { shotDistance } from './shot-distance.ts';

/** Long side of the pictures that are compared: small enough that grain is gone and a step of motion is a cell or two. */
const SIDE = 64;
/** Pairs on each side that say how restless the picture is around a pair. */
const CONTEXT = 6;
/** What was there before a flash, or a lost frame or two, is there again after it: pictures on each side of a cut that must differ. */
const LOOK = 3;
/** A cut's distance is at least this part of the way from its surroundings' (see `restlessness`) to 1: unrelated. */
const APART = 0.45;
/** Pictures farther apart across a cut may resemble each other by chance a little more than direct neighbors do. */
const ACROSS = 0.75;

/**
 * Finds hard cuts in a film that is pushed picture by picture. A cut is where little of the last picture is found again in
 * the next (`shotDistance`), much less than anywhere around, and where the pictures before do not come back after it:
 * flashes, pumping, fast pans, things that pass in front of the lens, fades and dissolves do not cut. Memory: a few
 * small pictures and one number a frame.
 */
export class ShotDetector {
  readonly #cuts = [0];
  /** The last pictures; the newest is of frame `#count` - 1. */
  readonly #recent: Gray[] = [];
  /** `#distances[n]` is how far frame n is from frame n - 1. */
  readonly #distances: number[] = [];
  #count = 0;

  /** The next frame's luma, 8 bits a sample, rows packed; any size, the same for all frames of a film. */
  push(luma: Uint8Array, width: number, height: number): void {
    const scale = Math.min(1, SIDE / Math.max(width, height));
    const side = (size: number): number => Math.max(1, Math.round(size * scale));
    const picture = reduceArea(luma, width, height, side(width), side(height));
    const previous = this.#recent.at(-1);
    this.#distances.push(previous === undefined ? 0 : shotDistance(previous, picture));
    this.#recent.push(picture);
    if (this.#recent.length > CONTEXT + LOOK + 2) this.#recent.shift();
    this.#count++;
    this.#decide(this.#count - 1 - CONTEXT);
  }

  /** All shots: contiguous, in order, from frame 0 to the last; none when nothing was pushed. */
  finish(): Shot[] {
    for (let at = this.#count - CONTEXT; at < this.#count; at++) this.#decide(at);
    if (this.#count === 0) return [];
    return this.#cuts.map((start, index) => ({ index, range: { start, end: this.#cuts[index + 1] ?? this.#count } }));
  }

  #decide(at: number): void {
    if (at < 1) return;
    const around = this.#restlessness(at);
    const needed = around + APART * Math.max(0, 1 - around);
    if ((this.#distances[at] ?? 0) < needed) return;
    for (let before = at - LOOK; before < at; before++) {
      for (let after = at; after < at + LOOK; after++) {
        const [a, b] = [this.#picture(before), this.#picture(after)];
        if (a && b && shotDistance(a, b) < needed * ACROSS) return;
      }
    }
    this.#cuts.push(at);
  }

  /**
   * The distance that pairs around have by motion alone: the larger of the two sides' medians (motion that ends or begins
   * with the cut), but no less than the second largest of those next to it.
   */
  #restlessness(at: number): number {
    const before = this.#distances.slice(Math.max(1, at - CONTEXT), at);
    const after = this.#distances.slice(at + 1, at + 1 + CONTEXT);
    const near = [...before.slice(-2), ...after.slice(0, 2)].sort((a, b) => b - a);
    return Math.max(median(before), median(after), near[1] ?? 0);
  }

  #picture(frame: number): Gray | undefined {
    return this.#recent[frame - (this.#count - this.#recent.length)];
  }
}

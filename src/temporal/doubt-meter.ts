import type { Doubt } from '../core/events.ts';
import type { ChromaGrid, Frame } from '../core/frame.ts';
import { shotAt, type FrameRange, type Shot } from '../core/range.ts';
import { median, reduceLuma } from './gray.ts';

/** Cells that brightness is compared on. */
const CELLS_X = 16;
const CELLS_Y = 12;
/** Brightness (0..1) that pumps by less is not seen. */
const FLICKER_FLOOR = 0.008;
/** The same of color (-0.5..0.5): the distance that a still cell's color moves between neighboring frames. */
const COLOR_FLOOR = 0.02;
/** A cell whose luma moves by less shows the same thing in both frames. */
const STILL = 0.02;

interface Measured {
  readonly index: number;
  readonly cells: Float32Array;
}

/**
 * Finds where a person should look: the frame of a segment whose brightness still pumps most, whose color still changes most
 * on what stands still, and whose color is most of a guess. Measures pictures as they come by; keeps a few numbers of each.
 * Neighbors in other shots are never compared.
 */
export class DoubtMeter {
  readonly #shots: readonly Shot[];
  readonly #secondsOf: (frame: number) => number;
  /** The last two frames, for brightness that goes up and down again. */
  #before: readonly Measured[] = [];
  #grid: { readonly index: number; readonly grid: ChromaGrid } | undefined;
  #found: Doubt[] = [];

  /** `secondsOf`: when a frame is shown. */
  constructor(shots: readonly Shot[], secondsOf: (frame: number) => number) {
    this.#shots = shots;
    this.#secondsOf = secondsOf;
  }

  /** A finished frame, in order. */
  lookAtPicture(frame: Frame): void {
    const next: Measured = { index: frame.index, cells: reduceLuma(frame, CELLS_X, CELLS_Y).data };
    const [first, middle] = this.#before;
    if (first && middle && this.#follow(first.index, middle.index) && this.#follow(middle.index, next.index)) {
      // What moves changes some cells; what pumps changes most of them. It is seen when the frame behind it comes.
      const bumps = middle.cells.map((cell, i) => cell - ((first.cells[i] ?? 0) + (next.cells[i] ?? 0)) / 2);
      this.#note('flicker', next.index, Math.abs(median(bumps)), FLICKER_FLOOR);
    }
    this.#before = middle ? [middle, next] : [...this.#before, next];
  }

  /** A frame with predicted color that has been smoothed and not been brought to full size yet, in order. */
  lookAtColor({ index, chromaGrid: grid }: Frame): void {
    if (!grid) return;
    const cells = grid.confidence.length;
    this.#note('unsure-color', index, 1 - grid.confidence.reduce((sum, value) => sum + value, 0) / cells, 0);
    const last = this.#grid;
    this.#grid = { index, grid };
    if (last?.grid.luma.length !== cells || !this.#follow(last.index, index)) return;
    let [sum, count] = [0, 0];
    for (let i = 0; i < cells; i++) {
      if (Math.abs((grid.luma[i] ?? 0) - (last.grid.luma[i] ?? 0)) > STILL) continue;
      sum += Math.hypot((grid.cb[i] ?? 0) - (last.grid.cb[i] ?? 0), (grid.cr[i] ?? 0) - (last.grid.cr[i] ?? 0));
      count++;
    }
    // A handful of still cells says nothing about the picture.
    if (count * 4 > cells) this.#note('color-change', index, sum / count, COLOR_FLOOR);
  }

  /** The worst of each kind in a range that has come by; what lies before its end is forgotten. */
  take(range: FrameRange): Doubt[] {
    const worst = new Map<Doubt['kind'], Doubt>();
    for (const doubt of this.#found) {
      if (doubt.frame < range.start || doubt.frame >= range.end) continue;
      if (doubt.value > (worst.get(doubt.kind)?.value ?? 0)) worst.set(doubt.kind, doubt);
    }
    this.#found = this.#found.filter(({ frame }) => frame >= range.end);
    return [...worst.values()];
  }

  #follow(before: number, after: number): boolean {
    return after === before + 1 && shotAt(this.#shots, after).range.start !== after;
  }

  #note(kind: Doubt['kind'], frame: number, value: number, floor: number): void {
    if (value <= floor) return;
    const seconds = Math.round(this.#secondsOf(frame) * 100) / 100;
    this.#found.push({ kind, frame, seconds, value: Math.round(value * 1000) / 1000 });
  }
}

import type { Plane } from '../../core/frame.ts';

/** A scratch from top to bottom: its middle column in each band of rows, and what it adds to luma there. */
export interface Line {
  /** Columns by band. */
  readonly at: Int16Array;
  /** Columns on each side of the middle. */
  readonly half: number;
  /** Codes to take away, 2 * half + 1 a band. */
  readonly profile: Float32Array;
  /** 1 for bands in which it lies along an edge: what it adds there is known from its other bands and its depth. */
  readonly leans: Uint8Array;
}

/** Rows that are looked at together: in their mean a scratch stands out of the grain. */
export const BAND = 16;
/** What lies on both sides of a line: means of two samples, `half` and one more from its middle. */
export function sidesOf(
  values: Plane | Float32Array,
  middle: number,
  half: number,
): { readonly left: number; readonly right: number } {
  return {
    left: ((values[middle - half - 1] ?? 0) + (values[middle - half] ?? 0)) / 2,
    right: ((values[middle + half] ?? 0) + (values[middle + half + 1] ?? 0)) / 2,
  };
}

import type { CodeRange } from '../../core/color.ts';
import type { Plane } from '../../core/frame.ts';

/** A plane of samples with its size; `data` is row-major without padding. */
export interface FloatPlane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array<ArrayBuffer>;
}

export const floatPlane = (width: number, height: number): FloatPlane => ({
  width,
  height,
  data: new Float32Array(width * height),
});

/** Luma codes to 0 (black) .. 1 (white); codes beyond them go beyond. */
export function lumaToFloat(source: Plane, { black, span }: CodeRange, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) target[i] = ((source[i] ?? 0) - black) / span;
}

/** Chroma codes to -0.5..0.5. */
export function chromaToFloat(source: Plane, { neutral, chromaSpan }: CodeRange, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) target[i] = ((source[i] ?? 0) - neutral) / chromaSpan;
}

/** Rounds to the nearest code of the depth, clamped. Returns false when a value was not a number. */
function toCodes(source: Float32Array, zero: number, span: number, max: number, target: Plane): boolean {
  let valid = true;
  const offset = zero + 0.5;
  for (let i = 0; i < target.length; i++) {
    const code = (source[i] ?? 0) * span + offset;
    // Comparisons with NaN are false, so a NaN ends in the last branch.
    if (code >= 0 && code < max + 1) target[i] = code;
    else if (code < 0) target[i] = 0;
    else if (code > max) target[i] = max;
    else valid = false;
  }
  return valid;
}

export const lumaToCodes = (source: Float32Array, range: CodeRange, target: Plane): boolean =>
  toCodes(source, range.black, range.span, range.max, target);

export const chromaToCodes = (source: Float32Array, range: CodeRange, target: Plane): boolean =>
  toCodes(source, range.neutral, range.chromaSpan, range.max, target);

/** Size and coding of planes that travel to a worker. */
export interface PlaneCoding {
  readonly width: number;
  readonly height: number;
  readonly codes: CodeRange;
}

/** Allocates codes of the depth that `max` tells. */
export const codesFor = (length: number, max: number): Plane =>
  max > 255 ? new Uint16Array(length) : new Uint8Array(length);

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

/** Chroma codes to -0.5..0.5. */
export function chromaToFloat(source: Plane, { neutral, chromaSpan }: CodeRange, target: Float32Array): void {
  for (let i = 0; i < source.length; i++) target[i] = ((source[i] ?? 0) - neutral) / chromaSpan;
}

/** Rounds to the nearest code of the depth, clamped. Returns false when a value was not a number. */
function toCodes(source: Float32Array, zero: number, span: number, max: number, target: Plane): boolean {
  const offset = zero + 0.5;
  const end = max + 1;
  let outside = 0;
  for (let i = 0; i < target.length; i++) {
    const code = (source[i] ?? 0) * span + offset;
    target[i] = code;
    // Also true for what is not a number.
    if (!(code >= 0 && code < end)) outside++;
  }
  return outside === 0 || clampCodes(source, offset, span, max, target);
}

/** The second look at a plane that holds values outside the codes: few do. */
function clampCodes(source: Float32Array, offset: number, span: number, max: number, target: Plane): boolean {
  let valid = true;
  for (let i = 0; i < target.length; i++) {
    const code = (source[i] ?? 0) * span + offset;
    if (code < 0) target[i] = 0;
    else if (code > max) target[i] = max;
    else if (Number.isNaN(code)) valid = false;
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

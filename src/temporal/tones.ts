import { codeRange } from '../core/color.ts';
import type { FrameFormat } from '../core/format.ts';
import type { BrightnessMap } from './brightness.ts';

/** A brightness map for codes of luma; not rounded, not clamped. */
export function toneTable({ gain, offset }: BrightnessMap, { color, pixelFormat }: FrameFormat): Float32Array {
  const { black, span, max } = codeRange(color.range, pixelFormat.bitDepth);
  return Float32Array.from({ length: max + 1 }, (_, code) => black + gain * (code - black) + offset * span);
}

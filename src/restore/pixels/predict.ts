import type { Plane } from '../../core/frame.ts';

/** The median of left, upper and their gradient: the predictor of LOCO-I (JPEG-LS) and FFV1. */
function median(left: number, upper: number, corner: number): number {
  const low = left < upper ? left : upper;
  const high = left < upper ? upper : left;
  if (corner >= high) return low;
  return corner <= low ? high : left + upper - corner;
}

/**
 * What a picture is beyond its own prediction, as small numbers with the sign in the lowest bit: all low bytes, then all
 * high bytes where samples have two. The same bytes give the picture back.
 */
export function toResiduals(plane: Plane, width: number, target: Uint8Array): void {
  const wide = plane.BYTES_PER_ELEMENT === 2;
  const spare = wide ? 16 : 24;
  const count = plane.length;
  for (let i = 0, x = 0; i < count; i++, x = x + 1 === width ? 0 : x + 1) {
    const upper = i >= width ? (plane[i - width] ?? 0) : 0;
    const left = x > 0 ? (plane[i - 1] ?? 0) : upper;
    const corner = x > 0 && i >= width ? (plane[i - width - 1] ?? 0) : upper;
    const difference = (plane[i] ?? 0) - median(left, upper, corner);
    // Around the end of what a sample holds, so that it fits into as many bits.
    const signed = (difference << spare) >> spare;
    const folded = (signed << 1) ^ (signed >> 31);
    target[i] = folded;
    if (wide) target[count + i] = folded >> 8;
  }
}

/** The picture of `toResiduals`. */
export function fromResiduals(source: Uint8Array, width: number, plane: Plane): void {
  const wide = plane.BYTES_PER_ELEMENT === 2;
  const count = plane.length;
  for (let i = 0, x = 0; i < count; i++, x = x + 1 === width ? 0 : x + 1) {
    const upper = i >= width ? (plane[i - width] ?? 0) : 0;
    const left = x > 0 ? (plane[i - 1] ?? 0) : upper;
    const corner = x > 0 && i >= width ? (plane[i - width - 1] ?? 0) : upper;
    const folded = (source[i] ?? 0) | (wide ? (source[count + i] ?? 0) << 8 : 0);
    // The array keeps as many bits as a sample has, so that what went around its end comes back.
    plane[i] = median(left, upper, corner) + ((folded >> 1) ^ -(folded & 1));
  }
}

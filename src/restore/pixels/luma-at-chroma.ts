import type { Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import type { ChromaSites } from './chroma-sites.ts';
import { floatPlane, type FloatPlane, type PlaneCoding } from './codes.ts';

/**
 * Four luma samples along an axis whose mean lies where a chroma sample does: one and its neighbors, itself twice; or two
 * samples twice each, where it lies between them. Samples are counted from `from` and stay below `to`.
 */
function around(index: number, step: 1 | 2, site: number, from: number, to: number): readonly number[] {
  const at = index * step + site;
  const reach = step === 1 ? 0 : site === 0.5 ? 0.5 : 1;
  const inside = (place: number): number => Math.min(to - 1, Math.max(from, place));
  return [at - reach, Math.floor(at), Math.ceil(at), at + reach].map(inside);
}

/** Luma, 0..1, at each chroma sample of `area`, which counts these; what lies beyond it has no say. */
export function lumaAtChroma(
  plane: Plane,
  { width, height, codes }: PlaneCoding,
  { stepX, stepY, siteX, siteY }: ChromaSites,
  area: Rect,
): FloatPlane {
  const result = floatPlane(area.width, area.height);
  // Odd sizes end with chroma samples over a single row or column.
  const [left, right] = [area.x * stepX, Math.min(width, (area.x + area.width) * stepX)];
  const [top, bottom] = [area.y * stepY, Math.min(height, (area.y + area.height) * stepY)];
  const columns = Array.from({ length: area.width }, (_, column) => area.x + column);
  const places = Int32Array.from(columns.flatMap((column) => around(column, stepX, siteX, left, right)));
  const sums = new Float64Array(width);
  const gain = 1 / (16 * codes.span);
  for (let row = 0; row < area.height; row++) {
    const [a = 0, b = 0, c = 0, d = 0] = around(area.y + row, stepY, siteY, top, bottom).map((y) => y * width);
    for (let x = left; x < right; x++) {
      sums[x] = (plane[a + x] ?? 0) + (plane[b + x] ?? 0) + (plane[c + x] ?? 0) + (plane[d + x] ?? 0);
    }
    const start = row * area.width;
    for (let column = 0, k = 0; column < area.width; column++, k += 4) {
      const sum =
        (sums[places[k] ?? 0] ?? 0) +
        (sums[places[k + 1] ?? 0] ?? 0) +
        (sums[places[k + 2] ?? 0] ?? 0) +
        (sums[places[k + 3] ?? 0] ?? 0);
      const value = (sum - 16 * codes.black) * gain;
      result.data[start + column] = value < 0 ? 0 : value > 1 ? 1 : value;
    }
  }
  return result;
}

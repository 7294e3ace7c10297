import type { ChromaSampling } from '../../core/format.ts';
import type { Plane } from '../../core/frame.ts';
import type { Rect } from '../../core/media.ts';
import { floatPlane, type FloatPlane, type PlaneCoding } from './codes.ts';

/** Mean luma, 0..1, of the samples that each chroma sample covers. `area` counts chroma samples. */
export function lumaAtChroma(
  plane: Plane,
  { width, height, codes }: PlaneCoding,
  sampling: ChromaSampling,
  area: Rect,
): FloatPlane {
  const { x, y } = area;
  const size = floatPlane(area.width, area.height);
  const stepX = sampling === '444' ? 1 : 2;
  const stepY = sampling === '420' ? 2 : 1;
  const gain = 1 / (4 * codes.span);
  for (let row = 0; row < size.height; row++) {
    const upper = (y + row) * stepY * width;
    // Odd sizes end with chroma samples over a single row or column.
    const lower = Math.min((y + row) * stepY + stepY - 1, height - 1) * width;
    const start = row * size.width;
    for (let column = 0; column < size.width; column++) {
      const left = (x + column) * stepX;
      const right = Math.min(left + stepX - 1, width - 1);
      const sum =
        (plane[upper + left] ?? 0) +
        (plane[upper + right] ?? 0) +
        (plane[lower + left] ?? 0) +
        (plane[lower + right] ?? 0);
      const value = (sum - 4 * codes.black) * gain;
      size.data[start + column] = value < 0 ? 0 : value > 1 ? 1 : value;
    }
  }
  return size;
}

/** Adds rows `from`..`to` of a plane to running column sums, or takes them away. */
function addRow(sums: Float64Array, plane: Float32Array, start: number, sign: 1 | -1): void {
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] ?? 0) + sign * (plane[start + x] ?? 0);
}

/**
 * Mean over a window of (2 * radius + 1)^2 samples, cut at the borders. Running sums in double precision: the cost does
 * not depend on the radius, and a result not on what lies far away (beyond 1e-12).
 */
export function boxMean(source: Float32Array, width: number, height: number, radius: number): Float32Array {
  const target = new Float32Array(width * height);
  const sums = new Float64Array(width);
  const before = new Float64Array(width + 1);
  let entered = 0;
  for (let y = 0; y < height; y++) {
    const bottom = Math.min(height, y + radius + 1);
    for (; entered < bottom; entered++) addRow(sums, source, entered * width, 1);
    const top = Math.max(0, y - radius);
    if (y > radius) addRow(sums, source, (top - 1) * width, -1);
    for (let x = 0; x < width; x++) before[x + 1] = (before[x] ?? 0) + (sums[x] ?? 0);
    const start = y * width;
    for (let x = 0; x < width; x++) {
      const low = x > radius ? x - radius : 0;
      const high = x + radius < width ? x + radius + 1 : width;
      target[start + x] = ((before[high] ?? 0) - (before[low] ?? 0)) / ((high - low) * (bottom - top));
    }
  }
  return target;
}

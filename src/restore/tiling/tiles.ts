/** A rectangle to compute and what must be read for it. All in input pixels of the padded picture. */
export interface Tile {
  /** What the tile contributes. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** What is fed: the core and its halo, cut at the picture's border. */
  readonly inX: number;
  readonly inY: number;
  readonly inWidth: number;
  readonly inHeight: number;
}

export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** Cuts `length` into the fewest parts of at most `size`, of nearly equal length, all but the last at multiples. */
function cuts(length: number, size: number, multiple: number): readonly [start: number, end: number][] {
  const limit = Math.max(multiple, Math.floor(size / multiple) * multiple);
  const count = Math.max(1, Math.ceil(length / limit));
  const step = roundUp(Math.ceil(length / count), multiple);
  const parts: [number, number][] = [];
  for (let start = 0; start < length; start += step) parts.push([start, Math.min(length, start + step)]);
  return parts;
}

/**
 * Tiles of a picture, row by row. `width` and `height` are multiples of `multiple` already. With a halo of at least the
 * network's receptive field, cut at the picture's border, every output pixel sees exactly what it sees untiled: zero
 * padding of convolutions happens only where the picture itself ends. So the result does not depend on `size`.
 */
export function planTiles(width: number, height: number, size: number, halo: number, multiple: number): Tile[] {
  const reach = roundUp(halo, multiple);
  const tiles: Tile[] = [];
  for (const [y, bottom] of cuts(height, size, multiple)) {
    for (const [x, right] of cuts(width, size, multiple)) {
      const [inX, inY] = [Math.max(0, x - reach), Math.max(0, y - reach)];
      tiles.push({
        x,
        y,
        width: right - x,
        height: bottom - y,
        inX,
        inY,
        inWidth: Math.min(width, right + reach) - inX,
        inHeight: Math.min(height, bottom + reach) - inY,
      });
    }
  }
  return tiles;
}

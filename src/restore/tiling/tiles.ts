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

/** Windows of exactly `size` over `length`, inside it as long as it is long enough, and the part that each contributes. */
function windows(
  length: number,
  size: number,
  halo: number,
): readonly (readonly [at: number, from: number, to: number])[] {
  if (length <= size) return [[0, 0, length]];
  // A halo that leaves hardly anything would take for ever; seams are the lesser evil.
  const reach = Math.min(halo, Math.floor(size / 4));
  const count = Math.ceil((length - 2 * reach) / (size - 2 * reach));
  const starts = Array.from({ length: count }, (_, i) => Math.round((i * (length - size)) / (count - 1)));
  return starts.map((at, i) => {
    const before = starts[i - 1];
    const after = starts[i + 1];
    // Neighbors meet in the middle of what both see.
    const from = before === undefined ? 0 : Math.ceil((at + before + size) / 2);
    const to = after === undefined ? length : Math.ceil((after + at + size) / 2);
    return [at, from, to];
  });
}

/**
 * Tiles for a network that takes pictures of one size only: every tile is fed with exactly that many pixels. Halos are
 * `halo` or a quarter of the tile, whichever is less.
 */
export function planFixedTiles(
  width: number,
  height: number,
  size: { readonly width: number; readonly height: number },
  halo: number,
): Tile[] {
  return windows(height, size.height, halo).flatMap(([inY, y, bottom]) =>
    windows(width, size.width, halo).map(([inX, x, right]) => ({
      x,
      y,
      width: right - x,
      height: bottom - y,
      inX,
      inY,
      inWidth: size.width,
      inHeight: size.height,
    })),
  );
}

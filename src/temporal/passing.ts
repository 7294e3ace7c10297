import { BLOCK, hangingTogether, type Neighbor, type Speck, type SpeckLimits, type Triple } from './specks.ts';

/** What crosses the picture in less than so many frames is not looked for. */
const CROSSING = 12;
/** A thing is of another size and contrast from frame to frame by such factors at most: wings beat, a spark glows. */
const SIZE = 2;
const CONTRAST = 1.6;
/** Samples by which the size of the smallest differs for where it lies among them. */
const RIM = 2;
/** Samples, and share of its way, that it may be off from where it would come to. */
const ASTRAY = 1;
const BENDS = 0.07;

/** Codes by which a neighbor stands out, along motion, of the 3 x 3 samples around each place of the picture in the middle. */
function standingOut({ width, height, luma }: Triple, neighbor: Neighbor, edge: number): Float32Array {
  const out = new Float32Array(width * height);
  const across = Math.ceil(width / BLOCK);
  for (let block = 0; block < neighbor.x.length; block++) {
    const [left, top] = [(block % across) * BLOCK, Math.floor(block / across) * BLOCK];
    const [dx, dy] = [neighbor.x[block] ?? 0, neighbor.y[block] ?? 0];
    const [x0, x1] = [Math.max(left, -dx), Math.min(left + BLOCK, width, width - dx)];
    const [y0, y1] = [Math.max(top, -dy), Math.min(top + BLOCK, height, height - dy)];
    for (let y = y0; y < y1; y++) {
      for (let x = x0, i = y * width + x0; x < x1; x++, i++) {
        const value = neighbor.tone[neighbor.luma[i + dy * width + dx] ?? 0] ?? 0;
        // Nearly every sample ends here.
        if (Math.abs(value - (luma[i] ?? 0)) < edge) continue;
        let [low, high] = [Infinity, -Infinity];
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
          for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
            const own = luma[row * width + column] ?? 0;
            if (own < low) low = own;
            if (own > high) high = own;
          }
        }
        if (value >= high + edge) out[i] = value - high;
        else if (value <= low - edge) out[i] = value - low;
      }
    }
  }
  return out;
}

const middleOf = ({ left, right, top, bottom }: Speck): readonly [x: number, y: number] => [
  (left + right) / 2,
  (top + bottom) / 2,
];

const within = (one: number, other: number, factor: number): boolean => one <= factor * other && other <= factor * one;

const alike = (one: Speck, other: Speck): boolean =>
  one.height * other.height > 0 &&
  within(one.at.length + RIM, other.at.length + RIM, SIZE) &&
  within(Math.abs(one.height), Math.abs(other.height), CONTRAST);

/**
 * Tells small things that pass by from dirt, however fast they are: a bird, a ball, a spark is on one side of its place before and as
 * far on the other side after. What it looks like may change on the way.
 */
export class Passing {
  readonly #triple: Triple;
  readonly #limits: SpeckLimits;
  #before?: readonly Speck[];
  #after?: readonly Speck[];

  constructor(triple: Triple, limits: SpeckLimits) {
    this.#triple = triple;
    this.#limits = limits;
  }

  has(speck: Speck): boolean {
    const { before, after, width, onward } = this.#triple;
    this.#before ??= this.#thingsIn(before);
    // Where both neighbors lie on the same side, `before` is the farther one at the beginning.
    const reach = (width / CROSSING) * Math.max(1, 1 / Math.abs(onward));
    const [x, y] = middleOf(speck);
    for (const one of this.#before) {
      const [bx, by] = middleOf(one);
      const [wayX, wayY] = [bx - x, by - y];
      const way = Math.hypot(wayX, wayY);
      if (way > reach || !alike(speck, one)) continue;
      this.#after ??= this.#thingsIn(after);
      const astray = ASTRAY + BENDS * way;
      const comes = this.#after.some((other) => {
        const [ax, ay] = middleOf(other);
        return Math.hypot(ax - x - onward * wayX, ay - y - onward * wayY) <= astray && alike(speck, other);
      });
      if (comes) return true;
    }
    return false;
  }

  #thingsIn(neighbor: Neighbor): readonly Speck[] {
    return [...hangingTogether(standingOut(this.#triple, neighbor, this.#limits.edge), this.#triple, this.#limits)];
  }
}

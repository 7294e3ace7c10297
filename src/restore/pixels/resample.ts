import { floatPlane, type FloatPlane } from './codes.ts';

/** A resampling kernel: even, zero outside -radius..radius. */
export interface Kernel {
  readonly radius: number;
  at(x: number): number;
}

/** Keys' cubic with a = -0.5 (Catmull-Rom): interpolates, hardly rings. */
export const catmullRom: Kernel = {
  radius: 2,
  at: (x) => {
    const t = Math.abs(x);
    if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
    return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
  },
};

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Lanczos with three lobes: the sharpest that is usual for reduction. */
export const lanczos3: Kernel = { radius: 3, at: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) };

export const triangle: Kernel = { radius: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };

/** Where output sample j lies in the input: `scale * j + offset`, in input samples. */
export interface Mapping {
  readonly scale: number;
  readonly offset: number;
}

/** Samples in the middle of their cells on both sides: the mapping of pictures. */
export const centered = (from: number, to: number): Mapping => ({
  scale: from / to,
  offset: (from / to - 1) / 2,
});

interface Taps {
  readonly count: number;
  /** First input sample of each output sample's window; windows are shifted inside the plane. */
  readonly first: Int32Array;
  /** `count` weights for each output sample; sum 1. */
  readonly weights: Float32Array;
}

/** Weights of every output sample. Reduction widens the kernel (antialiasing); the border repeats. */
function makeTaps(from: number, to: number, kernel: Kernel, { scale, offset }: Mapping): Taps {
  const stretch = Math.max(1, scale);
  const reach = kernel.radius * stretch;
  const count = Math.min(from, Math.ceil(reach * 2) + 1);
  const first = new Int32Array(to);
  const weights = new Float32Array(to * count);
  const row = new Float64Array(count);
  for (let j = 0; j < to; j++) {
    const middle = scale * j + offset;
    const low = Math.ceil(middle - reach);
    const high = Math.floor(middle + reach);
    const start = Math.min(Math.max(0, low), from - count);
    row.fill(0);
    let sum = 0;
    for (let i = low; i <= high; i++) {
      const weight = kernel.at((i - middle) / stretch);
      // Samples outside the plane are its border samples.
      const at = Math.min(Math.max(i, 0), from - 1) - start;
      row[at] = (row[at] ?? 0) + weight;
      sum += weight;
    }
    first[j] = start;
    for (let k = 0; k < count; k++) weights[j * count + k] = (row[k] ?? 0) / sum;
  }
  return { count, first, weights };
}

const known = new Map<string, Taps>();

function taps(from: number, to: number, kernel: Kernel, mapping: Mapping): Taps {
  const key = `${from} ${to} ${kernel.radius} ${kernel.at(0.5)} ${mapping.scale} ${mapping.offset}`;
  let found = known.get(key);
  if (!found) {
    // A film has a handful of sizes; a farm of many films must not collect them all.
    if (known.size > 64) known.clear();
    found = makeTaps(from, to, kernel, mapping);
    known.set(key, found);
  }
  return found;
}

function horizontally(source: FloatPlane, width: number, { count, first, weights }: Taps): FloatPlane {
  const target = floatPlane(width, source.height);
  const [from, to] = [source.data, target.data];
  for (let y = 0; y < source.height; y++) {
    const row = y * source.width;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const start = row + (first[x] ?? 0);
      let sum = 0;
      for (let k = 0, w = x * count; k < count; k++, w++) sum += (weights[w] ?? 0) * (from[start + k] ?? 0);
      to[at] = sum;
    }
  }
  return target;
}

function vertically(source: FloatPlane, height: number, { count, first, weights }: Taps): FloatPlane {
  const { width } = source;
  const target = floatPlane(width, height);
  const [from, to] = [source.data, target.data];
  const sum = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    sum.fill(0);
    for (let k = 0; k < count; k++) {
      const weight = weights[y * count + k] ?? 0;
      if (weight === 0) continue;
      const row = ((first[y] ?? 0) + k) * width;
      for (let x = 0; x < width; x++) sum[x] = (sum[x] ?? 0) + weight * (from[row + x] ?? 0);
    }
    to.set(sum, y * width);
  }
  return target;
}

export interface ResampleOptions {
  readonly kernel: Kernel;
  /** Default: centered. */
  readonly horizontal?: Mapping;
  readonly vertical?: Mapping;
}

/** Separable resampling in float, antialiased when it reduces. Returns `source` itself when nothing changes. */
export function resample(source: FloatPlane, width: number, height: number, options: ResampleOptions): FloatPlane {
  const horizontal = options.horizontal ?? centered(source.width, width);
  const vertical = options.vertical ?? centered(source.height, height);
  const still = (from: number, to: number, map: Mapping): boolean => from === to && map.scale === 1 && map.offset === 0;
  const wide = still(source.width, width, horizontal)
    ? source
    : horizontally(source, width, taps(source.width, width, options.kernel, horizontal));
  return still(source.height, height, vertical)
    ? wide
    : vertically(wide, height, taps(source.height, height, options.kernel, vertical));
}

/** Mean over the part of the source that each target sample covers; exact for any ratio of reduction. */
export function areaReduce(source: FloatPlane, width: number, height: number): FloatPlane {
  const cover = (from: number, to: number): Taps => {
    const scale = from / to;
    const count = Math.min(from, Math.ceil(scale) + 1);
    const first = new Int32Array(to);
    const weights = new Float32Array(to * count);
    for (let j = 0; j < to; j++) {
      const [low, high] = [j * scale, (j + 1) * scale];
      const start = Math.min(Math.floor(low), from - count);
      first[j] = start;
      for (let k = 0; k < count; k++) {
        const share = Math.min(high, start + k + 1) - Math.max(low, start + k);
        weights[j * count + k] = Math.max(0, share) / scale;
      }
    }
    return { count, first, weights };
  };
  const wide = horizontally(source, width, cover(source.width, width));
  return vertically(wide, height, cover(source.height, height));
}

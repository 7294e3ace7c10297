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
  // Kernels are zero at their ends: so many samples lie strictly inside.
  const count = Math.min(from, Math.ceil(reach * 2));
  const first = new Int32Array(to);
  const weights = new Float32Array(to * count);
  const row = new Float64Array(count);
  for (let j = 0; j < to; j++) {
    const middle = scale * j + offset;
    const low = Math.floor(middle - reach) + 1;
    const high = Math.ceil(middle + reach) - 1;
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

// The loops over samples have the four taps of an enlarging cubic written out: half the time of the general form.

function horizontally(source: FloatPlane, width: number, taps: Taps): FloatPlane {
  const target = floatPlane(width, source.height);
  for (let y = 0; y < source.height; y++) {
    const row = source.data.subarray(y * source.width, (y + 1) * source.width);
    const out = target.data.subarray(y * width, (y + 1) * width);
    if (taps.count === 4) mixAlong4(row, out, taps);
    else mixAlong(row, out, taps);
  }
  return target;
}

function mixAlong4(row: Float32Array, out: Float32Array, { first, weights }: Taps): void {
  for (let x = 0; x < out.length; x++) {
    const i = first[x] ?? 0;
    const w = x * 4;
    out[x] =
      (weights[w] ?? 0) * (row[i] ?? 0) +
      (weights[w + 1] ?? 0) * (row[i + 1] ?? 0) +
      (weights[w + 2] ?? 0) * (row[i + 2] ?? 0) +
      (weights[w + 3] ?? 0) * (row[i + 3] ?? 0);
  }
}

function mixAlong(row: Float32Array, out: Float32Array, { count, first, weights }: Taps): void {
  for (let x = 0; x < out.length; x++) {
    const start = first[x] ?? 0;
    let sum = 0;
    for (let k = 0; k < count; k++) sum += (weights[x * count + k] ?? 0) * (row[start + k] ?? 0);
    out[x] = sum;
  }
}

function vertically(source: FloatPlane, height: number, { count, first, weights }: Taps): FloatPlane {
  const { width, data } = source;
  const target = floatPlane(width, height);
  const sums = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    const start = (first[y] ?? 0) * width;
    const own = weights.subarray(y * count, (y + 1) * count);
    const out = target.data.subarray(y * width, (y + 1) * width);
    if (count === 4) mixAcross4(data, start, own, out);
    else {
      sums.fill(0);
      for (let k = 0; k < count; k++) addScaled(data, start + k * width, own[k] ?? 0, sums);
      out.set(sums);
    }
  }
  return target;
}

function mixAcross4(data: Float32Array, start: number, weights: Float32Array, out: Float32Array): void {
  const width = out.length;
  const w0 = weights[0] ?? 0;
  const w1 = weights[1] ?? 0;
  const w2 = weights[2] ?? 0;
  const w3 = weights[3] ?? 0;
  for (let x = 0; x < width; x++) {
    const i = start + x;
    out[x] =
      w0 * (data[i] ?? 0) +
      w1 * (data[i + width] ?? 0) +
      w2 * (data[i + 2 * width] ?? 0) +
      w3 * (data[i + 3 * width] ?? 0);
  }
}

function addScaled(data: Float32Array, start: number, weight: number, sums: Float64Array): void {
  if (weight === 0) return;
  for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] ?? 0) + weight * (data[start + x] ?? 0);
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

import { channelOf, rgbFromChannels, type Channel, type RgbPicture } from '../picture.ts';

/** Keys' cubic with a = -0.5. */
function cubic(x: number): number {
  const t = Math.abs(x);
  if (t <= 1) return (1.5 * t - 2.5) * t * t + 1;
  return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
}

interface Taps {
  readonly count: number;
  /** `count` input positions and weights for every output sample. */
  readonly at: Int32Array;
  readonly weights: Float64Array;
}

function makeTaps(from: number, to: number): Taps {
  const scale = to / from;
  const stretch = Math.min(scale, 1);
  const count = Math.ceil(4 / stretch) + 2;
  const at = new Int32Array(to * count);
  const weights = new Float64Array(to * count);
  for (let j = 0; j < to; j++) {
    const center = (j + 0.5) / scale - 0.5;
    const first = Math.floor(center - 2 / stretch);
    let sum = 0;
    for (let k = 0; k < count; k++) {
      const weight = stretch * cubic(stretch * (center - (first + k)));
      // Beyond the border the picture is mirrored, the border sample included.
      const mirrored = (((first + k) % (2 * from)) + 2 * from) % (2 * from);
      at[j * count + k] = mirrored < from ? mirrored : 2 * from - 1 - mirrored;
      weights[j * count + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < count; k++) weights[j * count + k] = (weights[j * count + k] ?? 0) / sum;
  }
  return { count, at, weights };
}

function vertically(source: Channel, height: number): Channel {
  const { width } = source;
  const { count, at, weights } = makeTaps(source.height, height);
  const data = new Float32Array(width * height);
  const row = new Float64Array(width);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let k = 0; k < count; k++) {
      const weight = weights[y * count + k] ?? 0;
      if (weight === 0) continue;
      const from = (at[y * count + k] ?? 0) * width;
      for (let x = 0; x < width; x++) row[x] = (row[x] ?? 0) + weight * (source.data[from + x] ?? 0);
    }
    data.set(row, y * width);
  }
  return { width, height, data };
}

function horizontally(source: Channel, width: number): Channel {
  const { height } = source;
  const { count, at, weights } = makeTaps(source.width, width);
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = y * source.width;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = x * count; k < (x + 1) * count; k++)
        sum += (weights[k] ?? 0) * (source.data[row + (at[k] ?? 0)] ?? 0);
      data[y * width + x] = sum;
    }
  }
  return { width, height, data };
}

/**
 * Bicubic resizing as MATLAB's imresize does it (widened kernel where it reduces, mirrored border): what the low
 * resolution of the published super-resolution protocol is made with. Neither rounded nor clamped.
 */
export function imresize(source: Channel, width: number, height: number): Channel {
  return horizontally(vertically(source, height), width);
}

/** The same for 8-bit RGB, rounded and clamped, as imresize returns a uint8 picture. */
export function imresizeRgb(source: RgbPicture, width: number, height: number): RgbPicture {
  const one = (channel: 0 | 1 | 2): Channel => imresize(channelOf(source, channel), width, height);
  return rgbFromChannels(one(0), one(1), one(2));
}

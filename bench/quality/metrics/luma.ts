import { cropBorder, toByte, type Channel, type RgbPicture } from '../picture.ts';

/**
 * Luma of the published super-resolution protocol: MATLAB's rgb2ycbcr of a uint8 picture, BT.601 with Y on 16..235,
 * rounded to whole codes.
 */
export function lumaOfRgb({ width, height, data }: RgbPicture): Channel & { readonly data: Uint8Array<ArrayBuffer> } {
  const out = new Uint8Array(width * height);
  for (let i = 0; i < out.length; i++) {
    const [r, g, b] = [data[i * 3] ?? 0, data[i * 3 + 1] ?? 0, data[i * 3 + 2] ?? 0];
    out[i] = toByte(16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255);
  }
  return { width, height, data: out };
}

/** Peak signal-to-noise ratio in dB of two channels of 8-bit codes, peak 255; `border` pixels of each side left out. */
export function psnr(a: Channel, b: Channel, border = 0): number {
  const [one, two] = [cropBorder(a, border).data, cropBorder(b, border).data];
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += ((one[i] ?? 0) - (two[i] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / one.length));
}

const WINDOW = 11;
const SIGMA = 1.5;

function gaussianWindow(): Float64Array {
  const taps = Float64Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

/** Weighted means over all windows that lie inside the picture. */
function filterInside(data: Float64Array, width: number, height: number, taps: Float64Array): Float64Array {
  const [w, h] = [width - WINDOW + 1, height - WINDOW + 1];
  const rows = new Float64Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += (taps[k] ?? 0) * (data[y * width + x + k] ?? 0);
      rows[y * w + x] = sum;
    }
  }
  const out = new Float64Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW; k++) sum += (taps[k] ?? 0) * (rows[(y + k) * w + x] ?? 0);
      out[y * w + x] = sum;
    }
  }
  return out;
}

/**
 * Structural similarity: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
 * structural similarity", IEEE TIP 2004. Gaussian window of 11 x 11 with sigma 1.5, K1 = 0.01, K2 = 0.03, peak 255,
 * windows inside the picture only, at full size (no automatic reduction). `border` pixels of each side left out.
 */
export function ssim(a: Channel, b: Channel, border = 0): number {
  const one = cropBorder(a, border);
  const two = cropBorder(b, border);
  const { width, height } = one;
  const [x, y] = [Float64Array.from(one.data), Float64Array.from(two.data)];
  const taps = gaussianWindow();
  const means = (values: Float64Array): Float64Array => filterInside(values, width, height, taps);
  const [mx, my] = [means(x), means(y)];
  const xx = means(x.map((v) => v * v));
  const yy = means(y.map((v) => v * v));
  const xy = means(x.map((v, i) => v * (y[i] ?? 0)));
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let sum = 0;
  for (let i = 0; i < mx.length; i++) {
    const [p, q] = [mx[i] ?? 0, my[i] ?? 0];
    const covariance = (xy[i] ?? 0) - p * q;
    const variances = (xx[i] ?? 0) - p * p + (yy[i] ?? 0) - q * q;
    sum += ((2 * p * q + c1) * (2 * covariance + c2)) / ((p * p + q * q + c1) * (variances + c2));
  }
  return sum / mx.length;
}

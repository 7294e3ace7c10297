/** Three numbers of a color: R, G, B in 0..1, or L in 0..100 with a and b. */
export type Triple = readonly [number, number, number];

// IEC 61966-2-1 (sRGB) and CIE 15 (L*a*b*) under D65, as OpenCV and scikit-image compute them: what colorizers learned by.

const WHITE_X = 0.950456;
const WHITE_Z = 1.088754;
const LINEAR_END = 216 / 24389;
const KAPPA = 24389 / 27;

const decodeSrgb = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const encodeSrgb = (value: number): number => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055);

const compress = (t: number): number => (t > LINEAR_END ? Math.cbrt(t) : (KAPPA * t + 16) / 116);
const expand = (f: number): number => (f ** 3 > LINEAR_END ? f ** 3 : (116 * f - 16) / KAPPA);
const unit = (value: number): number => (value < 0 ? 0 : value > 1 ? 1 : value);

/** Lightness 0..100 of a gray of that sRGB value (0..1). */
export const lightnessOf = (gray: number): number => 116 * compress(decodeSrgb(unit(gray))) - 16;

/** sRGB 0..1 to L*a*b*. */
export function srgbToLab([red, green, blue]: Triple): Triple {
  const [r, g, b] = [decodeSrgb(red), decodeSrgb(green), decodeSrgb(blue)];
  const x = compress((0.412453 * r + 0.35758 * g + 0.180423 * b) / WHITE_X);
  const y = compress(0.212671 * r + 0.71516 * g + 0.072169 * b);
  const z = compress((0.019334 * r + 0.119193 * g + 0.950227 * b) / WHITE_Z);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

/** L*a*b* to sRGB, each clipped to 0..1 as those who trained on it do. */
export function labToSrgb([lightness, a, b]: Triple): Triple {
  const y = (lightness + 16) / 116;
  const [x, mid, z] = [expand(y + a / 500) * WHITE_X, expand(y), expand(y - b / 200) * WHITE_Z];
  const red = 3.240479 * x - 1.53715 * mid - 0.498535 * z;
  const green = -0.969256 * x + 1.875991 * mid + 0.041556 * z;
  const blue = 0.055648 * x - 0.204043 * mid + 1.057311 * z;
  return [unit(encodeSrgb(red)), unit(encodeSrgb(green)), unit(encodeSrgb(blue))];
}

/** Cb and Cr (BT.601, full range, -0.5..0.5) of gamma-coded R, G, B in 0..1. */
export function chroma601([red, green, blue]: Triple): readonly [cb: number, cr: number] {
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  return [(blue - luma) / 1.772, (red - luma) / 1.402];
}

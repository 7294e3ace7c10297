import type { RgbPicture } from '../picture.ts';

/** CIE L*a*b* of a picture, D65 white: one array a coordinate. */
export interface LabPicture {
  readonly width: number;
  readonly height: number;
  readonly l: Float32Array;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export type Lab = readonly [l: number, a: number, b: number];

/** Light of each 8-bit sRGB code (IEC 61966-2-1). */
const LINEAR = Float64Array.from({ length: 256 }, (_, code) => {
  const v = code / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
});

const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);

/** One 8-bit sRGB color in CIE L*a*b*. */
export function labOfRgb(r: number, g: number, b: number): Lab {
  const [red, green, blue] = [LINEAR[r] ?? 0, LINEAR[g] ?? 0, LINEAR[b] ?? 0];
  const x = f((0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047);
  const y = f(0.2126729 * red + 0.7151522 * green + 0.072175 * blue);
  const z = f((0.0193339 * red + 0.119192 * green + 0.9503041 * blue) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export function labOfPicture({ width, height, data }: RgbPicture): LabPicture {
  const size = width * height;
  const [l, a, b] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)];
  for (let i = 0; i < size; i++) {
    [l[i], a[i], b[i]] = labOfRgb(data[i * 3] ?? 0, data[i * 3 + 1] ?? 0, data[i * 3 + 2] ?? 0);
  }
  return { width, height, l, a, b };
}

const RADIAN = Math.PI / 180;
const POW25_7 = 25 ** 7;
const cosDegrees = (degrees: number): number => Math.cos(degrees * RADIAN);

const hue = (a: number, b: number): number => {
  if (a === 0 && b === 0) return 0;
  const degrees = Math.atan2(b, a) / RADIAN;
  return degrees < 0 ? degrees + 360 : degrees;
};

/**
 * Color difference CIEDE2000 with kL = kC = kH = 1: Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula:
 * implementation notes, supplementary test data, and mathematical observations", Color Research & Application 2005.
 */
export function ciede2000([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const c7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(c7 / (c7 + POW25_7)));
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const [h1, h2] = [hue(p1, b1), hue(p2, b2)];
  const gray = c1 * c2 === 0;

  let turn = gray ? 0 : h2 - h1;
  if (turn > 180) turn -= 360;
  else if (turn < -180) turn += 360;
  let h = h1 + h2;
  if (!gray) {
    if (Math.abs(h1 - h2) > 180) h += h < 360 ? 360 : -360;
    h /= 2;
  }
  const l = (l1 + l2) / 2;
  const c = (c1 + c2) / 2;
  const t =
    1 -
    0.17 * cosDegrees(h - 30) +
    0.24 * cosDegrees(2 * h) +
    0.32 * cosDegrees(3 * h + 6) -
    0.2 * cosDegrees(4 * h - 63);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const sc = 1 + 0.045 * c;
  const sh = 1 + 0.015 * c * t;
  const rotation =
    -Math.sin(2 * 30 * Math.exp(-(((h - 275) / 25) ** 2)) * RADIAN) * 2 * Math.sqrt(c ** 7 / (c ** 7 + POW25_7));
  const dl = (l2 - l1) / sl;
  const dc = (c2 - c1) / sc;
  const dh = (2 * Math.sqrt(c1 * c2) * Math.sin((turn / 2) * RADIAN)) / sh;
  return Math.sqrt(Math.max(0, dl * dl + dc * dc + dh * dh + rotation * dc * dh));
}

/** Mean CIEDE2000 over the pixels of two pictures of one size. */
export function meanCiede2000(one: LabPicture, two: LabPicture): number {
  let sum = 0;
  for (let i = 0; i < one.l.length; i++) {
    sum += ciede2000([one.l[i] ?? 0, one.a[i] ?? 0, one.b[i] ?? 0], [two.l[i] ?? 0, two.a[i] ?? 0, two.b[i] ?? 0]);
  }
  return sum / one.l.length;
}

import { readFile } from 'node:fs/promises';
import { throughJpeg } from './images.ts';
import { imresize } from './metrics/imresize.ts';
import { channelOf, mean, rgbFromChannels, type Channel, type RgbPicture } from './picture.ts';
import { normals } from './random.ts';

/** Numbers of recipe.json; the same file as the one that networks are trained and judged with in Python. */
export interface Recipe {
  readonly scale: number;
  readonly blurSigma: number;
  readonly grainSigma255: number;
  readonly grainSize: number;
  readonly jpegQuality: number;
  readonly seed: number;
  /** What `--denoise` is set to for it. */
  readonly strength: number;
}

export const readRecipe = async (): Promise<Recipe> =>
  JSON.parse(await readFile(new URL('recipe.json', import.meta.url), 'utf8')) as Recipe;

/** Separable Gaussian of three sigmas reach; the border repeats. */
export function gaussianBlur({ width, height, data }: Channel, sigma: number): Channel {
  if (sigma <= 0) return { width, height, data };
  const reach = Math.max(1, Math.ceil(3 * sigma));
  const raw = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const sum = raw.reduce((total, tap) => total + tap, 0);
  const taps = raw.map((tap) => tap / sum);
  const inside = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));
  const rows = new Float32Array(width * height);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y * width + x] = taps.reduce(
        (total, tap, k) => total + tap * (data[inside(y + k - reach, height) * width + x] ?? 0),
        0,
      );
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[y * width + x] = taps.reduce(
        (total, tap, k) => total + tap * (rows[y * width + inside(x + k - reach, width)] ?? 0),
        0,
      );
    }
  }
  return { width, height, data: out };
}

/** Film grain of unit standard deviation whose clumps have about `size` pixels. */
export function grainField(width: number, height: number, size: number, seed: number): Float32Array {
  const next = normals(seed);
  const field = gaussianBlur({ width, height, data: Float32Array.from({ length: width * height }, next) }, size).data;
  const average = mean(field);
  const deviation = Math.sqrt(mean(Float64Array.from(field, (v) => (v - average) ** 2)));
  return Float32Array.from(field, (v) => v / deviation);
}

/**
 * Old footage out of a good picture: blurred, `scale` times smaller, grained (the same in all channels, half as strong in
 * black and white as in mid-tones), compressed as JPEG. The same picture and `index` give the same result.
 */
export async function applyRecipe(picture: RgbPicture, index: number, recipe: Recipe): Promise<RgbPicture> {
  const [width, height] = [picture.width / recipe.scale, picture.height / recipe.scale];
  const small = ([0, 1, 2] as const).map((which) =>
    imresize(gaussianBlur(channelOf(picture, which), recipe.blurSigma), width, height),
  ) as [Channel, Channel, Channel];
  const field = grainField(width, height, recipe.grainSize, recipe.seed + index);
  const [red, green, blue] = small;
  const grain = Float32Array.from(field, (value, i) => {
    const luma = (0.299 * (red.data[i] ?? 0) + 0.587 * (green.data[i] ?? 0) + 0.114 * (blue.data[i] ?? 0)) / 255;
    const inside = Math.min(1, Math.max(0, luma));
    return recipe.grainSigma255 * (0.5 + 2 * inside * (1 - inside)) * value;
  });
  const grained = small.map(({ data }) => ({
    width,
    height,
    data: Float32Array.from(data, (value, i) => value + (grain[i] ?? 0)),
  })) as [Channel, Channel, Channel];
  return throughJpeg(rgbFromChannels(...grained), recipe.jpegQuality);
}

/** White Gaussian noise of `sigma` 8-bit codes, rounded and clamped to codes. */
export function addNoise({ width, height, data }: Channel, sigma: number, seed: number): Channel {
  const next = normals(seed);
  const noisy = new Uint8ClampedArray(width * height);
  for (let i = 0; i < noisy.length; i++) noisy[i] = (data[i] ?? 0) + sigma * next();
  return { width, height, data: new Uint8Array(noisy.buffer) };
}

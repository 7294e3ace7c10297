import { clamp, reduceArea, type Gray } from './gray.ts';

/** Side of the patches that are compared, at every size of the picture. */
export const PATCH = 8;
/** Pixels repeated around a picture; vectors are kept such that patches stay inside. */
export const BORDER = 16;
/** Short side below which pictures are not halved further. */
const SMALLEST = 14;

/** A picture made ready for motion search: halved again and again, with a border. */
export interface MotionPicture {
  readonly width: number;
  readonly height: number;
  /** All of it in one piece, so that it can be laid into shared memory: the levels, then the tones. */
  readonly data: Float32Array;
  /** Full size first. */
  readonly levels: readonly Padded[];
  /** Values of the smallest level's pixels in ascending order. */
  readonly tones: Float32Array;
}

export interface Padded {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly data: Float32Array;
}

/** How a picture of a size lies in `data`; undefined: in memory of its own. */
export function motionPicture(width: number, height: number, data?: Float32Array): MotionPicture {
  const sizes = [{ width, height }];
  for (let [w, h] = [width, height]; Math.min(w, h) >= 2 * SMALLEST;) {
    [w, h] = [w >> 1, h >> 1];
    sizes.push({ width: w, height: h });
  }
  const lengths = sizes.map((size) => (size.width + 2 * BORDER) * (size.height + 2 * BORDER));
  const smallest = sizes.at(-1) ?? { width, height };
  const padded = lengths.reduce((sum, length) => sum + length, 0);
  const all = data ?? new Float32Array(padded + smallest.width * smallest.height);
  let start = 0;
  const levels = sizes.map((size, i) => {
    const end = start + (lengths[i] ?? 0);
    const level = { ...size, stride: size.width + 2 * BORDER, data: all.subarray(start, end) };
    start = end;
    return level;
  });
  return { width, height, data: all, levels, tones: all.subarray(padded) };
}

export function prepareMotion(gray: Gray): MotionPicture {
  const picture = motionPicture(gray.width, gray.height);
  let level = gray;
  for (const [i, padded] of picture.levels.entries()) {
    if (i > 0) level = reduceArea(level.data, level.width, level.height, padded.width, padded.height);
    pad(level, padded.data);
  }
  picture.tones.set(level.data);
  picture.tones.sort();
  return picture;
}

function pad({ width, height, data }: Gray, out: Float32Array): void {
  const stride = width + 2 * BORDER;
  for (let y = -BORDER; y < height + BORDER; y++) {
    const row = clamp(y, 0, height - 1) * width;
    for (let x = -BORDER; x < width + BORDER; x++) {
      out[(y + BORDER) * stride + x + BORDER] = data[row + clamp(x, 0, width - 1)] ?? 0;
    }
  }
}

/** Mean change of luma (0..1) from a pixel to the next, around each cell: what a pixel of error in motion costs there. */
export function textureOf(
  { levels, width: pictureWidth, height: pictureHeight }: MotionPicture,
  width: number,
  height: number,
): Float32Array {
  const out = new Float32Array(width * height);
  const level = levels[0];
  if (!level) return out;
  const { data, stride } = level;
  for (let cell = 0; cell < out.length; cell++) {
    const [cx, cy] = [cell % width, Math.floor(cell / width)];
    const px = Math.round(((cx + 0.5) * pictureWidth) / width) - PATCH / 2;
    const py = Math.round(((cy + 0.5) * pictureHeight) / height) - PATCH / 2;
    let sum = 0;
    for (let row = 0; row < PATCH; row++) {
      const p = (py + row + BORDER) * stride + px + BORDER;
      for (let i = p; i < p + PATCH; i++) {
        const value = data[i] ?? 0;
        sum += Math.abs((data[i + 1] ?? 0) - value) + Math.abs((data[i + stride] ?? 0) - value);
      }
    }
    out[cell] = sum / (2 * PATCH * PATCH);
  }
  return out;
}

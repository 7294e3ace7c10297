/** One channel of samples, row-major, in whatever unit the user of it says. */
export interface Channel {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array | Float32Array | Float64Array;
}

/** 8-bit RGB, three bytes a pixel, row-major. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** The picture without `border` pixels on each side. */
export function cropBorder({ width, height, data }: Channel, border: number): Channel {
  if (border === 0) return { width, height, data };
  const [w, h] = [width - 2 * border, height - 2 * border];
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    const from = (y + border) * width + border;
    out.set(data.subarray(from, from + w), y * w);
  }
  return { width: w, height: h, data: out };
}

/** The largest upper left part whose sides are multiples of `multiple`: what the published protocol starts from. */
export function cropToMultiple(picture: RgbPicture, multiple: number): RgbPicture {
  const width = picture.width - (picture.width % multiple);
  const height = picture.height - (picture.height % multiple);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = y * picture.width * 3;
    data.set(picture.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** One of the three channels: 0 red, 1 green, 2 blue; codes 0..255. */
export function channelOf({ width, height, data }: RgbPicture, channel: 0 | 1 | 2): Channel {
  const out = new Float32Array(width * height);
  for (let i = 0; i < out.length; i++) out[i] = data[i * 3 + channel] ?? 0;
  return { width, height, data: out };
}

/** Three channels of codes, rounded and clamped to bytes. */
export function rgbFromChannels(red: Channel, green: Channel, blue: Channel): RgbPicture {
  const { width, height } = red;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[i * 3] = toByte(red.data[i] ?? 0);
    data[i * 3 + 1] = toByte(green.data[i] ?? 0);
    data[i * 3 + 2] = toByte(blue.data[i] ?? 0);
  }
  return { width, height, data };
}

/** Rounded to the nearest byte, halves up. */
export const toByte = (value: number): number => Math.min(255, Math.max(0, Math.floor(value + 0.5)));

export function mean(values: Iterable<number> & ArrayLike<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

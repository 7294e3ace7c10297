import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { RgbPicture } from './picture.ts';

export interface NamedPicture {
  readonly name: string;
  readonly picture: RgbPicture;
}

/** Decodes a picture file (or its bytes) to 8-bit RGB; gray ones get three equal channels, transparency is dropped. */
export async function readRgb(source: string | Buffer): Promise<RgbPicture> {
  const { data, info } = await sharp(source).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels === 3) return { width, height, data: Uint8Array.from(data) };
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3) * channels] ?? 0;
  return { width, height, data: rgb };
}

/** All PNG pictures of a folder by name. */
export async function readFolder(folder: string): Promise<NamedPicture[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort();
  return Promise.all(
    names.map(async (name) => ({ name: path.parse(name).name, picture: await readRgb(path.join(folder, name)) })),
  );
}

/** A picture through JPEG and back, with the format's own example tables and 4:2:0 chroma. */
export async function throughJpeg({ width, height, data }: RgbPicture, quality: number): Promise<RgbPicture> {
  const coded = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:2:0', mozjpeg: false })
    .toBuffer();
  return readRgb(coded);
}

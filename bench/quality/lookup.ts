import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { REPOSITORY } from '../common/data.ts';
import { readRgb, type NamedPicture } from './images.ts';
import { toByte, type RgbPicture } from './picture.ts';
import { ZipArchive } from './zip.ts';

const LEVELS = 32;
/** Every so many pictures of the pack are enough to learn 32 means. */
const STEP = 6;

/** Mean Cb and Cr (full range, -0.5..0.5) by brightness: what a colorizer must beat to know more than a tint. */
export interface ChromaLookup {
  readonly cb: Float64Array;
  readonly cr: Float64Array;
}

interface Holdout {
  readonly pack: string;
  readonly names: readonly string[];
}

/** Names of the pictures that no network is trained on. */
async function readHoldout(): Promise<Holdout> {
  const file = path.join(REPOSITORY, 'training', 'holdout.json');
  return JSON.parse(await readFile(file, 'utf8')) as Holdout;
}

const levelOf = (r: number, g: number, b: number): number =>
  Math.min(LEVELS - 1, Math.floor(((0.299 * r + 0.587 * g + 0.114 * b) / 255) * LEVELS));

function learn(pictures: readonly RgbPicture[]): ChromaLookup {
  const [cb, cr, count] = [new Float64Array(LEVELS), new Float64Array(LEVELS), new Float64Array(LEVELS)];
  for (const { data } of pictures) {
    for (let i = 0; i < data.length; i += 3) {
      const [r, g, b] = [data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0];
      const level = levelOf(r, g, b);
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      cb[level] = (cb[level] ?? 0) + (b - luma) / (1.772 * 255);
      cr[level] = (cr[level] ?? 0) + (r - luma) / (1.402 * 255);
      count[level] = (count[level] ?? 0) + 1;
    }
  }
  const divide = (sum: number, level: number): number => sum / Math.max(1, count[level] ?? 0);
  return { cb: cb.map(divide), cr: cr.map(divide) };
}

export interface ColorPack {
  /** Photos that no network has seen. */
  readonly holdout: readonly NamedPicture[];
  readonly lookup: ChromaLookup;
}

/** The held-out photos of a pack, and the lookup learned from its other ones. */
export async function readColorPack(folder: (name: string) => string | undefined): Promise<ColorPack | undefined> {
  const { pack, names } = await readHoldout();
  const file = folder(pack);
  if (file === undefined) return undefined;
  const archive = await ZipArchive.open(file);
  try {
    const kept = new Set(names);
    const holdout: NamedPicture[] = [];
    for (const name of names) holdout.push({ name, picture: await readRgb(await archive.file(name)) });
    const others: RgbPicture[] = [];
    const rest = archive.names().filter((name) => !kept.has(name));
    for (let i = 0; i < rest.length; i += STEP) others.push(await readRgb(await archive.file(rest[i] ?? '')));
    return { holdout, lookup: learn(others) };
  } finally {
    await archive.close();
  }
}

/** A gray picture tinted by its brightness alone. */
export function tint({ width, height, data }: RgbPicture, { cb, cr }: ChromaLookup): RgbPicture {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0];
    const level = levelOf(r, g, b);
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    const red = luma + 1.402 * 255 * (cr[level] ?? 0);
    const blue = luma + 1.772 * 255 * (cb[level] ?? 0);
    out[i] = toByte(red);
    out[i + 1] = toByte((luma - 0.299 * red - 0.114 * blue) / 0.587);
    out[i + 2] = toByte(blue);
  }
  return { width, height, data: out };
}

import { open, type FileHandle } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly compressedBytes: number;
  readonly headerAt: number;
}

const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const END_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;

async function read(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, position);
  return buffer;
}

/** Reads single files of a zip archive (stored or deflated, no zip64, not encrypted): what the picture packs need. */
export class ZipArchive {
  readonly #handle: FileHandle;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(handle: FileHandle, entries: ReadonlyMap<string, Entry>) {
    this.#handle = handle;
    this.#entries = entries;
  }

  static async open(path: string): Promise<ZipArchive> {
    const handle = await open(path, 'r');
    try {
      return new ZipArchive(handle, await ZipArchive.#directory(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  static async #directory(handle: FileHandle, path: string): Promise<Map<string, Entry>> {
    const { size } = await handle.stat();
    const tail = await read(handle, Math.max(0, size - 65536 - END_BYTES), Math.min(size, 65536 + END_BYTES));
    let end = tail.length - END_BYTES;
    while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
    if (end < 0) throw new Error(`${path} is not a zip archive.`);
    const directory = await read(handle, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
    const entries = new Map<string, Entry>();
    for (let at = 0; at < directory.length && directory.readUInt32LE(at) === CENTRAL;) {
      const nameBytes = directory.readUInt16LE(at + 28);
      const name = directory.toString('utf8', at + 46, at + 46 + nameBytes);
      entries.set(name, {
        name,
        method: directory.readUInt16LE(at + 10),
        compressedBytes: directory.readUInt32LE(at + 20),
        headerAt: directory.readUInt32LE(at + 42),
      });
      at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return entries;
  }

  /** Names of all files, sorted. */
  names(): string[] {
    return [...this.#entries.keys()].filter((name) => !name.endsWith('/')).sort();
  }

  async file(name: string): Promise<Buffer> {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`The archive holds no ${name}.`);
    // The local header repeats the name and has extra fields of its own length.
    const header = await read(this.#handle, entry.headerAt, 30);
    const from = entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const bytes = await read(this.#handle, from, entry.compressedBytes);
    if (entry.method === STORED) return bytes;
    if (entry.method === DEFLATED) return inflateRawSync(bytes);
    throw new Error(`${name} is compressed with method ${entry.method}, which is not supported.`);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

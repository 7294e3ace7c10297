import { openFile } from '../platform/files.ts';

/** Where one frame's result lies in a file. */
interface Place {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

/** Ends every whole file: after the table its length and this word. */
const MAGIC = 0x314b5052;
const FOOTER_BYTES = 8;

type Handle = Awaited<ReturnType<typeof openFile>>;

async function writeAll(handle: Handle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
}

/** Results of frames, one after the other, with a table at the end. It has no name of its own before it is whole. */
export class ResultFileWriter {
  readonly path: string;
  readonly #handle: Handle;
  readonly #places: Place[] = [];
  sizeBytes = 0;

  private constructor(path: string, handle: Handle) {
    this.path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<ResultFileWriter> {
    return new ResultFileWriter(path, await openFile(path, 'wx'));
  }

  get frames(): number {
    return this.#places.length;
  }

  async append(index: number, bytes: Uint8Array): Promise<void> {
    await writeAll(this.#handle, bytes);
    this.#places.push({ index, offset: this.sizeBytes, length: bytes.length });
    this.sizeBytes += bytes.length;
  }

  /** Closes the file; it is then as `readTable` wants it. */
  async finish(): Promise<void> {
    const table = Buffer.from(JSON.stringify(this.#places));
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeUInt32LE(table.length);
    footer.writeUInt32LE(MAGIC, 4);
    try {
      await writeAll(this.#handle, Buffer.concat([table, footer]));
    } finally {
      await this.#handle.close();
    }
  }

  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

async function readAt(handle: Handle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new RangeError('the file ends early');
    at += bytesRead;
  }
  return bytes;
}

/** Frames of a file; undefined when it is damaged. */
export async function readTable(path: string): Promise<readonly Place[] | undefined> {
  const handle = await openFile(path, 'r');
  try {
    const { size } = await handle.stat();
    const footer = Buffer.from(await readAt(handle, size - FOOTER_BYTES, FOOTER_BYTES));
    const length = footer.readUInt32LE();
    if (footer.readUInt32LE(4) !== MAGIC || length > size) return undefined;
    const table = await readAt(handle, size - FOOTER_BYTES - length, length);
    return JSON.parse(Buffer.from(table).toString('utf8')) as readonly Place[];
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

export async function readResult(
  path: string,
  { offset, length }: Pick<Place, 'offset' | 'length'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openFile(path, 'r');
  try {
    return await readAt(handle, offset, length);
  } finally {
    await handle.close();
  }
}

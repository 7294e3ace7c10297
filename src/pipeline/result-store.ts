import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { ensureFolder, listFolder, publish, removeFile } from '../platform/files.ts';
import type { ResultStore } from '../restore/index.ts';
import { readResult, readTable, ResultFileWriter } from './result-file.ts';

export const RESULTS_EXTENSION = '.results';
const UNFINISHED = '.tmp';
/** Results that are lost at most when a run is killed. */
const FILE_FRAMES = 48;

/** What a frame takes in the table of its file, at most. */
const TABLE_BYTES = 80;

/** What all stores of a cache have in common: its bound, and whether it may still be written. */
export interface StoreKeeper {
  /** Size at which a file is closed. */
  readonly fileBytes: number;
  readonly stopped: boolean;
  /** Notes that this run needs a file. */
  use(file: string): Promise<void>;
  /** Makes room for so much more; false when there is none. */
  reserve(bytes: number): Promise<boolean>;
  stop(reason: string): void;
  /** Throws when results up to now may be those of another film. */
  check(): Promise<void>;
}

interface Place {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Results of one network in a folder of their own, in files of some frames each, in the order in which they came. Calls
 * may overlap; writing is done one after the other, and a call returns when what it brought is written.
 */
export class FileStore implements ResultStore {
  readonly key: string;
  readonly #folder: string;
  readonly #keeper: StoreKeeper;
  readonly #places = new Map<number, Place>();
  #writer: ResultFileWriter | undefined;
  /** Frames of the file that is being written: they can be read once it is whole. */
  readonly #pending = new Map<number, Omit<Place, 'file'>>();
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, key: string, keeper: StoreKeeper) {
    this.#folder = folder;
    this.key = key;
    this.#keeper = keeper;
  }

  /** Looks at what earlier runs have kept; damaged files are removed. */
  static async open(folder: string, key: string, keeper: StoreKeeper): Promise<FileStore> {
    const store = new FileStore(folder, key, keeper);
    const names = await listFolder(folder).catch(() => []);
    for (const name of names.sort()) {
      if (!name.endsWith(RESULTS_EXTENSION)) continue;
      const file = path.join(folder, name);
      const table = await readTable(file).catch(() => undefined);
      if (table) for (const { index, offset, length } of table) store.#places.set(index, { file, offset, length });
      else await removeFile(file).catch(() => undefined);
    }
    return store;
  }

  async load(index: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const place = this.#places.get(index);
    if (!place) return undefined;
    try {
      await this.#keeper.use(place.file);
      return await readResult(place.file, place);
    } catch {
      // Another run may have made room.
      this.#places.delete(index);
      return undefined;
    }
  }

  save(index: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#keeper.stopped || this.#places.has(index) || this.#pending.has(index)) return;
      if (!(await this.#keeper.reserve(bytes.length + TABLE_BYTES))) {
        this.#keeper.stop('the rest of the film does not fit.');
        return;
      }
      const writer = (this.#writer ??= await this.#begin());
      this.#pending.set(index, { offset: writer.sizeBytes, length: bytes.length });
      await writer.append(index, bytes);
      if (writer.frames >= FILE_FRAMES || writer.sizeBytes >= this.#keeper.fileBytes) await this.#finish();
    });
  }

  /** A file with a damaged result is not trusted in anything else either. */
  async drop(index: number): Promise<void> {
    const file = this.#places.get(index)?.file;
    if (file === undefined) return;
    for (const [each, place] of this.#places) if (place.file === file) this.#places.delete(each);
    await removeFile(file).catch(() => undefined);
  }

  /** Makes what was saved since the last whole file one more. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#finish());
  }

  /** Gives the file that is being written up. */
  abandon(): Promise<void> {
    return this.#inTurn(() => this.#abandon());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(work).catch(async (error: unknown) => {
      this.#keeper.stop(error instanceof Error ? error.message : String(error));
      await this.#abandon();
    });
    return this.#writing;
  }

  async #begin(): Promise<ResultFileWriter> {
    await ensureFolder(this.#folder);
    return ResultFileWriter.create(path.join(this.#folder, `${randomUUID()}${UNFINISHED}`));
  }

  async #finish(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    const file = writer.path.slice(0, -UNFINISHED.length) + RESULTS_EXTENSION;
    await writer.finish();
    await this.#keeper.check();
    await publish(writer.path, file, this.#folder);
    await this.#keeper.use(file);
    for (const [index, place] of this.#pending) this.#places.set(index, { file, ...place });
    this.#pending.clear();
    this.#writer = undefined;
  }

  async #abandon(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#pending.clear();
    if (!writer) return;
    await writer.abandon();
    await removeFile(writer.path).catch(() => undefined);
  }
}

import path from 'node:path';
import { ensureFolder, removeFile, touchFile, writeFileAtomic } from '../platform/files.ts';
import { walkFiles } from '../platform/move.ts';
import type { ResultStore } from '../restore/index.ts';
import { FileStore, RESULTS_EXTENSION, type StoreKeeper } from './result-store.ts';

/** Folder beside the work folders that holds kept results. */
export const CACHE_FOLDER = 'cache';
/** Tells the folder from any other of the same name. */
export const CACHE_MARK = 'cache.json';
/** What an unfinished file of a run that was killed is older than. */
const STALE_MS = 24 * 3600_000;
const FILE_BYTES = 64 * 2 ** 20;
/** Part of the limit that one file may take: a small cache still has several to choose from. */
const FILE_SHARE = 1 / 16;

/**
 * Results of networks on disk, for later runs with other options: a folder for each network, source and set of options that
 * decides them. At most `limitBytes`; what no run has used for longest goes first, and what this run uses stays, so that a
 * film that does not fit is kept in part and not in turn. A cache is a convenience: whatever goes wrong in it, the run
 * goes on without.
 */
export class ResultCache implements StoreKeeper {
  /** Throws when the source is not what it was. */
  readonly check: () => Promise<void>;
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #warn: (message: string) => void;
  readonly #stores: FileStore[] = [];
  readonly #used = new Set<string>();
  #stopped = false;
  /** What lies in the folder; looked at again before anything is removed, since other runs write there too. */
  #sumBytes: number | undefined;

  private constructor(folder: string, limitBytes: number, warn: (message: string) => void, check: () => Promise<void>) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
    this.#warn = warn;
    this.check = check;
  }

  /** Undefined, with a warning, where the folder cannot be written. */
  static async open(
    folder: string,
    limitBytes: number,
    warn: (message: string) => void,
    check: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ResultCache | undefined> {
    try {
      await ensureFolder(folder);
      const mark = { what: 'Results that `restore --cache` has kept. The folder may be removed at any time.' };
      await writeFileAtomic(path.join(folder, CACHE_MARK), `${JSON.stringify(mark)}\n`, folder);
      return new ResultCache(folder, limitBytes, warn, check);
    } catch (error) {
      warn(`Nothing is kept: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  get fileBytes(): number {
    return Math.min(FILE_BYTES, this.#limitBytes * FILE_SHARE);
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  async store(key: string): Promise<ResultStore> {
    const store = await FileStore.open(path.join(this.#folder, key), key, this);
    this.#stores.push(store);
    return store;
  }

  /** Notes that this run needs a file, which keeps it. */
  async use(file: string): Promise<void> {
    if (this.#used.has(file)) return;
    this.#used.add(file);
    await touchFile(file).catch(() => undefined);
  }

  /** Nothing more is kept in this run. */
  stop(reason: string): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#warn(`No more results are kept: ${reason}`);
  }

  /** Removes what is used least until `bytes` more fit into the limit; false when this run uses all the rest. */
  async reserve(bytes: number): Promise<boolean> {
    if (this.#sumBytes === undefined || this.#sumBytes + bytes > this.#limitBytes) await this.#evict(bytes);
    const sum = (this.#sumBytes ?? 0) + bytes;
    if (sum > this.#limitBytes) return false;
    this.#sumBytes = sum;
    return true;
  }

  async #evict(bytes: number): Promise<void> {
    const files = await this.#files();
    let sum = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    for (const { file, sizeBytes, whole } of files) {
      if (sum + bytes <= this.#limitBytes) break;
      if (!whole || this.#used.has(file)) continue;
      await removeFile(file);
      sum -= sizeBytes;
    }
    this.#sumBytes = sum;
  }

  /**
   * Gives room to work that must not be lost: results go, least used first, until `free` tells of `bytes`. False when that
   * is not to be had here; nothing more is kept in any case.
   */
  async giveWay(bytes: number, free: () => Promise<number>): Promise<boolean> {
    this.stop('the disk is full.');
    const before = await free();
    for (const store of this.#stores) await store.abandon();
    for (const { file, whole } of await this.#files()) {
      if (!whole) continue;
      await removeFile(file);
      const now = await free();
      if (now >= bytes) return true;
      // It is another disk that is full.
      if (now <= before) return false;
    }
    return false;
  }

  /** Ends what is being written. */
  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
  }

  /** All files, the longest unused first; what runs that were killed have left is removed. */
  async #files(): Promise<{ readonly file: string; readonly sizeBytes: number; readonly whole: boolean }[]> {
    const found = await walkFiles(this.#folder, (name) => name !== CACHE_MARK);
    const files: { file: string; sizeBytes: number; modifiedMs: number; whole: boolean }[] = [];
    for (const { name, sizeBytes, modifiedMs } of found) {
      const file = path.join(this.#folder, name);
      const whole = file.endsWith(RESULTS_EXTENSION);
      if (!whole && modifiedMs < Date.now() - STALE_MS) await removeFile(file);
      else files.push({ file, sizeBytes, modifiedMs, whole });
    }
    return files.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.file < b.file ? -1 : 1));
  }
}

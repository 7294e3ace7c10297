import { basename, join } from 'node:path';
import { RestorationError } from '../../core/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import { download } from '../../platform/download.ts';
import { rename } from '../../platform/files.ts';
import { resolveFile } from './catalog.ts';
import { findCatalogEntry, listCatalog, type CatalogEntry } from './catalog-entries.ts';
import { addPin, findPin, pinsFile } from './pins.ts';
import type { ModelManifest } from './schema.ts';
import { findStored, install, partOf, storeFolder, weightsOf, withModelLock } from './store.ts';

/** How far a download is. */
export interface PullProgress {
  readonly model: string;
  readonly bytesDone: number;
  /** Unknown where neither the catalog nor the server says. */
  readonly bytesTotal: number | undefined;
}

export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PullProgress) => void) | undefined;
  /** Sentences for a person: another attempt, what is being looked at. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Address that takes the place of the entry's own: MIRROR/FILE. Default: RESTORE_MODELS_URL. */
  readonly mirror?: string | undefined;
  /** Where models lie; default: the user's cache folder, or RESTORE_MODELS_DIR. */
  readonly store?: string | undefined;
  /** The catalog; default: the package's own. */
  readonly catalog?: string | undefined;
  readonly stallMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface Pulled {
  readonly model: string;
  /** Weights. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Whether its sum was not known before. */
  readonly pinned: boolean;
  /** false when it was here already. */
  readonly downloaded: boolean;
}

/** Where a model's file is asked for. Throws USAGE for a mirror that is no web address. */
export function addressOf(entry: Pick<CatalogEntry, 'url' | 'file'>, mirror: string | undefined): string {
  if (mirror === undefined || mirror === '') return entry.url;
  if (/^https?:\/\//i.test(mirror) && URL.canParse(mirror)) {
    const base = new URL(mirror);
    base.pathname = `${base.pathname.replace(/\/+$/, '')}/${entry.file}`;
    return base.href;
  }
  throw new RestorationError('USAGE', `RESTORE_MODELS_URL is no web address: ${JSON.stringify(mirror)}.`, {
    hint: 'It is the address of a folder that holds the files, such as https://example.org/models.',
  });
}

async function entryOf(id: string, catalog: string | undefined): Promise<CatalogEntry> {
  const entry = await findCatalogEntry(id, catalog);
  if (entry) return entry;
  const known = (await listCatalog(catalog)).map((each) => each.id).join(', ');
  throw new RestorationError('MODEL_UNKNOWN', `There is no model called ${JSON.stringify(id)} in the catalog.`, {
    hint: `It has: ${known}. A file of your own comes in with \`restore models add FILE.onnx\`.`,
  });
}

/** The sum that the file must have: the catalog's, or what came the first time. */
export async function expectedSum(entry: CatalogEntry, store: string): Promise<string | undefined> {
  return entry.sha256 ?? (await findPin(store, entry.id));
}

/** Looks at a file that arrived and says how it is fed; what is stated in the catalog takes the place of what is guessed. */
export async function manifestFor(entry: CatalogEntry, path: string): Promise<ModelManifest> {
  let manifest: ModelManifest;
  try {
    ({ manifest } = await resolveFile(entry.kind, `${entry.adapter}:${path}`));
  } catch (error) {
    if (!(error instanceof RestorationError)) throw error;
    const why = error.message.replaceAll(path, basename(path)).replace(/^.* cannot be used: /, '');
    throw new RestorationError('MODEL_INVALID', `${entry.id} arrived and cannot be used: ${why}`, { cause: error });
  }
  if (manifest.adapter !== entry.adapter || (entry.scale !== undefined && manifest.scale !== entry.scale)) {
    const [is, should] = [manifest, entry].map(({ adapter, scale }) => `${adapter} x${scale ?? 1}`);
    throw new RestorationError('MODEL_INVALID', `${entry.id} is not what the catalog says: ${is}, not ${should}.`);
  }
  return { ...manifest, title: entry.title, licence: entry.licence, clean: entry.clean };
}

/** Undefined unless the model is here and whole. */
async function present(entry: CatalogEntry, store: string): Promise<Pulled | undefined> {
  const stored = await findStored(entry.id, store);
  if (!stored) return undefined;
  try {
    const { manifest, sha256, path } = await resolveFile(entry.kind, stored.path);
    if (entry.sha256 !== undefined && entry.sha256 !== sha256) return undefined;
    const pinned = stored.origin?.pinned ?? false;
    return { model: entry.id, path, sha256, sizeBytes: manifest.sizeBytes, pinned, downloaded: false };
  } catch {
    return undefined;
  }
}

async function bring(entry: CatalogEntry, store: string, options: PullOptions): Promise<Pulled> {
  const { signal, onProgress, onNotice, stallMs, clock, mirror = process.env['RESTORE_MODELS_URL'] } = options;
  const url = addressOf(entry, mirror);
  const part = partOf(store, entry.file);
  const expected = await expectedSum(entry, store);
  const pinned = entry.sha256 === undefined;
  const { sha256, sizeBytes } = await download({
    ...{ name: entry.file, url, part, sizeBytes: entry.sizeBytes, signal, stallMs, clock },
    sha256: expected,
    onProgress: (bytesDone, bytesTotal) => onProgress?.({ model: entry.id, bytesDone, bytesTotal }),
    onRetry: (message, waitMs) => onNotice?.(`${message} Trying again in ${Math.ceil(waitMs / 1000)} s.`),
    ...(pinned
      ? { sumHint: `The sum was pinned when the file first came; if the new one is wanted, remove its line from ${pinsFile(store)}.` }
      : {}),
  });
  onNotice?.(`${entry.id}: looking at it.`);
  // Credentials of a mirror do not belong into a file.
  const where = new URL(url);
  [where.username, where.password] = ['', ''];
  await install(store, entry.id, { from: 'catalog', where: where.href, pinned }, async (folder) => {
    const arrived = join(folder, `${entry.id}.onnx`);
    await rename(part, arrived);
    return manifestFor(entry, arrived);
  });
  if (expected === undefined) await addPin(store, entry.id, sha256, where.href);
  return { model: entry.id, path: weightsOf(store, entry.id), sha256, sizeBytes, pinned, downloaded: true };
}

/**
 * Downloads a model of the catalog into the user's folder, where `--model KIND=ID` finds it: resumed, checked, looked at,
 * and there under its name only when it is whole. Does nothing when it is here already. Throws MODEL_UNKNOWN,
 * DOWNLOAD_FAILED, DISK_FULL, MODEL_INVALID for a file that cannot be used, BUSY, USAGE, and the signal's reason.
 */
export async function pullModel(id: string, options: PullOptions = {}): Promise<Pulled> {
  const { store = storeFolder(), catalog } = options;
  const entry = await entryOf(id, catalog);
  const here = await present(entry, store);
  if (here) return here;
  return withModelLock(store, id, async () => (await present(entry, store)) ?? bring(entry, store, options));
}

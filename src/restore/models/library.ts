import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { RestorationError, toRestorationError } from '../../core/errors.ts';
import { copyFile, ensureFolder, exists } from '../../platform/files.ts';
import { readPieces } from '../../platform/streams.ts';
import { embeddedPath, listModels, resolveFile } from './catalog.ts';
import { findCatalogEntry, listCatalog, type CatalogEntry } from './catalog-entries.ts';
import { addPin } from './pins.ts';
import { expectedSum, manifestFor } from './pull.ts';
import type { ModelKind, ModelManifest } from './schema.ts';
import { findStored, install, listStored, storeFolder, uninstall, withModelLock, type StoredModel } from './store.ts';

/** Where a model is: in the package, pulled from the catalog, added from a file, or only known. */
export type ModelPlace = 'embedded' | 'installed' | 'added' | 'available';

/** What is known of a model, here or not. */
export interface ModelListing {
  readonly id: string;
  readonly place: ModelPlace;
  readonly kind: ModelKind | undefined;
  readonly title: string;
  readonly adapter: string | undefined;
  readonly scale: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly licence: string | undefined;
  readonly sha256: string | undefined;
  /** Weights, when they are here. */
  readonly path: string | undefined;
  /** Files beside them that hold weights too. */
  readonly external: readonly string[];
  /** Address or path that it comes from. */
  readonly from: string | undefined;
  readonly author: string | undefined;
  readonly homepage: string | undefined;
  /** Whether its sum is what came the first time, because the catalog knows none. */
  readonly pinned: boolean;
  readonly problem: string | undefined;
}

const NOTHING = {
  ...{ kind: undefined, title: '', adapter: undefined, scale: undefined, sizeBytes: undefined, licence: undefined },
  ...{ sha256: undefined, path: undefined, from: undefined, author: undefined, homepage: undefined },
  ...{ external: [], pinned: false, problem: undefined },
};

const ofManifest = ({ kind, title, adapter, scale, sizeBytes, licence, sha256, external = [] }: ModelManifest) => ({
  ...{ kind, title, adapter, scale, sizeBytes, licence, sha256, external },
});

function ofEntry({ id, ...entry }: CatalogEntry): ModelListing {
  const { kind, title, adapter, scale, sizeBytes, licence, sha256, url, author, homepage } = entry;
  const said = { kind, title, adapter, scale, sizeBytes, licence, sha256, author, homepage };
  return { ...NOTHING, ...said, id, place: 'available', from: url, pinned: sha256 === undefined };
}

function ofStored({ id, origin, path, manifest, problem }: StoredModel, entry: CatalogEntry | undefined): ModelListing {
  const known = entry ? ofEntry(entry) : NOTHING;
  return {
    ...known,
    ...(manifest ? ofManifest(manifest) : {}),
    ...{ id, path, from: origin?.where, pinned: origin?.pinned ?? false },
    place: origin?.from === 'catalog' ? 'installed' : 'added',
    problem: problem?.message,
  };
}

export interface LibraryOptions {
  /** The package's models; default its own. */
  readonly folder?: string | undefined;
  /** Where the user's models lie; default: the cache folder, or RESTORE_MODELS_DIR. */
  readonly store?: string | undefined;
  /** The catalog; default: the package's own. */
  readonly catalog?: string | undefined;
}

/** Every model: those of the package, those that were pulled or added, and what the catalog knows beyond them. */
export async function listLibrary({ folder, store, catalog }: LibraryOptions = {}): Promise<ModelListing[]> {
  const [embedded, stored, entries] = await Promise.all([listModels(folder), listStored(store), listCatalog(catalog)]);
  const here = new Set(stored.map(({ id }) => id));
  return [
    ...embedded.map((manifest): ModelListing => {
      const path = embeddedPath(manifest, folder);
      return { ...NOTHING, ...ofManifest(manifest), id: manifest.id, place: 'embedded', path };
    }),
    ...stored.map((model) => ofStored(model, entries.find(({ id }) => id === model.id))),
    ...entries.filter(({ id }) => !here.has(id)).map(ofEntry),
  ];
}

/** Entries of the catalog among `names` that are not on this machine. */
export async function missingModels(names: readonly string[], options: LibraryOptions = {}): Promise<ModelListing[]> {
  const all = await listLibrary(options);
  return all.filter(({ id, place }) => place === 'available' && names.includes(id));
}

async function find(id: string, options: LibraryOptions): Promise<ModelListing> {
  const found = (await listLibrary(options)).find((model) => model.id === id);
  if (found) return found;
  throw new RestorationError('MODEL_UNKNOWN', `There is no model called ${JSON.stringify(id)}.`, {
    hint: '`restore models` lists them all.',
  });
}

/** As a manifest's sum: over the weights, then over the files beside them. */
async function sumOf(path: string, external: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [path, ...external.map((name) => join(dirname(path), name))]) {
    for await (const piece of readPieces(file)) hash.update(piece);
  }
  return hash.digest('hex');
}

/** A model and what is wrong with its weights, if anything. */
export interface ModelVerdict {
  readonly model: string;
  readonly place: ModelPlace;
  readonly path: string;
  readonly problem: string | undefined;
}

async function verdict({ id, place, path = '', external, sha256, problem }: ModelListing): Promise<ModelVerdict> {
  const judge = async (): Promise<string | undefined> => {
    if (problem !== undefined) return problem;
    if (!(await exists(path))) return 'The weights are missing.';
    const found = await sumOf(path, external).catch((error: unknown) => toRestorationError(error));
    if (found instanceof RestorationError) return found.message;
    return found === sha256 ? undefined : `The sha256 is ${found} instead of ${sha256 ?? 'a known one'}.`;
  };
  return { model: id, place, path, problem: await judge() };
}

/** Reads the weights of models again and compares their sums; of all that are here when none is named. Throws MODEL_UNKNOWN. */
export async function verifyModels(ids: readonly string[] = [], options: LibraryOptions = {}): Promise<ModelVerdict[]> {
  const chosen =
    ids.length > 0 ? await Promise.all(ids.map((id) => find(id, options))) : await listLibrary(options);
  const verdicts: ModelVerdict[] = [];
  for (const model of chosen) {
    if (model.place !== 'available') verdicts.push(await verdict(model));
    else if (ids.length > 0) {
      throw new RestorationError('MODEL_NOT_INSTALLED', `The model ${model.id} is known, but not on this machine.`, {
        hint: `Bring it with \`restore models pull ${model.id}\`.`,
      });
    }
  }
  return verdicts;
}

export interface AddOptions extends LibraryOptions {
  /** What it will be called; default: the file's name. */
  readonly name?: string | undefined;
  readonly kind?: ModelKind | undefined;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/i;

function nameFor(path: string, name: string | undefined): string {
  const id = name ?? basename(path, extname(path));
  if (NAME.test(id) && extname(id).toLowerCase() !== '.onnx') return id;
  throw new RestorationError('USAGE', `A model cannot be called ${JSON.stringify(id)}.`, {
    hint: 'Give it a name of letters, digits, dots, dashes and underscores with --name.',
  });
}

/** The file of a catalog's entry that came by another way than the network must be the one that would have been pulled. */
async function checkAgainst(entry: CatalogEntry, store: string, sha256: string): Promise<void> {
  const expected = await expectedSum(entry, store);
  if (expected === undefined || expected === sha256) return;
  throw new RestorationError('MODEL_INVALID', `This is not the ${entry.id} of the catalog: its sha256 is ${sha256}.`, {
    hint: `The catalog's is ${expected}. Give the file another name with --name.`,
  });
}

/**
 * Copies a model file into the user's folder, so that `--model KIND=NAME` finds it. The name of a catalog's entry stands for
 * that very file. Throws MODEL_UNKNOWN, MODEL_INVALID, USAGE for a name that is taken, DISK_FULL, OUTPUT_UNWRITABLE.
 */
export async function addModel(file: string, options: AddOptions = {}): Promise<ModelListing> {
  const { store = storeFolder(), folder, catalog, kind } = options;
  const path = resolve(file);
  const id = nameFor(path, options.name);
  const embedded = (await listModels(folder)).some((model) => model.id === id);
  if (embedded || (await findStored(id, store))) {
    const hint = embedded ? 'Give it another name with --name.' : `Remove it first (\`restore models remove ${id}\`), or use --name.`;
    throw new RestorationError('USAGE', `There is a model called ${id} already.`, { hint });
  }
  const entry = await findCatalogEntry(id, catalog);
  const found = await resolveFile(kind ?? entry?.kind, path);
  if (extname(found.path).toLowerCase() !== '.onnx') {
    throw new RestorationError('USAGE', `${path} is no ONNX file; only those can be added.`, {
      hint: 'Name it with each run instead: --model KIND=PATH.',
    });
  }
  if (entry) await checkAgainst(entry, store, found.sha256);
  const manifest = entry ? await manifestFor(entry, found.path) : found.manifest;
  const pinned = entry !== undefined && entry.sha256 === undefined;
  await withModelLock(store, id, () =>
    install(store, id, { from: entry ? 'catalog' : 'file', where: found.path, pinned }, async (target) => {
      const weights = join(target, `${id}.onnx`);
      const { external = [] } = found;
      await copyFile(found.path, weights);
      for (const name of external) {
        await ensureFolder(dirname(join(target, name)));
        await copyFile(join(dirname(found.path), name), join(target, name));
      }
      // The file may have been written to in the meantime.
      if ((await sumOf(weights, external)) === found.sha256) return manifest;
      throw new RestorationError('MODEL_INVALID', `${found.path} changed while it was copied.`, { hint: 'Add it again.' });
    }),
  );
  if (entry && pinned) await addPin(store, id, found.sha256, found.path);
  return find(id, options);
}

/** Removes a model that was pulled or added. Throws MODEL_UNKNOWN, and USAGE for one of the package. */
export async function removeModel(id: string, options: LibraryOptions = {}): Promise<ModelListing> {
  const model = await find(id, options);
  if (model.place === 'embedded') {
    throw new RestorationError('USAGE', `The model ${id} is part of the program and stays.`, {
      hint: 'Only models that were pulled or added can be removed.',
    });
  }
  if (model.place === 'available') {
    throw new RestorationError('MODEL_NOT_INSTALLED', `The model ${id} is not on this machine, so nothing was removed.`);
  }
  const { store = storeFolder() } = options;
  await withModelLock(store, id, () => uninstall(store, id));
  return model;
}

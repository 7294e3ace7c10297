import { join } from 'node:path';
import { z } from 'zod';
import { toRestorationError, type RestorationError } from '../../core/errors.ts';
import {
  ensureFolder,
  exists,
  listFolder,
  readText,
  removeFolder,
  rename,
  syncPath,
  writeFileAtomic,
} from '../../platform/files.ts';
import { lockFile } from '../../platform/lock-file.ts';
import { cacheFolder } from '../../platform/user-folders.ts';
import { manifestSchema, type ModelManifest } from './schema.ts';

/** Where the user's own models lie: one folder a model, with its weights, its manifest and where it came from. */
export function storeFolder(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['RESTORE_MODELS_DIR'];
  return chosen === undefined || chosen === '' ? join(cacheFolder(env), 'models') : chosen;
}

const originSchema = z.object({
  from: z.enum(['catalog', 'file']),
  /** Address or path that it was taken from. */
  where: z.string(),
  /** Whether the sum was unknown before and is what came the first time. */
  pinned: z.boolean().default(false),
});
export type ModelOrigin = z.infer<typeof originSchema>;

/** A model in the store; `problem` says why it cannot be used. */
export interface StoredModel {
  readonly id: string;
  readonly origin: ModelOrigin | undefined;
  /** Weights. */
  readonly path: string;
  readonly manifest: ModelManifest | undefined;
  readonly problem: RestorationError | undefined;
}

const ORIGIN = 'origin.json';
/** Ids begin with a letter or a digit: names that begin otherwise are not models. */
const STAGING = '.new-';

const folderOf = (store: string, id: string): string => join(store, id);
export const weightsOf = (store: string, id: string): string => join(store, id, `${id}.onnx`);
const manifestOf = (store: string, id: string): string => join(store, id, `${id}.json`);
/** What is still on its way; survives a failed download. */
export const partOf = (store: string, file: string): string => join(store, `.${file}.part`);

const isId = (name: string): boolean => /^[a-z0-9][a-z0-9._-]*$/i.test(name);

async function readStored(store: string, id: string): Promise<StoredModel> {
  const path = weightsOf(store, id);
  const origin = await readText(join(folderOf(store, id), ORIGIN))
    .then((text) => originSchema.parse(JSON.parse(text)))
    .catch(() => undefined);
  try {
    const manifest = manifestSchema.parse(JSON.parse(await readText(manifestOf(store, id))));
    return { id, origin, path, manifest, problem: undefined };
  } catch (error) {
    return { id, origin, path, manifest: undefined, problem: toRestorationError(error) };
  }
}

/** Undefined when there is none of that id. */
export async function findStored(id: string, store: string = storeFolder()): Promise<StoredModel | undefined> {
  return isId(id) && (await exists(folderOf(store, id))) ? readStored(store, id) : undefined;
}

/** What was pulled or added, by id; nothing when there is no store yet. */
export async function listStored(store: string = storeFolder()): Promise<StoredModel[]> {
  if (!(await exists(store))) return [];
  const ids = (await listFolder(store)).filter(isId).sort();
  const found = await Promise.all(ids.map((id) => findStored(id, store)));
  return found.filter((model) => model !== undefined && (model.manifest !== undefined || model.origin !== undefined)) as StoredModel[];
}

/** Runs `work` while no other process changes the model `id`. Creates the store. Throws BUSY. */
export async function withModelLock<T>(store: string, id: string, work: () => Promise<T>): Promise<T> {
  await ensureFolder(store);
  const release = await lockFile(join(store, `.${id}.lock`), `the model ${id}`);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** A folder in which a model is put together; `fill` returns its manifest. It gets its name when everything is on the disk. */
export async function install(
  store: string,
  id: string,
  origin: ModelOrigin,
  fill: (folder: string) => Promise<ModelManifest>,
): Promise<void> {
  const staging = join(store, STAGING + id);
  await removeFolder(staging);
  await ensureFolder(staging);
  try {
    const manifest = { ...(await fill(staging)), id, file: `${id}.onnx` };
    await writeFileAtomic(join(staging, `${id}.json`), `${JSON.stringify(manifest, null, 2)}\n`, staging);
    await writeFileAtomic(join(staging, ORIGIN), `${JSON.stringify(origin, null, 2)}\n`, staging);
    for (const name of await listFolder(staging)) await syncPath(join(staging, name));
    await removeFolder(folderOf(store, id));
    await rename(staging, folderOf(store, id));
    await syncPath(store);
  } finally {
    await removeFolder(staging);
  }
}

/** Removes a model of the store. */
export async function uninstall(store: string, id: string): Promise<void> {
  await removeFolder(folderOf(store, id));
}

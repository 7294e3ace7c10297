import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { RestorationError } from '../../core/errors.ts';
import { exists, listFolder, readBytes, readText, statOrUndefined } from '../../platform/files.ts';
import { ADAPTERS, isAdapter, type AdapterName } from './adapters.ts';
import { findCatalogEntry, type CatalogEntry } from './catalog-entries.ts';
import { inspectModel } from './inspect.ts';
import {
  manifestSchema,
  statementSchema,
  type ModelKind,
  type ModelManifest,
  type ModelStatement,
  type ResolvedModel,
} from './schema.ts';
import { readWeights, TFJS_FILE, tfjsPaths } from './weights.ts';
import { findStored, listStored, storeFolder } from './store.ts';

/** The models folder of the package: the same three steps up from the sources and from the compiled files. */
const MODELS_FOLDER = fileURLToPath(new URL('../../../models/', import.meta.url));

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path));
  } catch (error) {
    throw new RestorationError('MODEL_INVALID', `The model manifest ${path} is not readable JSON.`, { cause: error });
  }
}

function parsed<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
  throw new RestorationError('MODEL_INVALID', `The model manifest ${path} is wrong${where}: ${issue?.message ?? ''}.`);
}

const readManifest = async (path: string): Promise<ModelManifest> =>
  parsed(path, manifestSchema, await readJson(path));

/** Manifests of all models that the package (or `folder`) holds, by id. Throws MODEL_INVALID. */
export async function listModels(folder: string = MODELS_FOLDER): Promise<ModelManifest[]> {
  const names = (await listFolder(folder)).filter((name) => extname(name) === '.json').sort();
  return Promise.all(names.map((name) => readManifest(join(folder, name))));
}

/** Weights of a model that the package (or `folder`) holds. */
export const embeddedPath = ({ file }: ModelManifest, folder: string = MODELS_FOLDER): string => join(folder, file);

/** `luma-x4-fast` without its scale: what a preset names when any enlargement may be asked for. */
const familyOf = (id: string): string => id.replace(/-x\d+(?=-|$)/, '');

/** The smallest network of a family that enlarges enough; the largest there is when none does. */
function fromFamily(models: readonly ModelManifest[], family: string, scale: number): ModelManifest | undefined {
  const members = models
    .filter(({ id }) => familyOf(id) === family)
    .sort((a, b) => (a.scale ?? 1) - (b.scale ?? 1));
  return members.find((model) => (model.scale ?? 1) >= scale) ?? members.at(-1);
}

async function withWeights(manifest: ModelManifest, folder: string): Promise<ResolvedModel> {
  const path = join(folder, manifest.file);
  if (!(await exists(path))) {
    throw new RestorationError('MODEL_INVALID', `The weights of the model ${manifest.id} are missing: ${path}.`, {
      hint: 'Install the program again, or choose another model with --model.',
    });
  }
  const { sha256 } = await readWeights(path, manifest.external);
  if (sha256 !== manifest.sha256) {
    throw new RestorationError('MODEL_INVALID', `The weights of the model ${manifest.id} are damaged: ${path}.`, {
      hint: 'Install the program again, or choose another model with --model.',
    });
  }
  return { manifest, path, sha256, external: manifest.external };
}

export interface ResolveOptions {
  /** Enlargement that is wanted; chooses among the networks of a family. Default 4. */
  readonly scale?: number | undefined;
  /** Where manifests lie; default: the package's own. */
  readonly folder?: string | undefined;
  /** Where the user's own models lie; default: `storeFolder()`. */
  readonly store?: string | undefined;
}

/** What is taken when nobody chose: the first of these families or ids that is there. */
const DEFAULTS: Readonly<Record<ModelKind, readonly string[]>> = {
  upscale: ['luma-quality', 'luma-fast'],
  denoise: ['denoise'],
  colorize: ['colorize'],
};

const MODEL_EXTENSIONS = ['.onnx', '.json'];

/** A path, not an id: ids have no folders and no extension of a model file. */
const isPath = (name: string): boolean =>
  MODEL_EXTENSIONS.includes(extname(name).toLowerCase()) || basename(name) !== name;

/** Whether a name means a file rather than a model of the package. */
export const looksLikeFile = (name: string): boolean => {
  const { adapter, file } = splitAdapter(name);
  return adapter !== undefined || isPath(file);
};

const isFolder = async (path: string): Promise<boolean> => (await statOrUndefined(path))?.isDirectory() === true;

/** A model that was pulled or added. */
async function resolveStored(kind: ModelKind, id: string, store: string): Promise<ResolvedModel | undefined> {
  const stored = await findStored(id, store);
  if (!stored) return undefined;
  try {
    return await resolveFile(kind, stored.path);
  } catch (error) {
    if (!(error instanceof RestorationError) || stored.manifest?.kind !== kind) throw error;
    const again = stored.origin?.from === 'catalog' ? `\`restore models pull ${id}\` brings it again` : 'add it again';
    throw new RestorationError('MODEL_INVALID', `The model ${id} in ${store} is damaged or not whole.`, {
      hint: `${again.charAt(0).toUpperCase()}${again.slice(1)}, or choose another model with --model.`,
      cause: error,
    });
  }
}

function notInstalled(kind: ModelKind, entry: CatalogEntry): RestorationError {
  if (entry.kind !== kind) {
    return new RestorationError('MODEL_INVALID', `${entry.id} is a model for ${entry.kind}, not for ${kind}.`);
  }
  const size = entry.sizeBytes === undefined ? 'size not stated' : `${(entry.sizeBytes / 1e6).toPrecision(3)} MB`;
  return new RestorationError(
    'MODEL_NOT_INSTALLED',
    `The model ${entry.id} is known, but not on this machine (${size}, licence ${entry.licence}).`,
    { hint: `Bring it with \`restore models pull ${entry.id}\`, or let the run do it with --yes.` },
  );
}

/**
 * Finds a model by id (`luma-x4-fast`; also one that was pulled or added), by family (`luma-fast`: the scale decides) or by
 * file (`my.onnx`, with or without a manifest `my.json` beside it; or that manifest; or a TensorFlow.js folder, with or
 * without a `manifest.json` in it; after `ADAPTER:` where that is not to be found out) and checks its weights. Without a
 * name: the kind's default.
 * Throws MODEL_UNKNOWN with what there is, MODEL_NOT_INSTALLED for one of the catalog, MODEL_INVALID.
 */
export async function resolveModel(
  kind: ModelKind,
  idOrFile?: string,
  { scale = 4, folder = MODELS_FOLDER, store = storeFolder() }: ResolveOptions = {},
): Promise<ResolvedModel> {
  if (idOrFile !== undefined && looksLikeFile(idOrFile)) return resolveFile(kind, idOrFile);
  const models = (await listModels(folder)).filter((model) => model.kind === kind);
  for (const name of idOrFile === undefined ? DEFAULTS[kind] : [idOrFile]) {
    const manifest = models.find(({ id }) => id === name) ?? fromFamily(models, name, scale);
    if (manifest) return withWeights(manifest, folder);
    const stored = await resolveStored(kind, name, store);
    if (stored) return stored;
  }
  if (idOrFile !== undefined) {
    if (await isFolder(idOrFile)) return resolveFile(kind, idOrFile);
    const entry = await findCatalogEntry(idOrFile);
    if (entry) throw notInstalled(kind, entry);
  }
  const own = (await listStored(store)).filter(({ manifest }) => manifest?.kind === kind);
  const ids = [...models, ...own].map(({ id }) => id).join(', ');
  const wanted = idOrFile === undefined ? '' : ` called ${JSON.stringify(idOrFile)}`;
  throw new RestorationError('MODEL_UNKNOWN', `There is no ${kind} model${wanted}.`, {
    hint: ids === '' ? `No ${kind} model is installed.` : `Models for ${kind}: ${ids}; or name a file: FILE.onnx, or a TensorFlow.js folder.`,
  });
}

/** `ab-colorizer:my.onnx`: the file, and how it is fed where that is said. */
function splitAdapter(name: string): { readonly adapter: AdapterName | undefined; readonly file: string } {
  const at = name.indexOf(':');
  const adapter = name.slice(0, Math.max(0, at));
  return isAdapter(adapter) ? { adapter, file: name.slice(at + 1) } : { adapter: undefined, file: name };
}

/** A file's whole manifest, or what its user states about it. */
type Beside =
  | { readonly weights: string; readonly manifest: ModelManifest }
  | { readonly weights: string; readonly stated: ModelStatement };

/** What the JSON that a path names says, or the one beside the weights that it names. */
async function besideOf(path: string): Promise<Beside> {
  const isJson = extname(path).toLowerCase() === '.json';
  const stem = join(dirname(path), basename(path, extname(path)));
  const isTfjs = isJson && tfjsPaths(await readBytes(path)) !== undefined;
  const named = isJson && !isTfjs;
  const weights = named ? `${stem}.onnx` : path;
  const file = named ? path : isTfjs ? join(dirname(path), 'manifest.json') : `${stem}.json`;
  if (!(await exists(file))) return { weights, stated: {} };
  const value = await readJson(file);
  // Only the manifests of whole models name their weights.
  const whole = typeof value === 'object' && value !== null && 'sha256' in value;
  if (!whole) return { weights, stated: parsed(file, statementSchema, value) };
  const manifest = parsed(file, manifestSchema, value);
  if (!named && manifest.file !== basename(path)) return { weights, stated: {} };
  return { weights: join(dirname(path), manifest.file), manifest };
}

/** As `resolveModel`, for a file; without a kind it is the one that fits the file. */
export async function resolveFile(kind: ModelKind | undefined, name: string): Promise<ResolvedModel> {
  const { adapter, file } = splitAdapter(name);
  const given = resolve(file);
  const path = (await isFolder(given)) ? join(given, TFJS_FILE) : given;
  if (!(await exists(path))) {
    throw new RestorationError('MODEL_UNKNOWN', `There is no model file ${path}.`, {
      hint: 'Check the path, or choose a model that `restore models` lists.',
    });
  }
  const beside = await besideOf(path);
  const again = { name: adapter === undefined ? path : `${adapter}:${path}` };
  if (!('manifest' in beside)) {
    const { weights, stated } = beside;
    const wanted = adapter ?? stated.adapter;
    const own = kind ?? (wanted && ADAPTERS[wanted].kind);
    return { ...(await inspectModel(weights, { kind: own, adapter: wanted, stated })), ...again };
  }
  const { manifest } = beside;
  if (kind !== undefined && manifest.kind !== kind) {
    throw new RestorationError('MODEL_INVALID', `${path} is a model for ${manifest.kind}, not for ${kind}.`);
  }
  if (adapter !== undefined && manifest.adapter !== adapter) {
    throw new RestorationError('MODEL_INVALID', `${path} is fed as ${manifest.adapter} says its manifest, not as ${adapter}.`);
  }
  return { ...(await withWeights(manifest, dirname(path))), ...again };
}

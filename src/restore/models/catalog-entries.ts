import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { RestorationError } from '../../core/errors.ts';
import { listFolder, readText } from '../../platform/files.ts';

/** The catalog's folder in the package: the same three steps up from the sources and from the compiled files. */
const CATALOG_FOLDER = fileURLToPath(new URL('../../../models/catalog/', import.meta.url));

const address = z.url({ protocol: /^https$/ });

/** A known model that is not in the package, one JSON file a model. Nothing in it is guessed: what is not known is left out. */
export const catalogEntrySchema = z.strictObject({
  /** File name without .json; what `--model` and `restore models pull` take. */
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  title: z.string().min(1),
  kind: z.enum(['upscale', 'denoise', 'colorize']),
  /** How it is fed: one of the manifest's adapters. What is pulled must turn out to fit it. */
  adapter: z.string().min(1),
  scale: z.number().int().min(1).max(8).optional(),
  /** Where the file is; better of a fixed revision than of a branch. */
  url: address,
  /** Name of the file on a mirror; no two entries share one. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/),
  /** Without it the file is pinned when it is first pulled. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  sizeBytes: z.number().int().positive().optional(),
  /** SPDX identifier, as the authors state it. */
  licence: z.string().min(1),
  author: z.string().min(1),
  /** Page of the model's authors. */
  homepage: address,
  /** Where address, size and sum were found. */
  source: z.string().min(1),
  /** Trained on clean footage: for sources that are already good. */
  clean: z.boolean().default(false),
});
export type CatalogEntry = z.infer<typeof catalogEntrySchema>;

async function readEntry(path: string): Promise<CatalogEntry> {
  try {
    return catalogEntrySchema.parse(JSON.parse(await readText(path)));
  } catch (error) {
    const [issue] = error instanceof z.ZodError ? error.issues : [];
    const what = issue ? ` at ${issue.path.join('.')}: ${issue.message}` : '';
    throw new RestorationError('MODEL_INVALID', `The catalog entry ${path} is wrong${what}.`, { cause: error });
  }
}

/** All entries of the catalog, by id. Throws MODEL_INVALID. */
export async function listCatalog(folder: string = CATALOG_FOLDER): Promise<CatalogEntry[]> {
  const names = (await listFolder(folder)).filter((name) => extname(name) === '.json').sort();
  return Promise.all(names.map((name) => readEntry(join(folder, name))));
}

export async function findCatalogEntry(id: string, folder?: string): Promise<CatalogEntry | undefined> {
  return (await listCatalog(folder)).find((entry) => entry.id === id);
}

import { createHash } from 'node:crypto';
import { dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { RestorationError } from '../../core/errors.ts';
import { exists, readBytes } from '../../platform/files.ts';
import type { ModelFormat } from '../backends/backend.ts';

/** The file that a folder with a TensorFlow.js model has. */
export const TFJS_FILE = 'model.json';

/** A model's files in memory. */
export interface Weights {
  readonly format: ModelFormat;
  /** The ONNX file, or `model.json`. */
  readonly bytes: Uint8Array;
  /** The weight files that `model.json` names, in its order. */
  readonly shards: readonly Uint8Array[];
  /** Files beside an ONNX model that hold weights (external data), by the names that it calls them. */
  readonly external: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Over `bytes`, then `shards` and `external`. */
  readonly sha256: string;
  /** Of all files. */
  readonly sizeBytes: number;
}

/** The format is told by the name of the file: `.json` is TensorFlow.js. */
export const formatOf = (path: string): ModelFormat => (extname(path).toLowerCase() === '.json' ? 'tfjs' : 'onnx');

const tfjsSchema = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string().min(1)) })),
});

/** The part of a TensorFlow.js model that says which files hold its weights; undefined for other JSON. */
export function tfjsPaths(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return tfjsSchema.parse(value).weightsManifest.flatMap(({ paths }) => paths);
  } catch {
    return undefined;
  }
}

/** A file that a model names, in its own folder. */
async function fileBeside(path: string, name: string): Promise<Uint8Array> {
  // A model is its folder: a name that leads elsewhere is damage or worse.
  if (/(^|[\\/])\.\.([\\/]|$)|^[\\/]|^[a-z]+:/i.test(name)) {
    throw new RestorationError('MODEL_INVALID', `${path} names a weight file outside its folder: ${name}.`);
  }
  const file = join(dirname(path), name);
  if (!(await exists(file))) {
    throw new RestorationError('MODEL_INVALID', `The weight file ${name} of ${path} is missing.`, {
      hint: 'Copy the whole folder of the model.',
    });
  }
  return readBytes(file);
}

/**
 * Reads all files of a model; `external` names those that hold an ONNX model's weights beside it. Throws MODEL_INVALID
 * for those that are missing or cannot be read.
 */
export async function readWeights(path: string, external: readonly string[] = []): Promise<Weights> {
  const format = formatOf(path);
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    throw new RestorationError('MODEL_INVALID', `The weights ${path} cannot be read.`, { cause: error });
  }
  const shards: Uint8Array[] = [];
  if (format === 'tfjs') {
    const paths = tfjsPaths(bytes);
    if (!paths) {
      throw new RestorationError('MODEL_INVALID', `${path} is no TensorFlow.js model.`, {
        hint: 'Name the folder that `tensorflowjs_converter` wrote, or the model.json in it.',
      });
    }
    for (const name of paths) shards.push(await fileBeside(path, name));
  }
  const others: { name: string; bytes: Uint8Array }[] = [];
  for (const name of external) others.push({ name, bytes: await fileBeside(path, name) });
  const parts = [bytes, ...shards, ...others.map((other) => other.bytes)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
  return { format, bytes, shards, external: others, sha256: hash.digest('hex'), sizeBytes };
}

import { isAbsolute, normalize, join, dirname } from 'node:path';
import { RestorationError, toRestorationError } from '../../core/errors.ts';
import { statOrUndefined } from '../../platform/files.ts';
import { coreCount, totalMemoryBytes } from '../../platform/workers.ts';
import { availableFor, type InferenceSession } from '../backends/index.ts';
import { readOnnxFile, type OnnxFile } from './onnx-file.ts';
import { OnnxFault } from './onnx-wire.ts';
import { readWeights, type Weights } from './weights.ts';

/** A file cannot hold more: protobuf counts its bytes in 31 bits, and so do Node's reads. */
const FILE_LIMIT_BYTES = 2 ** 31 - 1;

const HINT = 'docs/models.md says which ONNX models fit and how to state what cannot be found out by trying.';

/** The refusal of a bare model file; `what` completes "FILE cannot be used: ...". */
export const unusable = (path: string, what: string, hint = HINT): RestorationError =>
  new RestorationError('MODEL_INVALID', `${path} cannot be used: ${what}.`, { hint });

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** A bare model in memory, and what it says of itself. */
export interface ModelFile extends Weights {
  readonly about: OnnxFile;
}

/** The weights beside the model: they must be there, whole, and inside its folder. */
async function checkExternal(path: string, about: OnnxFile): Promise<number> {
  let total = 0;
  for (const [name, needed] of about.external) {
    const place = normalize(name);
    if (name === '' || isAbsolute(place) || place.startsWith('..')) {
      throw unusable(path, `its weights are said to lie in ${JSON.stringify(name)}, outside of its own folder`);
    }
    const stats = await statOrUndefined(join(dirname(path), name));
    if (!stats) {
      throw unusable(path, `its weights are in ${name}, which is not beside it`, `Put ${name} into the same folder.`);
    }
    if (stats.size < needed) {
      throw unusable(path, `${name}, which holds its weights, ends too early`, `Copy or download ${name} again.`);
    }
    total += stats.size;
  }
  return total;
}

function checkSize(path: string, sizeBytes: number): void {
  const memory = totalMemoryBytes();
  // The file as it is read, and the runtime's own copy of the weights.
  if (2 * sizeBytes > memory) {
    throw unusable(
      path,
      `it needs twice its ${gigabytes(sizeBytes)} of memory and this machine has ${gigabytes(memory)}`,
      'Choose a smaller model, or a machine with more memory.',
    );
  }
}

/** Reads a model file and what belongs to it, refusing what is too large before it is read. Throws MODEL_INVALID. */
export async function readModelFile(path: string): Promise<ModelFile> {
  const stats = await statOrUndefined(path);
  if (!stats?.isFile()) throw unusable(path, 'it is not a file');
  checkSize(path, stats.size);
  if (stats.size > FILE_LIMIT_BYTES) {
    throw unusable(path, `it has ${gigabytes(stats.size)}, and ONNX files end at 2 GB`);
  }
  const weights = await readWeights(path);
  // TensorFlow.js counts its weights in JSON that its own reader checks; nearly all of them are 32-bit floats.
  if (weights.format === 'tfjs') {
    return { ...weights, about: { opsets: new Map(), external: new Map(), parameters: Math.floor(weights.sizeBytes / 4) } };
  }
  let about: OnnxFile;
  try {
    about = readOnnxFile(weights.bytes);
  } catch (error) {
    if (error instanceof OnnxFault) throw unusable(path, `it ${error.message}`);
    throw error;
  }
  const beside = await checkExternal(path, about);
  checkSize(path, stats.size + beside);
  const whole = about.external.size === 0 ? weights : await readWeights(path, [...about.external.keys()]);
  return { ...whole, about };
}

/**
 * Opens a model on the CPU with all its cores, to look at it. Throws MODEL_INVALID with the runtime's reason,
 * DEVICE_UNAVAILABLE where nothing here reads its format.
 */
export async function openModelFile(path: string, file: ModelFile): Promise<InferenceSession> {
  const { backend, kind } = await availableFor(file.format);
  const shape = { input: '', output: '', channelsIn: 1, channelsOut: 1, scale: 1 };
  try {
    return await backend.open({ ...file, shape }, { device: kind.id, threads: coreCount() });
  } catch (error) {
    const known = toRestorationError(error);
    if (known.code !== 'MODEL_INVALID') throw known;
    throw unusable(path, reasonOf(known.message, file.about));
  }
}

function reasonOf(message: string, { opsets }: OnnxFile): string {
  const newest = /support for domain ai\.onnx is till opset (\d+)/i.exec(message)?.[1];
  if (newest !== undefined) {
    return `it uses ONNX operator set ${opsets.get('') ?? '?'}, and this runtime knows them up to ${newest}`;
  }
  return message.replace(/\.$/, '');
}

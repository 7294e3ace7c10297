import { basename, dirname, extname } from 'node:path';
import { RestorationError, toRestorationError } from '../../core/errors.ts';
import {
  availableFor,
  type InferenceSession,
  type ModelFormat,
  type TensorInfo,
  type TensorValue,
} from '../backends/index.ts';
import type { ModelKind, PictureManifest, ResolvedModel } from './schema.ts';
import { readWeights } from './weights.ts';

/** Side of the pictures that an unknown network is tried on; at most so far is its receptive field measured. */
const PROBE_SIDE = 96;

const invalid = (path: string, what: string): RestorationError =>
  new RestorationError('MODEL_INVALID', `${path} cannot be used: ${what}.`, {
    hint: 'Upscaling takes models with one float32 input [N,1,H,W] (luma) or [N,3,H,W] (RGB 0..1) and one such output; in TensorFlow.js [N,H,W,1] or [N,H,W,3].',
  });

interface Picture {
  readonly name: string;
  readonly channels: 1 | 3;
}

function pictureOf(path: string, what: 'input' | 'output', infos: readonly TensorInfo[]): Picture {
  const [info] = infos;
  if (!info || infos.length > 1) throw invalid(path, `it has ${infos.length} ${what}s instead of one`);
  if (info.type !== 'float32') throw invalid(path, `its ${what} ${info.name} is ${info.type} instead of float32`);
  const [, channels] = info.shape;
  if (info.shape.length !== 4) throw invalid(path, `its ${what} ${info.name} has not the four dimensions N, C, H, W`);
  const known = channels === 1 || channels === 3;
  // Exporters often leave the output's dimensions open; the probe run tells them.
  if (!known && (what === 'input' || typeof channels === 'number')) {
    throw invalid(path, `its ${what} ${info.name} has ${String(channels)} channels instead of 1 or 3`);
  }
  if (what === 'input' && (typeof info.shape[2] === 'number' || typeof info.shape[3] === 'number')) {
    throw invalid(path, 'it takes pictures of one fixed size only');
  }
  return { name: info.name, channels: channels === 1 ? 1 : 3 };
}

/** Gray noise whose first sample (of every channel) is `corner`. */
function probePicture(channels: number, side: number, corner: number): Float32Array<ArrayBuffer> {
  const data = new Float32Array(channels * side * side);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = i % (side * side) === 0 ? corner : 0.3 + (0.4 * state) / 2 ** 32;
  }
  return data;
}

interface Probe {
  readonly scale: number;
  readonly receptiveField: number;
}

/** Runs the network twice with one corner changed: the size of the result is its scale, how far the change spreads its reach. */
async function probe(path: string, session: InferenceSession, input: Picture, output: Picture): Promise<Probe> {
  const run = async (corner: number): Promise<TensorValue> => {
    const data = probePicture(input.channels, PROBE_SIDE, corner);
    const dims = [1, input.channels, PROBE_SIDE, PROBE_SIDE];
    const result = (await session.run({ [input.name]: { type: 'float32', dims, data } }))[output.name];
    if (!result) throw invalid(path, 'it gives no result');
    return result;
  };
  const [before, after] = [await run(0.1), await run(0.9)];
  const [, channels, height = 0, width = 0] = before.dims;
  const scale = width / PROBE_SIDE;
  if (channels !== input.channels || width !== height || !Number.isInteger(scale) || scale < 1 || scale > 8) {
    throw invalid(path, `it turns a ${PROBE_SIDE} x ${PROBE_SIDE} picture into ${before.dims.join(' x ')}`);
  }
  let reach = 0;
  for (let i = 0; i < before.data.length; i++) {
    if (Number.isNaN(before.data[i])) throw invalid(path, 'it gives values that are not numbers');
    if (before.data[i] === after.data[i]) continue;
    reach = Math.max(reach, i % width, Math.floor(i / width) % height);
  }
  return { scale, receptiveField: Math.ceil((reach + 1) / scale) };
}

/** Smallest of the usual multiples that the network takes side lengths of. */
async function sizeMultiple(session: InferenceSession, input: Picture): Promise<number> {
  for (const multiple of [1, 2, 4, 8, 16, 32]) {
    const [width, height] = [3 * multiple, 5 * multiple];
    const data = new Float32Array(input.channels * width * height).fill(0.5);
    try {
      await session.run({ [input.name]: { type: 'float32', dims: [1, input.channels, height, width], data } });
      return multiple;
    } catch {
      // It needs a larger one.
    }
  }
  return 32;
}

/** A TensorFlow.js model is called like its folder: its file is always model.json. */
const nameOf = (path: string, format: ModelFormat): string =>
  format === 'tfjs' ? basename(dirname(path)) : basename(path, extname(path));

/**
 * Makes a manifest for a file that has none, by looking at its input and output and by running it: one channel is luma,
 * three are RGB. Throws MODEL_INVALID with the one thing that is in the way.
 */
export async function inspectModel(kind: ModelKind, path: string): Promise<ResolvedModel> {
  if (kind !== 'upscale') {
    throw new RestorationError('MODEL_INVALID', `A model without a manifest can be used for upscale only, not for ${kind}.`, {
      hint: 'Name the .json manifest beside it, which says how the model is fed.',
    });
  }
  const weights = await readWeights(path);
  const { backend, kind: device } = await availableFor(weights.format);
  const shape = { input: '', output: '', channelsIn: 1, channelsOut: 1, scale: 1 };
  let session: InferenceSession;
  try {
    session = await backend.open({ ...weights, shape }, { device: device.id, threads: 1 });
  } catch (error) {
    const known = toRestorationError(error);
    throw known.code === 'DEVICE_UNAVAILABLE' ? known : invalid(path, known.message.replace(/\.$/, ''));
  }
  try {
    const input = pictureOf(path, 'input', session.inputs);
    const output = pictureOf(path, 'output', session.outputs);
    const multiple = await sizeMultiple(session, input);
    const { scale, receptiveField } = await probe(path, session, input, output);
    const { sha256, sizeBytes } = weights;
    const manifest: PictureManifest = {
      id: nameOf(path, weights.format),
      kind,
      title: `${input.channels === 1 ? 'Luma' : 'RGB'} network from ${nameOf(path, weights.format)}`,
      adapter: input.channels === 1 ? 'luma-sr' : 'rgb-sr',
      file: basename(path),
      sha256,
      sizeBytes,
      tolerance: 1e-3,
      // Float weights are nearly all of such a file.
      parameters: Math.floor(sizeBytes / 4),
      licence: 'not stated',
      clean: false,
      sizeMultiple: multiple,
      scale,
      input: { name: input.name },
      output: { name: output.name },
      receptiveField,
    };
    return { manifest, path, sha256 };
  } catch (error) {
    if (error instanceof RestorationError) throw error;
    throw invalid(path, `it fails on a picture (${error instanceof Error ? error.message : String(error)})`);
  } finally {
    await session.close();
  }
}

import { RestorationError } from '../../core/errors.ts';
import {
  findDevice,
  findReference,
  type InferenceBackend,
  type InferenceSession,
  type DeviceKind,
  type ModelSource,
} from '../backends/index.ts';
import { formsOf } from '../models/adapters.ts';
import { halve } from '../models/halve.ts';
import { feedsFor, fixedSizeOf, interfaceOf } from '../models/interface.ts';
import type { ResolvedModel } from '../models/schema.ts';
import { readWeights, type Weights } from '../models/weights.ts';
import { isPlain, unpackTensor } from '../pixels/tensors.ts';
import type { FloatType, OpenModel } from '../tasks/task.ts';
import { roundUp } from '../tiling/tiles.ts';
import type { WorkerData } from './protocol.ts';

/** Side of the picture that a device is compared with the reference on. */
const TRIAL_SIDE = 64;

async function verified(model: ResolvedModel): Promise<Weights> {
  const weights = await readWeights(model.path, model.external);
  if (weights.sha256 === model.sha256) return weights;
  throw new RestorationError('MODEL_INVALID', `The weights ${model.path} are not the ones that were checked before.`, {
    hint: 'They were changed while the program ran; start it again.',
  });
}

/**
 * Longest tile side whose activations fit. A plain convolutional network holds about three of its layers at once, input
 * and output included; its width follows from parameters and depth (one 3x3 layer a pixel of receptive field).
 */
export function tileSizeFor({ manifest }: ResolvedModel, memoryBytes: number): number {
  if (manifest.kind === 'colorize') return Number.MAX_SAFE_INTEGER;
  const { channelsIn } = interfaceOf(manifest);
  const fixed = fixedSizeOf(manifest);
  if (fixed) return Math.max(fixed.width, fixed.height);
  const layers = Math.max(2, manifest.receptiveField / manifest.sizeMultiple);
  const width = Math.max(16, Math.sqrt(manifest.parameters / (9 * layers)));
  const bytesPerPixel = 4 * (3 * width + 3 * channelsIn * manifest.scale ** 2);
  const side = Math.sqrt(memoryBytes / bytesPerPixel) - 2 * manifest.receptiveField;
  return Math.max(32, Math.floor(side / 16) * 16);
}

/** A fixed picture with gradients and detail. */
function trialPicture(side: number, channels: number): Float32Array<ArrayBuffer> {
  const data = new Float32Array(side * side * channels);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [i % side, Math.floor(i / side)];
    data[i] = 0.5 + 0.3 * Math.sin(x / 5) * Math.cos(y / 7) + 0.2 * (((i * 2654435761) >>> 16) / 65536 - 0.5);
  }
  return data;
}

/** The network's answer to the fixed picture, in the adapter's own units. */
async function trial(session: InferenceSession, { manifest }: ResolvedModel): Promise<Float32Array> {
  const { input, output } = formsOf(manifest);
  const side = roundUp(TRIAL_SIDE, manifest.sizeMultiple);
  const size = fixedSizeOf(manifest) ?? { width: side, height: side };
  const { width, height } = size;
  const picture = trialPicture(Math.max(width, height), input.channels).subarray(0, width * height * input.channels);
  const result = (await session.run(feedsFor(manifest, picture, size, 0.5)))[output.name];
  if (result?.type !== output.type) throw new Error(`there is no output ${output.name} of ${output.type}`);
  if (isPlain(output) && result.data instanceof Float32Array) return result.data;
  const values = new Float32Array(result.data.length);
  unpackTensor(output, result, values, result.data.length / output.channels);
  return values;
}

/** Models opened in this thread, each once, each checked before it is used on a device that is not the reference. */
export class Sessions {
  readonly #data: WorkerData;
  readonly #backends: readonly InferenceBackend[];
  readonly #open = new Map<string, Promise<OpenModel>>();

  constructor(data: WorkerData, backends: readonly InferenceBackend[]) {
    this.#data = data;
    this.#backends = backends;
  }

  /** `note` is told what the user should know of how the model was opened. */
  get(model: ResolvedModel, note: (message: string) => void): Promise<OpenModel> {
    let open = this.#open.get(model.sha256);
    if (!open) {
      open = this.#load(model, note);
      this.#open.set(model.sha256, open);
      open.catch(() => this.#open.delete(model.sha256));
    }
    return open;
  }

  async close(): Promise<void> {
    for (const open of this.#open.values()) {
      await open.then(
        ({ session }) => session.close(),
        () => undefined,
      );
    }
    this.#open.clear();
  }

  async #load(model: ResolvedModel, note: (message: string) => void): Promise<OpenModel> {
    const { device, tileSize, tuned, memoryBytes } = this.#data;
    const { backend, kind } = findDevice(device, this.#backends);
    const source = { ...(await verified(model)), shape: interfaceOf(model.manifest) };
    const size = tileSize ?? tuned[model.sha256]?.tileSize ?? tileSizeFor(model, memoryBytes);
    if (this.#wanted(kind, model) === 'fp16') {
      try {
        return { ...(await this.#openHalf(backend, model, source)), floats: 'fp16', tileSize: size };
      } catch (error) {
        const reason = error instanceof RestorationError ? error.message : `It fails: ${String(error)}.`;
        note(`${model.manifest.id} computes in 32-bit floats on ${device}. ${reason}`);
      }
    }
    return { ...(await this.#openForm(backend, model, source, source)), floats: 'fp32', tileSize: size };
  }

  #wanted({ trust }: DeviceKind, { sha256 }: ResolvedModel): FloatType {
    const { precision, tuned } = this.#data;
    // Nothing would notice where 16 bits are not enough for what the others are compared with.
    if (trust !== 'compared') return 'fp32';
    return precision === 'auto' ? (tuned[sha256]?.floats ?? 'fp32') : precision;
  }

  async #openHalf(
    backend: InferenceBackend,
    model: ResolvedModel,
    source: ModelSource,
  ): Promise<Pick<OpenModel, 'session' | 'deviation'>> {
    const bytes = (source.format ?? 'onnx') === 'onnx' ? halve(source.bytes) : undefined;
    if (!bytes) throw new RestorationError('MODEL_INVALID', 'It cannot be brought to 16-bit floats.');
    return this.#openForm(backend, model, { ...source, bytes }, source);
  }

  /** Opens one form of a model; `original` is what the reference computes. */
  async #openForm(
    backend: InferenceBackend,
    model: ResolvedModel,
    form: ModelSource,
    original: ModelSource,
  ): Promise<Pick<OpenModel, 'session' | 'deviation'>> {
    const { device, threads } = this.#data;
    const { kind } = findDevice(device, this.#backends);
    const session = await backend.open(form, { device, threads });
    if (kind.trust !== 'compared') return { session, deviation: 0 };
    try {
      return { session, deviation: await this.#compareWithReference(model, session, original) };
    } catch (error) {
      await session.close().catch(() => undefined);
      throw error;
    }
  }

  async #compareWithReference(model: ResolvedModel, session: InferenceSession, source: ModelSource): Promise<number> {
    const reference = findReference(source.format ?? 'onnx', this.#backends);
    const { available } = await reference.backend.inspect(reference.kind.id);
    // Without it the results themselves are all there is to look at, which every job does.
    if (!available) return 0;
    const trusted = await reference.backend.open(source, { device: reference.kind.id, threads: 1 });
    return this.#compare(model, session, trusted).finally(() => trusted.close());
  }

  /** The largest difference; throws DEVICE_UNAVAILABLE where it is beyond the model's tolerance. */
  async #compare(model: ResolvedModel, session: InferenceSession, trusted: InferenceSession): Promise<number> {
    const expected = await trial(trusted, model);
    let actual: Float32Array;
    try {
      actual = await trial(session, model);
    } catch (error) {
      throw new RestorationError('DEVICE_UNAVAILABLE', `${this.#data.device} fails on ${model.manifest.id}.`, {
        cause: error,
      });
    }
    // Logits are far larger than picture samples: the tolerance follows what is compared.
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const deviation = expected.reduce((most, value, i) => {
      const difference = Math.abs((actual[i] ?? NaN) - value) / scale;
      // NaN, which no comparison finds, is as wrong as can be.
      return difference >= 0 ? Math.max(most, difference) : Infinity;
    }, 0);
    if (actual.length !== expected.length || deviation > model.manifest.tolerance) {
      throw new RestorationError(
        'DEVICE_UNAVAILABLE',
        `${this.#data.device} gives another result than the CPU for ${model.manifest.id}.`,
      );
    }
    return deviation;
  }
}

import type * as Ort from 'onnxruntime-node';
import { RestorationError } from '../../core/errors.ts';
import { missingFor } from './missing.ts';
import type {
  DeviceInfo,
  DeviceKind,
  InferenceBackend,
  InferenceSession,
  ModelSource,
  OpenOptions,
  TensorInfo,
  TensorType,
  TensorValue,
} from './backend.ts';

/** An execution provider, by its own name, and on which systems the package carries it. */
interface Provider extends DeviceKind {
  readonly platforms: readonly NodeJS.Platform[];
}

/** By priority: what is most of a machine's own comes first. */
const PROVIDERS: readonly Provider[] = [
  {
    id: 'tensorrt',
    name: 'NVIDIA GPU through TensorRT',
    trust: 'compared',
    platforms: ['linux'],
  },
  { id: 'cuda', name: 'NVIDIA GPU through CUDA', trust: 'compared', platforms: ['linux'] },
  { id: 'dml', name: 'GPU through DirectML', trust: 'compared', platforms: ['win32'] },
  { id: 'coreml', name: 'Apple GPU and neural engine through Core ML', trust: 'compared', platforms: ['darwin'] },
  {
    id: 'webgpu',
    name: 'GPU through WebGPU (Vulkan, Direct3D 12, Metal)',
    trust: 'compared',
    // onnxruntime 1.30 crashes when two threads start sessions on Dawn at the same time.
    oneThread: true,
    platforms: ['linux', 'darwin', 'win32'],
  },
  { id: 'cpu', name: 'CPU', trust: 'reference', platforms: ['linux', 'darwin', 'win32'] },
];

/** y = Relu(x) over float32 [1,1,4,4]: the smallest model that makes a provider start. */
const PROBE_MODEL =
  'CAc6UQoMCgF4EgF5IgRSZWx1EgdmaXh0dXJlWhsKAXgSFgoUCAESEAoCCAEKAggBCgIIBAoCCARiGwoBeRIWChQIARIQCgIIAQoCCAEKAggECgIIBEICEA0=';

let loading: Promise<typeof Ort> | undefined;

/** The native library, loaded when a model is first opened: the command line starts without it. */
function runtime(): Promise<typeof Ort> {
  loading ??= import('onnxruntime-node').then(
    (module) => {
      // Failures come back as exceptions; the library's own lines on stderr would only repeat them.
      module.env.logLevel = 'fatal';
      return module;
    },
    (error: unknown) => {
      loading = undefined;
      throw new RestorationError('DEVICE_UNAVAILABLE', `The inference runtime does not load: ${messageOf(error)}.`, {
        hint: 'Install the dependencies again with `npm ci` on this machine.',
        cause: error,
      });
    },
  );
  return loading;
}

/** First line of a native error, without the source positions that onnxruntime puts before it. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((part) => part.trim() !== '') ?? text;
  return line.replace(/^\/\S+:\d+ .* was false\. /, '').replace(/\.$/, '');
}

/** Words with which the providers say that the device, not the model, is the problem. */
const DEVICE_TROUBLE = /adapter|load (shared )?library|execution provider|cuda|cudnn|driver|no available backend/i;

const infoOf = (meta: Ort.InferenceSession.ValueMetadata): TensorInfo =>
  meta.isTensor
    ? { name: meta.name, type: meta.type, shape: meta.shape }
    : { name: meta.name, type: 'not a tensor', shape: [] };

const TENSOR_TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies TensorType[];

function toTensor(ort: typeof Ort, value: TensorValue): Ort.Tensor {
  return new ort.Tensor(value.type, value.data as Float32Array, value.dims);
}

function fromTensor(name: string, tensor: Ort.Tensor): TensorValue {
  if (!TENSOR_TYPES.includes(tensor.type)) throw new Error(`output ${name} has the element type ${tensor.type}`);
  const data = tensor.data as Float32Array<ArrayBuffer>;
  // Newer versions of Node give half floats as such; everybody here takes their bits.
  const bits = tensor.type === 'float16' ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { type: tensor.type as TensorType, dims: tensor.dims, data: bits };
}

function wrap(ort: typeof Ort, native: Ort.InferenceSession): InferenceSession {
  const outputs = native.outputMetadata.map(infoOf);
  return {
    inputs: native.inputMetadata.map(infoOf),
    outputs,
    run: async (feeds, into = {}) => {
      const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toTensor(ort, value)]));
      const targets = Object.fromEntries(
        outputs.map(({ name }) => {
          const given = into[name];
          return [name, given ? toTensor(ort, given) : null];
        }),
      );
      const results = await native.run(inputs, targets);
      return Object.fromEntries(
        Object.entries(results).map(([name, tensor]) => [name, into[name] ?? fromTensor(name, tensor)]),
      );
    },
    close: () => native.release(),
  };
}

async function open(model: ModelSource, options: OpenOptions): Promise<InferenceSession> {
  const provider = PROVIDERS.find(({ id }) => id === options.device);
  if (!provider) throw new RestorationError('DEVICE_UNAVAILABLE', `onnxruntime has no device ${options.device}.`);
  const ort = await runtime();
  try {
    const native = await ort.InferenceSession.create(model.bytes, {
      executionProviders: [provider.id],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
      ...(model.external?.length
        ? { externalData: model.external.map(({ name, bytes }) => ({ path: name, data: bytes })) }
        : {}),
    });
    return wrap(ort, native);
  } catch (error) {
    const message = messageOf(error);
    if (provider.trust !== 'reference' && DEVICE_TROUBLE.test(message)) {
      const { reason = `it does not start: ${message}`, hint } = missingFor(provider.id);
      throw new RestorationError('DEVICE_UNAVAILABLE', `${provider.name}: ${reason}.`, { hint, cause: error });
    }
    throw new RestorationError('MODEL_INVALID', `onnxruntime cannot read this model: ${message}.`, { cause: error });
  }
}

async function inspect(id: string): Promise<DeviceInfo> {
  const provider = PROVIDERS.find((each) => each.id === id);
  if (!provider) return { id, backend: 'onnxruntime', name: id, available: false, reason: 'It is not known.' };
  const about = { id, backend: 'onnxruntime', name: provider.name };
  try {
    const side = 4;
    const shape = { input: 'x', output: 'y', channelsIn: 1, channelsOut: 1, scale: 1 };
    const source = { bytes: Buffer.from(PROBE_MODEL, 'base64'), shape };
    const session = await open(source, { device: provider.id, threads: 1 });
    const data = new Float32Array(side * side).fill(0.5);
    const { y } = await session.run({ x: { type: 'float32', dims: [1, 1, side, side], data } });
    await session.close();
    if (y?.data[0] === 0.5) return { ...about, available: true };
    return { ...about, available: false, reason: 'It gives wrong results.', hint: missingFor(id).hint };
  } catch (error) {
    const reason = error instanceof RestorationError ? error.message : `It fails: ${messageOf(error)}.`;
    const hint = error instanceof RestorationError ? error.hint : undefined;
    return { ...about, available: false, reason, hint: hint ?? missingFor(id).hint };
  }
}

/** ONNX models on the CPU and on GPUs. Its `run` blocks the calling thread: use it in a worker thread. */
export const onnxruntimeBackend: InferenceBackend = {
  id: 'onnxruntime',
  formats: ['onnx'],
  kinds: PROVIDERS.filter(({ platforms }) => platforms.includes(process.platform)),
  inspect,
  open,
};

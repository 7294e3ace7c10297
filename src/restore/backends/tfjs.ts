import type * as Converter from '@tensorflow/tfjs-converter';
import type * as Core from '@tensorflow/tfjs-core';
import type * as Layers from '@tensorflow/tfjs-layers';
import { RestorationError } from '../../core/errors.ts';
import type {
  DeviceInfo,
  InferenceBackend,
  InferenceSession,
  ModelSource,
  OpenOptions,
  TensorInfo,
  TensorValue,
} from './backend.ts';
import { TFJS_DEVICES, useTfjs, type TfjsDevice, type TfjsLibrary } from './tfjs-library.ts';
import { readTfjsModel } from './tfjs-model.ts';

type Model = Converter.GraphModel | Layers.LayersModel;

/** A tensor as the network has it, and whether its pictures have their channels last, as most of these models do. */
interface Port {
  readonly info: TensorInfo;
  readonly channelsLast: boolean;
}

const isChannels = (size: number | string | undefined): boolean => size === 1 || size === 3;

/** The contract's pictures are N, C, H, W whatever the network has. */
function portOf(name: string, type: string, shape: readonly (number | null)[], last?: boolean): Port {
  const letters = ['N', 'H', 'W', 'C'];
  const dims = shape.map((size, i) => (size === null || size < 0 ? (letters[i] ?? `d${i}`) : size));
  if (dims.length !== 4) return { info: { name, type, shape: dims }, channelsLast: false };
  const channelsLast = last ?? (isChannels(dims[3]) || !isChannels(dims[1]));
  const [n = 'N', h = 'H', w = 'W', c = 'C'] = dims;
  return { info: { name, type, shape: channelsLast ? [n, c, h, w] : dims }, channelsLast };
}

async function loadModel(library: TfjsLibrary, source: ModelSource): Promise<Model> {
  const { kind, artifacts } = readTfjsModel(source);
  const handler = library.core.io.fromMemory(artifacts);
  if (kind === 'graph') return library.loadGraphModel(handler);
  if (!library.loadLayersModel) throw new Error('it is a layers model, and @tensorflow/tfjs-layers is not installed');
  return library.loadLayersModel(handler);
}

/** Computes all outputs of either kind of model; `feeds` by the names of its inputs. */
function compute(model: Model, names: readonly string[], feeds: Core.NamedTensorMap): Core.Tensor[] {
  const inOrder = model.inputs.flatMap(({ name }) => feeds[name] ?? []);
  const results = 'layers' in model ? model.predict(inOrder) : model.execute(feeds, [...names]);
  return Array.isArray(results) ? results : [results];
}

const NCHW_TO_NHWC = [0, 2, 3, 1];
const NHWC_TO_NCHW = [0, 3, 1, 2];

function wrap(device: TfjsDevice, model: Model): InferenceSession {
  const inputs = model.inputs.map(({ name, dtype, shape }) => portOf(name, dtype, shape ?? []));
  const picture = inputs.find(({ info }) => info.shape.length === 4);
  // Graphs say nothing of their outputs but the names; those with a number (`y:0`) are the same as those without.
  const outputs = (model.outputs as readonly Partial<Core.TensorInfo & { name: string }>[]).map(
    ({ name = '', dtype = 'float32', shape }) =>
      portOf(name.replace(/:0$/, ''), dtype, shape ?? [null, null, null, null], picture?.channelsLast),
  );
  const names = outputs.map(({ info }) => info.name);
  let open = true;

  const fed = (core: typeof Core, { info, channelsLast }: Port, value: TensorValue | undefined): Core.Tensor => {
    if (!value) throw new Error(`the input ${info.name} was not fed`);
    const tensor = core.tensor(value.data, [...value.dims], info.type === 'int32' ? 'int32' : 'float32');
    return channelsLast ? core.transpose(tensor, NCHW_TO_NHWC) : tensor;
  };

  return {
    inputs: inputs.map(({ info }) => info),
    outputs: outputs.map(({ info }) => info),
    run: async (feeds, into = {}) => {
      if (!open) throw new Error('the session is closed');
      const { core } = await useTfjs(device);
      const results = core.tidy(() => {
        const tensors = Object.fromEntries(
          inputs.map((port) => [port.info.name, fed(core, port, feeds[port.info.name])]),
        );
        return compute(model, names, tensors).map((tensor) =>
          picture?.channelsLast === true && tensor.rank === 4 ? core.transpose(tensor, NHWC_TO_NCHW) : tensor,
        );
      });
      try {
        const values: Record<string, TensorValue> = {};
        for (const [i, tensor] of results.entries()) {
          const name = names[i] ?? '';
          const data = await tensor.data<'float32'>();
          const given = into[name];
          given?.data.set(data);
          values[name] = given ?? { type: 'float32', dims: tensor.shape, data: Float32Array.from(data) };
        }
        return values;
      } finally {
        core.dispose(results);
      }
    },
    close: () => {
      if (open) model.dispose();
      open = false;
      return Promise.resolve();
    },
  };
}

const deviceOf = (id: string): TfjsDevice => {
  const device = TFJS_DEVICES.find((each) => each.id === id);
  if (device) return device;
  throw new RestorationError('DEVICE_UNAVAILABLE', `TensorFlow.js has no device ${id}.`);
};

async function open(source: ModelSource, options: OpenOptions): Promise<InferenceSession> {
  const device = deviceOf(options.device);
  const library = await useTfjs(device);
  try {
    return wrap(device, await loadModel(library, source));
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    const message = `TensorFlow.js cannot read this model: ${(line ?? '').replace(/\.$/, '')}.`;
    throw new RestorationError('MODEL_INVALID', message, { cause: error });
  }
}

async function inspect(id: string): Promise<DeviceInfo> {
  const about = { id, backend: 'tfjs', name: TFJS_DEVICES.find((each) => each.id === id)?.name ?? id };
  try {
    const { core } = await useTfjs(deviceOf(id));
    const sum = core.tidy(() => core.add(core.tensor1d([0.25, 0.5]), 0.25));
    const [first] = await sum.data();
    sum.dispose();
    if (first === 0.5) return { ...about, available: true };
    return { ...about, available: false, reason: 'It gives wrong results.', hint: 'Install its packages again.' };
  } catch (error) {
    if (!(error instanceof RestorationError)) {
      return { ...about, available: false, reason: `It fails: ${String(error)}.`, hint: 'Install its packages again.' };
    }
    return { ...about, available: false, reason: error.message, hint: error.hint ?? 'Install its packages again.' };
  }
}

/**
 * Models in TensorFlow.js format, graph or layers, on whatever of TensorFlow.js is installed; the package itself needs
 * none of it.
 */
export const tfjsBackend: InferenceBackend = {
  id: 'tfjs',
  formats: ['tfjs'],
  kinds: TFJS_DEVICES.map(({ id, name, trust }) => ({ id, name, trust })),
  inspect,
  open,
};

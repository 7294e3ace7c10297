import type * as Converter from '@tensorflow/tfjs-converter';
import type * as Core from '@tensorflow/tfjs-core';
import type * as Layers from '@tensorflow/tfjs-layers';
import { RestorationError } from '../../core/errors.ts';
import type { DeviceKind } from './backend.ts';

/** Version that the project is tested with; all its packages must have the same. */
const VERSION = '4.22.0';

/** What is used of TensorFlow.js. The Node packages bring all of it in one, the WASM backend is put together from parts. */
export interface TfjsLibrary {
  readonly core: typeof Core;
  readonly loadGraphModel: typeof Converter.loadGraphModel;
  /** undefined where the package for layers models is not installed. */
  readonly loadLayersModel: typeof Layers.loadLayersModel | undefined;
}

/** One of the ways in which TensorFlow.js computes in Node. */
export interface TfjsDevice extends DeviceKind {
  /** Its name inside TensorFlow.js. */
  readonly engine: string;
  /** Packages without which it does not run. */
  readonly packages: readonly string[];
  load(): Promise<TfjsLibrary>;
}

/** Not a literal, so that neither compiler nor bundler asks for packages that are optional. */
const load = async <Module>(name: string): Promise<Module> => (await import(name)) as Module;

type Whole = typeof Core & Pick<typeof Converter, 'loadGraphModel'> & Pick<typeof Layers, 'loadLayersModel'>;

async function nodePackage(name: string): Promise<TfjsLibrary> {
  const whole = await load<Whole & { default?: Whole }>(name);
  const core = whole.default ?? whole;
  return { core, loadGraphModel: core.loadGraphModel, loadLayersModel: core.loadLayersModel };
}

/** Emscripten's handlers turn any failure of the program into its own exit: they do not belong into somebody else's. */
async function withoutHandlers<T>(work: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set(process.listeners(event as 'uncaughtException')));
  try {
    return await work();
  } finally {
    for (const [i, event] of events.entries()) {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[i]?.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}

const WASM_PACKAGES = ['tfjs-core', 'tfjs-converter', 'tfjs-layers', 'tfjs-backend-wasm'];

async function wasmPackages(): Promise<TfjsLibrary> {
  const core = await load<typeof Core>('@tensorflow/tfjs-core');
  const { loadGraphModel } = await load<typeof Converter>('@tensorflow/tfjs-converter');
  const layers = await load<typeof Layers>('@tensorflow/tfjs-layers').catch(() => undefined);
  await withoutHandlers(async () => {
    await load('@tensorflow/tfjs-backend-wasm');
    await core.setBackend('wasm');
  });
  return { core, loadGraphModel, loadLayersModel: layers?.loadLayersModel };
}

/** The one to prefer first. */
export const TFJS_DEVICES: readonly TfjsDevice[] = [
  {
    id: 'tfjs-node-gpu',
    name: 'NVIDIA GPU through TensorFlow.js (tfjs-node-gpu)',
    trust: 'compared',
    engine: 'tensorflow',
    packages: ['tfjs-node-gpu'],
    load: () => nodePackage('@tensorflow/tfjs-node-gpu'),
  },
  {
    id: 'tfjs-node',
    name: 'CPU through TensorFlow.js (tfjs-node)',
    trust: 'compared',
    engine: 'tensorflow',
    packages: ['tfjs-node'],
    load: () => nodePackage('@tensorflow/tfjs-node'),
  },
  {
    id: 'tfjs-wasm',
    name: 'CPU through TensorFlow.js (WebAssembly)',
    trust: 'reference',
    engine: 'wasm',
    packages: WASM_PACKAGES,
    load: wasmPackages,
  },
];

const installHint = ({ packages }: TfjsDevice): string =>
  `\`npm install --no-save ${packages.map((name) => `@tensorflow/${name}@${VERSION}`).join(' ')}\``;

const MISSING = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

const loading = new Map<string, Promise<TfjsLibrary>>();

/**
 * TensorFlow.js with this device made its current one. Throws DEVICE_UNAVAILABLE with the command that would add it.
 * Which device computes is a setting of the whole library: call it before every use.
 */
export async function useTfjs(device: TfjsDevice): Promise<TfjsLibrary> {
  let pending = loading.get(device.id);
  if (!pending) {
    pending = device.load();
    loading.set(device.id, pending);
  }
  try {
    const library = await pending;
    const { core } = library;
    if (core.getBackend() !== device.engine && !(await core.setBackend(device.engine))) {
      throw new Error(`its engine ${device.engine} does not start`);
    }
    return library;
  } catch (error) {
    loading.delete(device.id);
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    const absent = typeof code === 'string' && MISSING.has(code);
    const message = absent ? 'it is not installed' : (line ?? '').replace(/\.$/, '');
    throw new RestorationError('DEVICE_UNAVAILABLE', `${device.name} does not start: ${message}.`, {
      hint: installHint(device),
      cause: error,
    });
  }
}

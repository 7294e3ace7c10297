import { RestorationError, toRestorationError } from '../../core/errors.ts';
import type { Precision } from '../../core/plan.ts';
import { inspectGraphics } from '../../platform/graphics.ts';
import { backends } from '../backends/index.ts';
import type { ResolvedModel } from '../models/schema.ts';
import { formatOf } from '../models/weights.ts';
import { findDevices, type BackendId, type UsableDevice } from './devices.ts';
import { tune, type Tuning } from './measure.ts';
import { keepTuning, readTunings } from './tuning-cache.ts';

/** What was asked for. */
export interface DeviceWish {
  readonly device?: string | undefined;
  readonly backend?: BackendId | undefined;
  readonly precision?: Precision | undefined;
  /** Measures again what was measured before. */
  readonly retune?: boolean | undefined;
}

export interface DeviceChoice {
  /** Ids with commas between them, as `openEngine` takes them. */
  readonly device: string;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/** Refuses what cannot be had here, before anybody has looked at a film. Throws USAGE, DEVICE_UNAVAILABLE. */
export async function checkDevices({ device = 'auto', backend }: DeviceWish): Promise<void> {
  await findDevices(device, { backend });
}

/** Tile size, sessions and speed of a network on a device: from the cache, else measured and kept there. */
export async function tuningOf(device: UsableDevice, model: ResolvedModel, { retune = false } = {}): Promise<Tuning> {
  const known = retune ? [] : await readTunings(device.kind.id);
  const found = known.find(({ sha256 }) => sha256 === model.sha256);
  if (found) return found;
  const tuning = await tune(device, model);
  await keepTuning(device.kind.id, model.sha256, tuning);
  return tuning;
}

/** Whether there may be a GPU to compute on. Software drivers count only where somebody asks for them. */
function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true;
  const { drivers, driversNamed, gpus, nvidiaDriver } = inspectGraphics();
  return nvidiaDriver || (drivers.length > 0 && (gpus.length > 0 || driversNamed));
}

/** GPUs of onnxruntime that work, the one to prefer first. Trying takes time, so it is left where there can be none. */
async function gpuCandidates(): Promise<UsableDevice[]> {
  if (!mayHaveGpu()) return [];
  const found: UsableDevice[] = [];
  for (const backend of backends.filter(({ id }) => id === 'onnxruntime')) {
    for (const kind of backend.kinds.filter(({ trust }) => trust === 'compared')) {
      if ((await backend.inspect(kind.id)).available) found.push({ kind, formats: backend.formats });
    }
  }
  return found;
}

/** Seconds for a pixel through all networks, one after the other. Throws what `tune` throws. */
async function cost(device: UsableDevice, models: readonly ResolvedModel[], retune: boolean): Promise<number> {
  let sum = 0;
  for (const model of models) sum += 1 / (await tuningOf(device, model, { retune })).pixelsPerSecond;
  return sum;
}

/** Of the devices of onnxruntime that give right results the one that was measured fastest with these networks. */
async function fastest(models: readonly ResolvedModel[], retune: boolean): Promise<DeviceChoice> {
  const [cpu] = await findDevices('cpu');
  if (!cpu || models.length === 0) return { device: 'cpu', notes: [] };
  const candidates = await gpuCandidates();
  if (candidates.length === 0) return { device: 'cpu', notes: [] };
  const notes: string[] = [];
  let best = { id: cpu.kind.id, cost: await cost(cpu, models, retune) };
  for (const device of candidates) {
    try {
      const seconds = await cost(device, models, retune);
      if (seconds < best.cost) best = { id: device.kind.id, cost: seconds };
    } catch (error) {
      notes.push(`${device.kind.id} is left out: ${toRestorationError(error).message}`);
    }
  }
  return { device: best.id, notes };
}

const reads = (devices: readonly UsableDevice[], model: ResolvedModel): boolean =>
  devices.some(({ formats }) => formats.includes(formatOf(model.path)));

/** Throws USAGE where devices and networks do not go together; says which networks run beside them. */
function checkFormats(device: string, devices: readonly UsableDevice[], models: readonly ResolvedModel[]): string[] {
  const others = models.filter((model) => !reads(devices, model));
  const foreign = others.find(({ path }) => formatOf(path) === 'tfjs');
  if (foreign) {
    throw new RestorationError(
      'USAGE',
      `${foreign.manifest.id} is a TensorFlow.js model, which ${device} does not read.`,
      { hint: 'Add --backend tfjs.' },
    );
  }
  if (others.length > 0 && others.length === models.length) {
    const ids = models.map(({ manifest }) => manifest.id).join(', ');
    throw new RestorationError(
      'USAGE',
      `No network of this run is a TensorFlow.js model (${ids}), and ${device} reads no others.`,
      { hint: 'Name one with --model KIND=FOLDER, or leave --backend and --device out.' },
    );
  }
  return others.map(({ manifest }) => `${manifest.id} is an ONNX model: it runs on cpu beside ${device}.`);
}

/** Says so where the floats that were asked for are on none of the devices. */
function withFloats(choice: DeviceChoice, { precision }: DeviceWish): DeviceChoice {
  if (precision !== 'fp16' || choice.device !== 'cpu') return choice;
  return { ...choice, notes: [...choice.notes, 'The CPU computes in 32-bit floats: --precision fp16 is for GPUs.'] };
}

/**
 * The devices for the networks of a run: those that are named, else the fastest. What is not the CPU is measured with
 * each network first, once a machine. Throws USAGE where the wish and the networks' formats do not go together,
 * DEVICE_UNAVAILABLE for a device that does not start.
 */
export async function chooseDevices(wish: DeviceWish, models: readonly ResolvedModel[]): Promise<DeviceChoice> {
  const { device = 'auto', backend, retune = false } = wish;
  const found = await findDevices(device, { backend });
  const named = found.map(({ kind }) => kind.id).join(',');
  const notes = checkFormats(named, found, models);
  if (device === 'auto' && backend !== 'tfjs') return withFloats(await fastest(models, retune), wish);
  for (const each of found.filter(({ kind }) => kind.trust === 'compared')) {
    for (const model of models.filter((one) => each.formats.includes(formatOf(one.path)))) {
      // A device that fails here fails in the run too, which drops it with a warning and goes on.
      await tuningOf(each, model, { retune }).catch((error: unknown) => {
        notes.push(`${each.kind.id} could not be measured: ${toRestorationError(error).message}`);
      });
    }
  }
  return withFloats({ device: named, notes }, wish);
}

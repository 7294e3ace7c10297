import { RestorationError } from '../../core/errors.ts';
import type { ResolvedModel } from '../models/schema.ts';
import { formatOf } from '../models/weights.ts';
import { findDevices, type BackendId, type UsableDevice } from './devices.ts';

/** What was asked for. */
export interface DeviceWish {
  readonly device?: string | undefined;
  readonly backend?: BackendId | undefined;
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

const reads = (devices: readonly UsableDevice[], model: ResolvedModel): boolean =>
  devices.some(({ formats }) => formats.includes(formatOf(model.path)));

/**
 * The devices for the networks of a run. Throws USAGE where the wish and the networks' formats do not go together,
 * DEVICE_UNAVAILABLE for a device that does not start.
 */
export async function chooseDevices(wish: DeviceWish, models: readonly ResolvedModel[]): Promise<DeviceChoice> {
  const devices = await findDevices(wish.device ?? 'auto', { backend: wish.backend });
  const device = devices.map(({ kind }) => kind.id).join(',');
  const others = models.filter((model) => !reads(devices, model));
  const foreign = others.find(({ path }) => formatOf(path) === 'tfjs');
  if (foreign) {
    throw new RestorationError(
      'USAGE',
      `${foreign.manifest.id} is a TensorFlow.js model, which ${device} does not read.`,
      {
        hint: 'Add --backend tfjs.',
      },
    );
  }
  if (others.length > 0 && others.length === models.length) {
    const ids = models.map(({ manifest }) => manifest.id).join(', ');
    throw new RestorationError(
      'USAGE',
      `No network of this run is a TensorFlow.js model (${ids}), and ${device} reads no others.`,
      {
        hint: 'Name one with --model KIND=FOLDER, or leave --backend and --device out.',
      },
    );
  }
  return {
    device,
    notes: others.map(({ manifest }) => `${manifest.id} is an ONNX model: it runs on cpu beside ${device}.`),
  };
}

import { RestorationError } from '../../core/errors.ts';
import {
  allBackends,
  backends,
  findDevice,
  findReference,
  type DeviceKind,
  type InferenceBackend,
  type ModelFormat,
} from '../backends/index.ts';

/** Ids of the backends that `--backend` chooses among; the others are for measuring. */
export const BACKENDS = ['onnxruntime', 'tfjs'] as const;
export type BackendId = (typeof BACKENDS)[number];

/** A device that was found, with the formats that its backend opens. */
export interface UsableDevice {
  readonly kind: DeviceKind;
  readonly formats: readonly ModelFormat[];
}

const usable = ({ backend, kind }: { backend: InferenceBackend; kind: DeviceKind }): UsableDevice => ({
  kind,
  formats: backend.formats,
});

/** What others are compared with, and what takes over when they fail: one device a format. */
export async function referenceDevices(backendModules: readonly string[]): Promise<Map<ModelFormat, UsableDevice>> {
  const all = await allBackends(backendModules);
  const formats: readonly ModelFormat[] = ['onnx', 'tfjs'];
  return new Map(formats.map((format) => [format, usable(findReference(format, all))]));
}

/** The first device of TensorFlow.js that is installed. Throws DEVICE_UNAVAILABLE with the command that adds one. */
async function installedTfjs(all: readonly InferenceBackend[]): Promise<string> {
  const backend = all.find(({ id }) => id === 'tfjs');
  let last: { readonly reason?: string; readonly hint?: string } = {};
  for (const { id } of backend?.kinds ?? []) {
    const info = await backend?.inspect(id);
    if (info?.available === true) return id;
    last = info ?? {};
  }
  throw new RestorationError('DEVICE_UNAVAILABLE', 'TensorFlow.js is not installed, which --backend tfjs needs.', {
    hint: last.hint === undefined ? '`restore doctor` shows what works here.' : `${last.hint} adds it.`,
  });
}

/**
 * The devices that a list names, each tried; without one, the CPU or what TensorFlow.js has. Throws DEVICE_UNAVAILABLE for
 * one that does not exist or does not start, USAGE for one of another backend than the chosen.
 */
export async function findDevices(
  device: string,
  { backend, backendModules = [] }: { backend?: BackendId | undefined; backendModules?: readonly string[] } = {},
): Promise<readonly UsableDevice[]> {
  const all = backendModules.length === 0 ? backends : await allBackends(backendModules);
  if (device === 'auto' && backend !== 'tfjs') return [usable(findReference('onnx', all))];
  const ids = device === 'auto' ? [await installedTfjs(all)] : device.split(',').map((id) => id.trim());
  const found: UsableDevice[] = [];
  for (const id of new Set(ids)) {
    const device = findDevice(id, all);
    if (backend !== undefined && device.backend.id !== backend) {
      throw new RestorationError('USAGE', `${id} is a device of ${device.backend.id}, not of ${backend}.`, {
        hint: `Leave --backend out, or choose one of ${deviceIds(all, backend)}.`,
      });
    }
    if (device.kind.trust !== 'reference' || device.backend.id !== 'onnxruntime') {
      const { available, name, reason, hint } = await device.backend.inspect(id);
      if (!available) {
        throw new RestorationError('DEVICE_UNAVAILABLE', reason ?? `${name} cannot be used here.`, {
          hint: hint ?? '`restore doctor` shows which devices work here.',
        });
      }
    }
    found.push(usable(device));
  }
  return found;
}

const deviceIds = (all: readonly InferenceBackend[], backend: string): string =>
  all
    .filter(({ id }) => id === backend)
    .flatMap(({ kinds }) => kinds.map(({ id }) => id))
    .join(', ');

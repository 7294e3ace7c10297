import { RestorationError } from '../../core/errors.ts';
import type { DeviceInfo, DeviceKind, InferenceBackend, ModelFormat } from './backend.ts';
import { nullBackend } from './null.ts';
import { onnxruntimeBackend } from './onnxruntime.ts';
import { tfjsBackend } from './tfjs.ts';

export type * from './backend.ts';

/** Every inference runtime. A new one is a file here and a line in this list. */
export const backends: readonly InferenceBackend[] = [onnxruntimeBackend, tfjsBackend, nullBackend];

/** The registry, and before it what further modules export as `backend`. */
export async function allBackends(moduleUrls: readonly string[]): Promise<readonly InferenceBackend[]> {
  const load = async (url: string): Promise<InferenceBackend> =>
    ((await import(url)) as { backend: InferenceBackend }).backend;
  return [...(await Promise.all(moduleUrls.map(load))), ...backends];
}

/** The backend and the kind of a device id. Throws DEVICE_UNAVAILABLE with the ids that there are. */
export function findDevice(
  id: string,
  among: readonly InferenceBackend[] = backends,
): { backend: InferenceBackend; kind: DeviceKind } {
  for (const backend of among) {
    const kind = backend.kinds.find((each) => each.id === id);
    if (kind) return { backend, kind };
  }
  const known = among.flatMap((backend) => backend.kinds.map((kind) => kind.id)).join(', ');
  throw new RestorationError('DEVICE_UNAVAILABLE', `There is no device called ${JSON.stringify(id)}.`, {
    hint: `Devices on this system: auto, ${known}. \`restore doctor\` shows what works here.`,
  });
}

/** The device that others are compared with for models of this format. */
export function findReference(
  format: ModelFormat,
  among: readonly InferenceBackend[] = backends,
): { backend: InferenceBackend; kind: DeviceKind } {
  for (const backend of among) {
    const kind = backend.formats.includes(format) && backend.kinds.find(({ trust }) => trust === 'reference');
    if (kind) return { backend, kind };
  }
  throw new RestorationError('INTERNAL', `No backend is the reference for ${format} models.`);
}

/** A device that can run models of this format here: the reference where it works, else the first that does. */
export async function availableFor(format: ModelFormat): Promise<{ backend: InferenceBackend; kind: DeviceKind }> {
  const reference = findReference(format);
  const info = await reference.backend.inspect(reference.kind.id);
  if (info.available) return reference;
  const { backend } = reference;
  for (const kind of backend.kinds) {
    if ((await backend.inspect(kind.id)).available) return { backend, kind };
  }
  throw new RestorationError('DEVICE_UNAVAILABLE', info.reason ?? `Nothing here runs ${format} models.`, {
    hint: info.hint ?? '`restore doctor` shows what works here.',
  });
}

/** Tries every device of every backend, for a table that says what works and what would help. */
export async function listDevices(): Promise<DeviceInfo[]> {
  const found: DeviceInfo[] = [];
  // One after the other: some drivers do not like to be started twice at once.
  for (const backend of backends) {
    for (const { id } of backend.kinds) found.push(await backend.inspect(id));
  }
  return found;
}

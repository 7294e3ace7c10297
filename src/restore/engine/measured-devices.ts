import { toRestorationError, type RestorationError } from '../../core/errors.ts';
import { findDevice, listDevices, type DeviceInfo } from '../backends/index.ts';
import type { ResolvedModel } from '../models/schema.ts';
import { formatOf } from '../models/weights.ts';
import { tuningOf } from './choose.ts';
import type { Tuning } from './measure.ts';

/** A device, and how it does with a real network. */
export interface MeasuredDevice extends DeviceInfo {
  /** undefined where the device is not available, reads no such networks, or failed. */
  readonly tuning?: Tuning;
  /** What went wrong when it ran the network: a run would go on without it. */
  readonly problem?: RestorationError;
}

/** Tries every device with a network, measures it anew, and keeps what was measured for runs. */
export async function measureDevices(model: ResolvedModel | undefined): Promise<MeasuredDevice[]> {
  const measured: MeasuredDevice[] = [];
  for (const info of await listDevices()) {
    const { backend, kind } = findDevice(info.id);
    const measurable =
      model && info.available && kind.trust !== 'unchecked' && backend.formats.includes(formatOf(model.path));
    if (!measurable) {
      measured.push(info);
      continue;
    }
    try {
      const tuning = await tuningOf({ kind, formats: backend.formats }, model, { retune: true });
      measured.push({ ...info, tuning });
    } catch (error) {
      measured.push({ ...info, problem: toRestorationError(error) });
    }
  }
  return measured;
}

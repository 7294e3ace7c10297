import { coreCount, totalMemoryBytes } from '../../platform/workers.ts';
import type { DeviceKind } from '../backends/index.ts';
import type { Precision } from '../../core/plan.ts';
import type { Tuned, WorkerData } from './protocol.ts';

/** Share of the machine's memory that all networks together may fill, and its bound for each worker. */
const MEMORY_SHARE = 0.25;
const WORKER_MEMORY_BYTES = 192 * 2 ** 20;

export interface WorkerSettings {
  readonly workers: number;
  readonly backendModules: readonly string[];
  readonly tileSize?: number | undefined;
  /** Whether what has not changed since the picture before is left out; default: no. */
  readonly reuse?: boolean;
  /** Default: 32-bit floats. */
  readonly precision?: Precision | undefined;
  /** What was measured, by the SHA-256 of the network's weights. */
  readonly tuned?: Readonly<Record<string, Tuned>> | undefined;
}

/** What a worker of a device is started with. */
export function workerDataFor(kind: DeviceKind, settings: WorkerSettings): WorkerData {
  const { workers, backendModules, tileSize, precision = 'fp32', tuned = {}, reuse = false } = settings;
  return {
    device: kind.id,
    backendModules,
    // Sessions of one thread each use the cores better than one session of many.
    threads: kind.trust === 'reference' ? 1 : Math.max(1, Math.floor(coreCount() / 2)),
    tileSize,
    precision,
    tuned,
    reuse,
    memoryBytes: Math.min(WORKER_MEMORY_BYTES, (totalMemoryBytes() * MEMORY_SHARE) / workers),
  };
}

import { createRequire } from 'node:module';
import { coreCount } from '../../platform/workers.ts';
import type { DeviceKind } from '../backends/index.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { MeasureReply } from '../tasks/measure.ts';
import { DeviceQueue } from './device-queue.ts';
import type { UsableDevice } from './devices.ts';
import { workerDataFor } from './worker-data.ts';

/** What suits a network on a device. */
export interface Tuning {
  readonly tileSize: number;
  /** Sessions side by side, one a worker thread. */
  readonly workers: number;
  /** Pixels of the source that all sessions together do in a second. */
  readonly pixelsPerSecond: number;
  /** Largest difference to the reference, as a share of the output's range; 0 for the reference itself. */
  readonly deviation: number;
}

/** Tiles that are tried, in input pixels. A GPU is slow on small ones, and larger ones than the last bring nothing more. */
const TILE_SIZES = [64, 128, 256, 512, 1024, 2048];
/** The CPU is as fast on any tile: its memory decides (`tileSizeFor`). */
const REFERENCE_TILE_SIZES = [128];
const BUDGET_MS = 1500;
/** Two sessions must be faster by so much than one: they take twice the memory. */
const WORTH_IT = 1.1;
const STALL_MS = 120_000;

export const defaultWorkers = ({ trust }: DeviceKind): number => (trust === 'reference' ? coreCount() : 1);

interface MeasureOptions {
  readonly workers: number;
  readonly tileSizes: readonly number[];
  readonly backendModules: readonly string[];
}

/** The same measurement in some workers at once; speeds are those of all together. */
async function measure(
  { kind, formats }: UsableDevice,
  model: ResolvedModel,
  { workers, tileSizes, backendModules }: MeasureOptions,
): Promise<MeasureReply> {
  const entry = createRequire(import.meta.url).resolve('#inference-worker');
  const lane = { entry, data: workerDataFor(kind, { workers, backendModules }), stallMs: STALL_MS };
  const isReference = kind.trust === 'reference';
  const queue = new DeviceQueue({ device: kind.id, formats, isReference, workers, lane });
  try {
    const outcomes = await Promise.all(
      Array.from({ length: workers }, (_, order) =>
        queue.run({
          kind: 'measure',
          request: () => ({ task: 'measure', model, tileSizes, budgetMs: BUDGET_MS }),
          note: () => undefined,
          order,
          check: () => undefined,
        }),
      ),
    );
    const replies = outcomes.map(({ reply }) => reply as MeasureReply);
    const [first] = replies;
    const speeds = (first?.speeds ?? []).flatMap(({ tileSize }) => {
      const same = replies.flatMap((reply) => reply.speeds.find((speed) => speed.tileSize === tileSize) ?? []);
      if (same.length < workers) return [];
      return [{ tileSize, pixelsPerSecond: same.reduce((sum, speed) => sum + speed.pixelsPerSecond, 0) }];
    });
    return { speeds, deviation: Math.max(0, ...replies.map(({ deviation }) => deviation)) };
  } finally {
    await queue.close();
  }
}

/**
 * A search of some seconds for tile size and number of sessions. Throws DEVICE_UNAVAILABLE for a device that fails or gives
 * other results than the reference, MODEL_INVALID, WORKER_FAILED.
 */
export async function tune(
  device: UsableDevice,
  model: ResolvedModel,
  backendModules: readonly string[] = [],
): Promise<Tuning> {
  const isReference = device.kind.trust === 'reference';
  const workers = defaultWorkers(device.kind);
  const tileSizes = isReference ? REFERENCE_TILE_SIZES : TILE_SIZES;
  const { speeds, deviation } = await measure(device, model, { workers, tileSizes, backendModules });
  const best = speeds.reduce((most, speed) => (speed.pixelsPerSecond > most.pixelsPerSecond ? speed : most), {
    tileSize: 64,
    pixelsPerSecond: 0,
  });
  if (isReference || device.kind.oneThread) return { ...best, workers, deviation };
  const pair = await measure(device, model, { workers: 2, tileSizes: [best.tileSize], backendModules });
  const together = pair.speeds[0]?.pixelsPerSecond ?? 0;
  return together > WORTH_IT * best.pixelsPerSecond
    ? { ...best, pixelsPerSecond: together, workers: 2, deviation }
    : { ...best, workers, deviation };
}

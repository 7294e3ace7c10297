import { createRequire } from 'node:module';
import { coreCount } from '../../platform/workers.ts';
import type { DeviceKind } from '../backends/index.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { MeasureReply } from '../tasks/measure.ts';
import type { FloatType } from '../tasks/task.ts';
import { DeviceQueue } from './device-queue.ts';
import type { UsableDevice } from './devices.ts';
import { workerDataFor } from './worker-data.ts';

/** What suits a network on a device. */
export interface Tuning {
  readonly tileSize: number;
  /** Sessions side by side, one a worker thread. */
  readonly workers: number;
  readonly floats: FloatType;
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
/** Two sessions must be faster by so much than one (they take twice the memory), and 16-bit floats than 32-bit ones. */
const WORTH_IT = 1.1;
const STALL_MS = 120_000;

export const defaultWorkers = ({ trust }: DeviceKind): number => (trust === 'reference' ? coreCount() : 1);

interface MeasureOptions {
  readonly workers: number;
  readonly tileSizes: readonly number[];
  readonly floats: FloatType;
  readonly backendModules: readonly string[];
}

/** The same measurement in some workers at once; speeds are those of all together. */
async function measure(
  { kind, formats }: UsableDevice,
  model: ResolvedModel,
  { workers, tileSizes, floats, backendModules }: MeasureOptions,
): Promise<MeasureReply> {
  const entry = createRequire(import.meta.url).resolve('#inference-worker');
  const lane = { entry, data: workerDataFor(kind, { workers, backendModules, precision: floats }), stallMs: STALL_MS };
  const isReference = kind.trust === 'reference';
  const queue = new DeviceQueue({ device: kind.id, formats, isReference, workers, lane });
  try {
    const outcomes = await Promise.all(
      Array.from({ length: workers }, (_, order) =>
        queue.run({
          kind: 'measure',
          request: () => ({ task: 'measure', model, floats, tileSizes, budgetMs: BUDGET_MS }),
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
    const deviation = Math.max(0, ...replies.map((reply) => reply.deviation));
    return { speeds, deviation, floats: first?.floats ?? floats };
  } finally {
    await queue.close();
  }
}

const fastestOf = (speeds: MeasureReply['speeds']): MeasureReply['speeds'][number] =>
  speeds.reduce((most, speed) => (speed.pixelsPerSecond > most.pixelsPerSecond ? speed : most), {
    tileSize: 64,
    pixelsPerSecond: 0,
  });

/**
 * A search of some seconds for tile size, floats and number of sessions. Throws DEVICE_UNAVAILABLE for a device that fails or
 * gives other results than the reference, MODEL_INVALID, WORKER_FAILED.
 */
export async function tune(
  device: UsableDevice,
  model: ResolvedModel,
  backendModules: readonly string[] = [],
): Promise<Tuning> {
  const isReference = device.kind.trust === 'reference';
  const workers = defaultWorkers(device.kind);
  const search = async (tileSizes: readonly number[], floats: FloatType, count = workers): Promise<Tuning> => {
    const reply = await measure(device, model, { workers: count, tileSizes, floats, backendModules });
    return { ...fastestOf(reply.speeds), workers: count, floats: reply.floats, deviation: reply.deviation };
  };
  if (isReference) return search(REFERENCE_TILE_SIZES, 'fp32');
  let best = await search(TILE_SIZES, 'fp32');
  const faster = (other: Tuning | undefined): other is Tuning =>
    other !== undefined && other.pixelsPerSecond > WORTH_IT * best.pixelsPerSecond;
  // What 32-bit floats have shown is enough to go on with; a network that cannot be in 16 bits is not measured again.
  const half = await search(TILE_SIZES, 'fp16').catch(() => undefined);
  if (faster(half)) best = half;
  if (device.kind.oneThread) return best;
  const pair = await search([best.tileSize], best.floats, 2);
  return faster(pair) ? pair : best;
}

import { interfaceOf } from '../models/interface.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { TensorValue } from '../backends/backend.ts';
import { roundUp } from '../tiling/tiles.ts';
import { isOutOfMemory } from '../tiling/run.ts';
import type { TaskTools } from './task.ts';

/** How fast a network runs on this worker's device, by size of tile. */
export interface MeasureRequest {
  readonly task: 'measure';
  readonly model: ResolvedModel;
  /** Sides of tiles in input pixels, the smallest first. Colorizers have no tiles: for them one run at their size counts. */
  readonly tileSizes: readonly number[];
  /** After so long no larger tile is begun. */
  readonly budgetMs: number;
}

export interface TileSpeed {
  readonly tileSize: number;
  /** Pixels of the source, halo not counted. */
  readonly pixelsPerSecond: number;
}

export interface MeasureReply {
  /** At least one; sizes that memory or time did not suffice for are left out. */
  readonly speeds: readonly TileSpeed[];
  /** Largest difference to the reference on the tile that they are compared on, as a share of the output's range. */
  readonly deviation: number;
}

/** A run is repeated for so long: single ones vary. */
const REPEAT_MS = 250;

function feedsFor({ manifest }: ResolvedModel, side: number): Record<string, TensorValue> {
  const { input, channelsIn } = interfaceOf(manifest);
  const data = Float32Array.from({ length: channelsIn * side * side }, (_, i) => 0.5 + 0.4 * Math.sin(i / 7));
  const feeds: Record<string, TensorValue> = { [input]: { type: 'float32', dims: [1, channelsIn, side, side], data } };
  const strength = manifest.kind === 'colorize' ? undefined : manifest.input.strengthName;
  if (strength !== undefined) feeds[strength] = { type: 'float32', dims: [1], data: Float32Array.of(0.5) };
  return feeds;
}

/** Runs the network on tiles of growing size, each once to warm up. Throws what the network throws on the first. */
export async function runMeasure(
  { model, tileSizes, budgetMs }: MeasureRequest,
  tools: TaskTools,
): Promise<MeasureReply> {
  const { session, deviation } = await tools.model(model);
  const { manifest } = model;
  const started = performance.now();
  const speeds: TileSpeed[] = [];
  const sizes = manifest.kind === 'colorize' ? [manifest.workSize] : tileSizes;
  for (const size of sizes) {
    if (speeds.length > 0 && performance.now() - started > budgetMs) break;
    const halo = manifest.kind === 'colorize' ? 0 : manifest.receptiveField;
    const tileSize = roundUp(size, manifest.sizeMultiple);
    const feeds = feedsFor(model, roundUp(tileSize + 2 * halo, manifest.sizeMultiple));
    let best = Infinity;
    try {
      const since = performance.now();
      await tools.infer(session, feeds);
      // A device that takes longer for one run than the whole budget is measured well enough by it.
      if (performance.now() - since > budgetMs) best = performance.now() - since;
      for (const from = performance.now(); best === Infinity || performance.now() - from < REPEAT_MS;) {
        if (best !== Infinity && performance.now() - started > 2 * budgetMs) break;
        const at = performance.now();
        await tools.infer(session, feeds);
        best = Math.min(best, performance.now() - at);
      }
    } catch (error) {
      if (speeds.length === 0 || !isOutOfMemory(error)) throw error;
      break;
    }
    speeds.push({ tileSize, pixelsPerSecond: (tileSize * tileSize * 1000) / best });
  }
  return { speeds, deviation };
}

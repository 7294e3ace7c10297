import { feedsFor, fixedSizeOf, interfaceOf } from '../models/interface.ts';
import type { ResolvedModel } from '../models/schema.ts';
import type { TensorValue } from '../backends/backend.ts';
import { roundUp } from '../tiling/tiles.ts';
import { isOutOfMemory } from '../tiling/run.ts';
import type { FloatType, TaskTools } from './task.ts';

/** How fast a network runs on this worker's device, by size of tile. */
export interface MeasureRequest {
  readonly task: 'measure';
  readonly model: ResolvedModel;
  readonly floats: FloatType;
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
  /** None where the network does not run in those floats, else at least one; sizes that memory or time did not suffice for are left out. */
  readonly speeds: readonly TileSpeed[];
  /** Largest difference to the reference on the tile that they are compared on, as a share of the output's range. */
  readonly deviation: number;
  readonly floats: FloatType;
}

/** A run is repeated for so long: single ones vary. */
const REPEAT_MS = 250;

/** Pictures that the network is tried on: what is fed, and the pixels of it that count. */
interface Trial {
  readonly tileSize: number;
  readonly fed: { readonly width: number; readonly height: number };
  readonly pixels: number;
}

function trialsOf({ manifest }: ResolvedModel, tileSizes: readonly number[]): Trial[] {
  const { sizeMultiple } = manifest;
  const halo = manifest.kind === 'colorize' ? 0 : manifest.receptiveField;
  const fixed = fixedSizeOf(manifest);
  if (fixed) {
    const core = (side: number): number => side - 2 * Math.min(halo, Math.floor(side / 4));
    const tileSize = Math.max(fixed.width, fixed.height);
    return [{ tileSize, fed: fixed, pixels: core(fixed.width) * core(fixed.height) }];
  }
  const sizes = manifest.kind === 'colorize' ? [manifest.workSize] : tileSizes;
  return sizes.map((size) => {
    const tileSize = roundUp(size, sizeMultiple);
    const side = roundUp(tileSize + 2 * halo, sizeMultiple);
    return { tileSize, fed: { width: side, height: side }, pixels: tileSize * tileSize };
  });
}

function trialFeeds({ manifest }: ResolvedModel, size: Trial['fed']): Record<string, TensorValue> {
  const length = interfaceOf(manifest).channelsIn * size.width * size.height;
  const picture = Float32Array.from({ length }, (_, i) => 0.5 + 0.4 * Math.sin(i / 7));
  return feedsFor(manifest, picture, size, 0.5);
}

/** Runs the network on tiles of growing size, each once to warm up. Throws what the network throws on the first. */
export async function runMeasure(
  { model, floats: wanted, tileSizes, budgetMs }: MeasureRequest,
  tools: TaskTools,
): Promise<MeasureReply> {
  const { session, deviation, floats } = await tools.model(model);
  if (floats !== wanted) return { speeds: [], deviation, floats };
  const started = performance.now();
  const speeds: TileSpeed[] = [];
  for (const { tileSize, fed, pixels } of trialsOf(model, tileSizes)) {
    if (speeds.length > 0 && performance.now() - started > budgetMs) break;
    const feeds = trialFeeds(model, fed);
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
    speeds.push({ tileSize, pixelsPerSecond: (pixels * 1000) / best });
  }
  return { speeds, deviation, floats };
}

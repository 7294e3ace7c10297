import { RestorationError } from '../../core/errors.ts';
import type { Rect } from '../../core/media.ts';
import type { TensorValue } from '../backends/backend.ts';
import { formsOf } from '../models/adapters.ts';
import { feedsFor } from '../models/interface.ts';
import type { PictureManifest, ResolvedModel } from '../models/schema.ts';
import { scratch } from '../pixels/scratch.ts';
import { dimsOf, isPlain, unpackTensor } from '../pixels/tensors.ts';
import { outputFault } from '../tasks/faults.ts';
import type { TaskTools } from '../tasks/task.ts';
import { changedPart } from './changes.ts';
import { planFixedTiles, planTiles, roundUp, type Tile } from './tiles.ts';

const SMALLEST_TILE = 32;

/** Words that runtimes and drivers use when memory does not suffice. */
const OUT_OF_MEMORY =
  /bad.?alloc|failed to allocate|out of memory|cannot allocate|not enough memory|array buffer allocation|enlarge memory/i;

export const isOutOfMemory = (error: unknown): boolean => error instanceof Error && OUT_OF_MEMORY.test(error.message);

/** A picture to run through a network, as its reader and writer see it. Channels are planar. */
export interface TiledPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Fills `target` with a region of the picture; beyond its right and lower border the last samples repeat. */
  read(x: number, y: number, width: number, height: number, target: Float32Array): void;
  /**
   * Where a region differs from the picture that was written before; undefined where it is the same. Left out when nothing
   * was written before.
   */
  readonly changed?: ((region: Rect) => Rect | undefined) | undefined;
  /** Takes `tile`'s part of the result: rows of `stride` samples, from the tile's own core on. */
  write(tile: Tile, result: TileResult): void;
}

export interface TileResult {
  readonly data: Float32Array;
  /** Samples from one row to the next. */
  readonly stride: number;
  /** Samples from one channel to the next. */
  readonly channelStride: number;
  /** Sample of `data` that is the first of the core. */
  readonly offset: number;
}

type Infer = (
  feeds: Record<string, TensorValue>,
  into: Record<string, TensorValue>,
) => Promise<Record<string, TensorValue>>;

function tilesOf(picture: TiledPicture, manifest: PictureManifest, tileSize: number): Tile[] {
  const { sizeMultiple, receptiveField, input } = manifest;
  if (input.size) return planFixedTiles(picture.width, picture.height, input.size, receptiveField);
  const [width, height] = [roundUp(picture.width, sizeMultiple), roundUp(picture.height, sizeMultiple)];
  return planTiles(width, height, tileSize, receptiveField, sizeMultiple);
}

/** Feeds what must be computed, tile by tile; returns the share of the picture that need not be. */
async function runTiles(
  picture: TiledPicture,
  model: ResolvedModel & { readonly manifest: PictureManifest },
  strength: number,
  tileSize: number,
  { infer, tools }: { readonly infer: Infer; readonly tools: TaskTools },
): Promise<number> {
  const { manifest } = model;
  const { scale } = manifest;
  const { output } = formsOf(manifest);
  const planned = tilesOf(picture, manifest, tileSize);
  const tiles = picture.changed ? changedTiles(planned, picture, manifest) : planned;
  const largest = tiles.reduce((most, { inWidth, inHeight }) => Math.max(most, inWidth * inHeight), 0);
  const fed = scratch('tile in', largest * picture.channels);
  const got = scratch('tile out', largest * picture.channels * scale * scale);
  for (const tile of tiles) {
    const area = tile.inWidth * tile.inHeight * picture.channels;
    const data = fed.subarray(0, area);
    picture.read(tile.inX, tile.inY, tile.inWidth, tile.inHeight, data);
    const result = got.subarray(0, area * scale * scale);
    const [width, height] = [tile.inWidth * scale, tile.inHeight * scale];
    const feeds = feedsFor(manifest, data, { width: tile.inWidth, height: tile.inHeight }, strength);
    if (isPlain(output)) {
      await infer(feeds, { [output.name]: { type: 'float32', dims: dimsOf(output, width, height), data: result } });
    } else {
      const value = (await infer(feeds, {}))[output.name];
      if (value?.type !== output.type || value.data.length !== result.length) {
        throw outputFault(model, tools, `a result that is not ${output.channels} x ${height} x ${width}`);
      }
      unpackTensor(output, value, result, width * height);
    }
    picture.write(tile, {
      data: result,
      stride: width,
      channelStride: width * height,
      offset: (tile.y - tile.inY) * scale * width + (tile.x - tile.inX) * scale,
    });
  }
  return 1 - areaOf(tiles) / areaOf(planned);
}

const areaOf = (tiles: readonly Tile[]): number => tiles.reduce((sum, { width, height }) => sum + width * height, 0);

/**
 * What of each tile must be computed, since something in it or in its halo has changed. Less than a tile only where it is
 * certain how far a network looks: others give the parts of a tile what they saw in all of it.
 */
function changedTiles(tiles: readonly Tile[], picture: TiledPicture, manifest: PictureManifest): Tile[] {
  const { sizeMultiple, receptiveField } = manifest;
  const certain = picture.channels === 1 && !manifest.input.size && manifest.reachProbed !== true;
  const reach = roundUp(receptiveField, sizeMultiple);
  const padded = { width: roundUp(picture.width, sizeMultiple), height: roundUp(picture.height, sizeMultiple) };
  return tiles.flatMap((tile) => {
    const { inX, inY, inWidth, inHeight } = tile;
    const width = Math.min(inWidth, picture.width - inX);
    const height = Math.min(inHeight, picture.height - inY);
    const changed = picture.changed?.({ x: inX, y: inY, width, height });
    if (!certain) return changed ? tile : [];
    return changedPart(tile, changed, picture, padded, reach, sizeMultiple) ?? [];
  });
}

/**
 * Runs a network over a picture, tile by tile; when memory does not suffice, again with tiles of half the size, and from
 * then on with those. The result does not depend on the size.
 * Throws OUT_OF_MEMORY when the smallest tiles do not fit, MODEL_INVALID or DEVICE_UNAVAILABLE when the network fails.
 */
export async function runTiled(
  picture: TiledPicture,
  model: ResolvedModel & { readonly manifest: PictureManifest },
  strength: number,
  tools: TaskTools,
): Promise<void> {
  const open = await tools.model(model);
  for (;;) {
    try {
      const unchanged = await runTiles(picture, model, strength, open.tileSize, {
        tools,
        infer: (feeds, into) => tools.infer(open.session, feeds, into),
      });
      tools.unchanged(unchanged);
      return;
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      const largest = Math.min(open.tileSize, Math.max(picture.width, picture.height));
      if (largest <= SMALLEST_TILE || model.manifest.input.size) {
        throw new RestorationError('OUT_OF_MEMORY', `There is not enough memory to run ${model.manifest.id}.`, {
          hint: 'Close other programs, or choose a smaller model or fewer workers.',
          cause: error,
        });
      }
      open.tileSize = Math.max(SMALLEST_TILE, Math.floor(largest / 2));
      tools.note(`Memory is short: ${model.manifest.id} goes on with tiles of ${open.tileSize} pixels.`);
    }
  }
}

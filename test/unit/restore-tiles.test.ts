import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import type { Plane } from '../../src/core/frame.ts';
import { findDevice } from '../../src/restore/backends/index.ts';
import { interfaceOf } from '../../src/restore/models/interface.ts';
import { pictureModel, type PictureModel } from '../../src/restore/stages/environment.ts';
import { runTask } from '../../src/restore/tasks/index.ts';
import type { TaskTools } from '../../src/restore/tasks/task.ts';
import { planFixedTiles, planTiles } from '../../src/restore/tiling/tiles.ts';
import { pictureManifest, pictureNet, type NetOptions } from '../fixtures/models/nets.ts';

const multiples = fc.constantFrom(1, 2, 4, 16);

test('tiles cover a picture once, start at multiples, and bring their halo as far as the picture goes', () => {
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.nat(40),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(30),
      multiples,
      (columns, rows, size, halo, multiple) => {
        const [width, height] = [(columns + 1) * multiple, (rows + 1) * multiple];
        const seen = new Uint8Array(width * height);
        for (const tile of planTiles(width, height, size, halo, multiple)) {
          expect([tile.x % multiple, tile.y % multiple, tile.inX % multiple, tile.inY % multiple]).toEqual([
            0, 0, 0, 0,
          ]);
          expect([tile.inWidth % multiple, tile.inHeight % multiple]).toEqual([0, 0]);
          expect(Math.max(tile.width, tile.height)).toBeLessThanOrEqual(Math.max(size, multiple));
          expect(tile.inX).toBeLessThanOrEqual(Math.max(0, tile.x - halo));
          expect(tile.inX + tile.inWidth).toBeGreaterThanOrEqual(Math.min(width, tile.x + tile.width + halo));
          expect(tile.inY + tile.inHeight).toBeGreaterThanOrEqual(Math.min(height, tile.y + tile.height + halo));
          for (let y = tile.y; y < tile.y + tile.height; y++) {
            for (let x = tile.x; x < tile.x + tile.width; x++) seen[y * width + x]!++;
          }
        }
        expect(seen.every((count) => count === 1)).toBe(true);
      },
    ),
    { numRuns: 30 },
  );
});

test('tiles of one size cover a picture once, lie inside it where they can, and see what they need', () => {
  const side = fc.integer({ min: 8, max: 90 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 200 }),
      side,
      side,
      fc.nat(30),
      (width, height, sizeWidth, sizeHeight, halo) => {
        const seen = new Uint8Array(width * height);
        for (const tile of planFixedTiles(width, height, { width: sizeWidth, height: sizeHeight }, halo)) {
          expect([tile.inWidth, tile.inHeight]).toEqual([sizeWidth, sizeHeight]);
          for (const [length, size, at, from, extent] of [
            [width, sizeWidth, tile.inX, tile.x, tile.width],
            [height, sizeHeight, tile.inY, tile.y, tile.height],
          ] as const) {
            expect(extent).toBeGreaterThan(0);
            expect(at).toBeGreaterThanOrEqual(0);
            if (length >= size) expect(at + size).toBeLessThanOrEqual(length);
            const reach = Math.min(halo, Math.floor(size / 4));
            expect(at).toBeLessThanOrEqual(Math.max(0, from - reach));
            expect(at + size).toBeGreaterThanOrEqual(Math.min(length, from + extent + reach));
          }
          for (let y = tile.y; y < tile.y + tile.height; y++) {
            for (let x = tile.x; x < tile.x + tile.width; x++) seen[y * width + x]!++;
          }
        }
        expect(seen.every((count) => count === 1)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

/** Runs tasks in this thread, on the CPU. */
async function toolsFor(bytes: Uint8Array, model: PictureModel): Promise<(tileSize: number) => TaskTools> {
  const source = { bytes, shape: interfaceOf(model.manifest) };
  const session = await findDevice('cpu').backend.open(source, { device: 'cpu', threads: 1 });
  return (tileSize) => ({
    model: () => Promise.resolve({ session, tileSize, deviation: 0, floats: 'fp32' }),
    infer: (each, feeds, into) => each.run(feeds, into),
    note: () => undefined,
    kept: undefined,
    unchanged: () => undefined,
    suspicious: false,
  });
}

const nets: readonly (readonly [string, NetOptions])[] = [
  ['x2 luma', { scale: 2, width: 8, layers: 3 }],
  ['x4 luma, 16 channels', { scale: 4, width: 16, layers: 4 }],
  ['x3 luma, 5 channels', { scale: 3, width: 5, layers: 1 }],
  ['denoising at half resolution, with a noise level', { scale: 1, half: true, strength: true, layers: 3 }],
];

describe('a tiled result is bit-identical to the untiled one', () => {
  test.each(nets)('%s', async (_, options) => {
    const bytes = pictureNet(options);
    const manifest = pictureManifest(bytes, options);
    const model = pictureModel(options.scale === 1 ? 'denoise' : 'upscale', { manifest, path: '', sha256: '' });
    const tools = await toolsFor(bytes, model);
    const run = async (plane: Plane, width: number, height: number, tileSize: number): Promise<Plane> => {
      const source = { width, height, codes: codeRange('limited', 8) };
      const { scale } = model.manifest;
      const target = { width: width * scale, height: height * scale, codes: codeRange('limited', 16) };
      const request = { task: 'luma', model, plane, source, target, strength: 0.4 } as const;
      const reply = await runTask(request, tools(tileSize));
      if (!('plane' in reply)) throw new Error('no plane');
      return reply.plane;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer(),
        async (width, height, tileSize, seed) => {
          let state = seed;
          const plane = Uint8Array.from(
            { length: width * height },
            () => (state = Math.imul(state, 48271) + 11) >>> 24,
          );
          const whole = await run(plane, width, height, 10_000);
          expect(whole).toHaveLength(width * height * options.scale ** 2);
          expect(await run(plane, width, height, tileSize)).toEqual(whole);
        },
      ),
      { numRuns: 12 },
    );
  });
});

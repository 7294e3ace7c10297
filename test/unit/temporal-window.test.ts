import fc from 'fast-check';
import { expect, test } from 'vitest';
import { overWindow, type WindowWork } from '../../src/temporal/window.ts';
import { contextOf, formatOf, frameOf, shotsOf, streamOf } from './temporal-scenes.ts';

/** What is kept of a frame in this test: whether it may still be looked at. */
interface Item {
  readonly index: number;
  dropped: boolean;
}

test('an item is dropped once, after the last result that it went into, however long each takes and wherever it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 14 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 4 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 13 }), { maxLength: 3 }),
      fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
      fc.option(fc.integer({ min: 0, max: 13 }), { nil: undefined }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 14 }),
      async (count, radius, ahead, cuts, failAt, stopAt, delays) => {
        const shots = shotsOf([0, ...cuts.filter((cut) => cut < count).sort((a, b) => a - b)], count);
        const frames = Array.from({ length: count }, (_, t) => frameOf(t, formatOf(8, 8), () => 0.5));
        const items: Item[] = [];
        const work: WindowWork<Item> = {
          ahead,
          prepare: ({ index }) => {
            const item = { index, dropped: false };
            items.push(item);
            return item;
          },
          fits: () => true,
          finish: async (frame, around, middle) => {
            for (let turn = delays[frame.index % delays.length] ?? 0; turn > 0; turn--) await new Promise(setImmediate);
            expect(around[middle]!.index).toBe(frame.index);
            expect(around.every(({ dropped }) => !dropped)).toBe(true);
            if (frame.index === failAt) throw new Error('made to fail');
            return frame;
          },
          drop: (item) => {
            expect(item.dropped).toBe(false);
            item.dropped = true;
          },
        };
        const seen: number[] = [];
        try {
          for await (const frame of overWindow(streamOf(frames), radius, work, contextOf(shots))) {
            seen.push(frame.index);
            frame.dispose();
            if (frame.index === stopAt) break;
          }
        } catch (error) {
          expect((error as Error).message).toBe('made to fail');
        }
        expect(seen).toEqual(Array.from(seen, (_, i) => i));
        expect(items.every(({ dropped }) => dropped)).toBe(true);
        // Whoever took a frame gave it back, and nobody took more than was asked for.
        expect(frames.filter(({ disposals }) => disposals.count > 0)).toHaveLength(items.length);
      },
    ),
    { numRuns: 150 },
  );
});

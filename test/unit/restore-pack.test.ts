import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Plane } from '../../src/core/frame.ts';
import { runPack, runUnpack } from '../../src/restore/tasks/pack.ts';

const content = fc
  .record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 30 }),
    wide: fc.boolean(),
    seed: fc.integer(),
    floats: fc.array(fc.float32Array({ maxLength: 9 }), { maxLength: 3 }),
  })
  .map(({ width, height, wide, seed, floats }) => {
    let state = seed;
    const next = (): number => (state = Math.imul(state, 48271) + 11) >>> 16;
    // Extremes next to each other: differences that need one more bit than a sample has.
    const value = (): number => [0, 65535, next(), 512][next() % 4] ?? 0;
    const plane: Plane = wide ? new Uint16Array(width * height) : new Uint8Array(width * height);
    return { planes: [{ width, plane: plane.map(value) }], floats };
  });

test('what is packed comes back, sample for sample', () => {
  fc.assert(
    fc.property(content, (content) => {
      const { bytes } = runPack({ task: 'pack', label: 'film 7', content });
      expect(runUnpack({ task: 'unpack', label: 'film 7', bytes }).content).toEqual(content);
    }),
    { numRuns: 200 },
  );
});

test('damage anywhere, and the bytes of another frame, are noticed', () => {
  const plane = Uint16Array.from({ length: 600 }, (_, i) => 400 + (i % 30));
  const { bytes } = runPack({ task: 'pack', label: 'film 7', content: { planes: [{ width: 30, plane }], floats: [] } });
  expect(runUnpack({ task: 'unpack', label: 'film 8', bytes }).content).toBeUndefined();
  expect(runUnpack({ task: 'unpack', label: 'film 7', bytes: bytes.slice(0, -9) }).content).toBeUndefined();
  for (let at = 10; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at]! ^= 16;
    expect(runUnpack({ task: 'unpack', label: 'film 7', bytes: damaged }).content).toBeUndefined();
  }
});

test('a soft picture takes far fewer bytes', () => {
  const plane = Uint16Array.from({ length: 20_000 }, (_, i) => 400 + 200 * Math.sin((i % 200) / 40));
  const { bytes } = runPack({ task: 'pack', label: '', content: { planes: [{ width: 200, plane }], floats: [] } });
  expect(bytes.length).toBeLessThan(20_000 / 2);
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { dataPath } from '../../bench/common/data.ts';
import { codeRange } from '../../src/core/color.ts';
import { findReference } from '../../src/restore/backends/index.ts';
import { chooseDevices, openEngine, resolveModel, type Engine } from '../../src/restore/index.ts';
import { halve } from '../../src/restore/models/halve.ts';
import { feedsFor, interfaceOf } from '../../src/restore/models/interface.ts';
import type { ResolvedModel } from '../../src/restore/models/schema.ts';
import { pictureModel } from '../../src/restore/stages/environment.ts';
import { externalTensor, node, onnxModel } from '../fixtures/models/onnx.ts';
import {
  nanNet,
  pictureManifest,
  pictureNet,
  repeatNet,
  writeModel,
  type NetOptions,
} from '../fixtures/models/nets.ts';

// Networks in 16-bit floats. Engines run worker threads: the compiled files must be there (npm run build).

/** A multiple of what every network asks for. */
const SIDE = 48;

/** What a network makes of a fixed picture on the CPU, which computes half floats as what they stand for. */
async function resultOf({ manifest }: ResolvedModel, bytes: Uint8Array): Promise<Float32Array> {
  const { backend, kind } = findReference('onnx');
  const session = await backend.open({ bytes, shape: interfaceOf(manifest) }, { device: kind.id, threads: 1 });
  const length = interfaceOf(manifest).channelsIn * SIDE * SIDE;
  const picture = Float32Array.from({ length }, (_, i) => 0.5 + 0.4 * Math.sin(i / 7) * Math.cos(i / 97));
  const results = await session.run(feedsFor(manifest, picture, { width: SIDE, height: SIDE }, 0.5));
  await session.close();
  const { data } = results[interfaceOf(manifest).output]!;
  return Float32Array.from(data);
}

async function expectAlike(model: ResolvedModel, within: number): Promise<void> {
  const bytes = readFileSync(model.path);
  const halved = halve(bytes);
  expect(halved).toBeDefined();
  const [expected, actual] = [await resultOf(model, bytes), await resultOf(model, halved!)];
  expect(actual).toHaveLength(expected.length);
  const largest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
  expect(largest).toBeLessThan(within);
}

describe('a network in 16-bit floats', () => {
  test.each<[string, NetOptions]>([
    ['one that enlarges', { scale: 3, width: 16, layers: 4 }],
    ['one with a noise level', { scale: 2, width: 16, layers: 2, strength: true }],
    ['one at half resolution', { scale: 1, width: 16, layers: 2, half: true }],
    ['one for RGB', { scale: 2, width: 8, layers: 2, channels: 3 }],
  ])('gives nearly the same: %s', async (_, options) => {
    const bytes = pictureNet(options);
    const kind = options.scale === 1 ? 'denoise' : 'upscale';
    await expectAlike(await resolveModel(kind, writeModel(bytes, pictureManifest(bytes, options))), 1e-3);
  });

  test('is half the size, and a network of this package stays within its tolerance', async () => {
    for (const id of ['luma-x2-fast', 'luma-x4-fast']) {
      const model = await resolveModel('upscale', id);
      expect(halve(readFileSync(model.path))!.length).toBeLessThan(0.55 * model.manifest.sizeBytes);
      await expectAlike(model, model.manifest.tolerance);
    }
  });

  const general = dataPath('models', 'realesr-general-x4v3.onnx') ?? '';
  test.skipIf(general === '')('gives nearly the same: realesr-general-x4v3 (needs RESTORE_DATA)', async () => {
    await expectAlike(await resolveModel('upscale', general), 2e-3);
  });

  test('is not made where there are no convolutions, or they are computed in 16 bits already', () => {
    expect(halve(nanNet())).toBeUndefined();
    expect(halve(halve(pictureNet({ scale: 2 }))!)).toBeUndefined();
  });

  test('takes weights that are kept in 16 bits as they are', async () => {
    const colorizer = await resolveModel('colorize', 'colorize');
    const [kept, halved] = [readFileSync(colorizer.path), halve(readFileSync(colorizer.path))!];
    expect(halved.length).toBeLessThan(1.01 * kept.length);
    const casts = (bytes: Uint8Array): number => Buffer.from(bytes).toString('latin1').split('Cast').length;
    expect(casts(halved)).toBeLessThan(casts(kept));
    // Logits, which go to some tens.
    await expectAlike(colorizer, 0.05);
    for (const id of ['old-x2', 'old-x2-crisp', 'old-x4-crisp', 'old-x4']) {
      const model = await resolveModel('upscale', id);
      await expectAlike(model, model.manifest.tolerance);
    }
  });

  test('leaves weights in other files where they are, and casts them', () => {
    const dims = [4, 1, 3, 3];
    const bytes = onnxModel({
      inputs: { x: ['N', 1, 'H', 'W'] },
      outputs: { y: ['N', 4, 'outH', 'outW'] },
      constants: [externalTensor('w', dims, 'weights.bin', 0)],
      nodes: [node('Conv', ['x', 'w'], 'y', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })],
    });
    const text = Buffer.from(halve(bytes)!).toString('latin1');
    expect(text).toContain('weights.bin');
    expect(text.split('Cast')).toHaveLength(4);
  });

  test('throws for a file that is cut off', () => {
    const bytes = pictureNet({ scale: 2 });
    expect(() => halve(bytes.subarray(0, bytes.length - 5))).toThrow('ends too early');
  });
});

describe('--precision', () => {
  const faulty = (habit: string): string =>
    `${pathToFileURL(path.join(import.meta.dirname, '../fixtures/backends/faulty.js')).href}?trust=compared&${habit}`;
  const opened: Engine[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((engine) => engine.close()));
  });

  async function run(habit: string, precision: 'auto' | 'fp32' | 'fp16'): Promise<string[]> {
    const bytes = repeatNet(2);
    const found = await resolveModel('upscale', writeModel(bytes, pictureManifest(bytes, { scale: 2 })));
    const model = pictureModel('upscale', found);
    const signal = new AbortController().signal;
    const engine = await openEngine({
      ...{ device: 'faulty', workers: 1, precision, signal },
      backendModules: [faulty(habit)],
    });
    opened.push(engine);
    const warnings: string[] = [];
    const codes = codeRange('limited', 8);
    const { plane } = await engine.run(
      () => ({
        task: 'luma',
        model,
        plane: Uint8Array.of(16, 100, 180, 235),
        source: { width: 2, height: 2, codes },
        target: { width: 4, height: 4, codes },
        strength: 0,
      }),
      { signal, order: 0, warn: (message) => warnings.push(message) },
    );
    expect([...plane]).toEqual([16, 16, 100, 100, 16, 16, 100, 100, 180, 180, 235, 235, 180, 180, 235, 235]);
    expect(engine.devices).toEqual(['faulty']);
    return warnings;
  }

  test('fp16 is taken where the result stays within the tolerance', async () => {
    expect(await run('fault=none', 'fp16')).toEqual([]);
  });

  test.each(['half', 'no-half'])('fp16 goes back to 32 bits, with a word, where it does not (%s)', async (fault) => {
    const warnings = await run(`fault=${fault}`, 'fp16');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^fixture computes in 32-bit floats on faulty\. .*\.$/);
  });

  test.each(['auto', 'fp32'] as const)('%s does not try what was not measured to be faster', async (precision) => {
    expect(await run('fault=half', precision)).toEqual([]);
  });

  test('the CPU stays with 32 bits and says so', async () => {
    const { notes } = await chooseDevices({ device: 'cpu', precision: 'fp16' }, []);
    expect(notes).toEqual(['The CPU computes in 32-bit floats: --precision fp16 is for GPUs.']);
  });
});

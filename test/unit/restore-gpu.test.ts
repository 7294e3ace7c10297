import { afterAll, describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import type { Precision } from '../../src/core/plan.ts';
import { openEngine, resolveModel, type Engine } from '../../src/restore/index.ts';
import { pictureModel, type PictureModel } from '../../src/restore/stages/environment.ts';
import { pictureManifest, pictureNet, writeModel } from '../fixtures/models/nets.ts';

// Frames of a film on GPU devices, beside the CPU. `npm run test:gpu` names the devices; the compiled files must be there.

const devices = (process.env['RESTORE_TEST_DEVICES'] ?? '').split(',').filter((id) => id !== '');
const named = devices.length > 0 ? devices : ['GPUs (npm run test:gpu names those that are here)'];
const options = { scale: 2, width: 8, layers: 2 };
const [width, height] = [61, 47];
const plane = Uint8Array.from({ length: width * height }, (_, i) => 16 + ((i * 37 + (i >> 3) * 11) % 220));

const opened: Engine[] = [];
afterAll(async () => {
  await Promise.all(opened.map((engine) => engine.close()));
});

async function modelFile(): Promise<PictureModel> {
  const bytes = pictureNet(options);
  return pictureModel('upscale', await resolveModel('upscale', writeModel(bytes, pictureManifest(bytes, options))));
}

/** Frames whose samples all differ, through an engine on some devices. */
async function frames(device: string, count: number, precision: Precision = 'fp32'): Promise<readonly Uint16Array[]> {
  const engine = await openEngine({ device, precision, workers: 1, signal: new AbortController().signal });
  opened.push(engine);
  const model = await modelFile();
  const warnings: string[] = [];
  const replies = Array.from({ length: count }, (_, order) =>
    engine.run(
      () => ({
        task: 'luma' as const,
        model,
        plane: plane.map((value) => value - (order % 16)),
        source: { width, height, codes: codeRange('limited', 8) },
        target: { width: width * 2, height: height * 2, codes: codeRange('limited', 10) },
        strength: 0,
      }),
      { signal: new AbortController().signal, order, warn: (message) => void warnings.push(message) },
    ),
  );
  const planes = (await Promise.all(replies)).map(({ plane: result }) => result as Uint16Array);
  // A dropped device would leave the CPU's frames to be compared with themselves.
  expect(engine.devices).toEqual(device.split(','));
  // Not every GPU has 16-bit floats; what goes on in 32 bits says so.
  expect(warnings.filter((text) => precision !== 'fp16' || !text.includes('computes in 32-bit floats'))).toEqual([]);
  return planes;
}

describe.skipIf(devices.length === 0).each(named)('on %s', (device) => {
  test.each([device, `cpu,${device}`])('frames of --device %s are those of the CPU', async (list) => {
    const [expected, actual] = [await frames('cpu', 6), await frames(list, 6)];
    for (const [i, frame] of actual.entries()) {
      const largest = frame.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[i]![at]!)), 0);
      // One step of ten bits: a result that differs by a millionth may be rounded to either side.
      expect(largest).toBeLessThanOrEqual(1);
    }
  });

  test('frames in 16-bit floats stay within the tolerance', async () => {
    const [expected, actual] = [await frames('cpu', 2), await frames(device, 2, 'fp16')];
    for (const [i, frame] of actual.entries()) {
      const largest = frame.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[i]![at]!)), 0);
      // The fixture's tolerance is 1e-4 of the range, checked on one tile; three codes of 876 leave room for others.
      expect(largest).toBeLessThanOrEqual(3);
    }
  });
});

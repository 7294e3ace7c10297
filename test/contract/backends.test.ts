import { describe, expect, test } from 'vitest';
import {
  backends,
  findReference,
  listDevices,
  type InferenceBackend,
  type ModelFormat,
  type ModelSource,
  type TensorValue,
} from '../../src/restore/backends/index.ts';
import { RestorationError } from '../../src/core/errors.ts';
import { pictureNet, repeatNet } from '../fixtures/models/nets.ts';
import { tfjsFromOnnx } from '../fixtures/models/onnx-to-tfjs.ts';

// What every inference backend promises, for every device that works on this machine.

const devices = await listDevices();

/** The same network in whatever format a backend reads. */
function sourceOf(format: ModelFormat, onnx: Uint8Array, scale: number, channels = 1): ModelSource {
  const shape = { input: 'x', output: 'y', channelsIn: channels, channelsOut: channels, scale };
  if (format === 'onnx') return { format, bytes: onnx, shape };
  const { json, shards } = tfjsFromOnnx(onnx);
  return { format, bytes: json, shards, shape };
}

const formatOf = ({ formats }: InferenceBackend): ModelFormat => formats[0]!;

const ramp = (height: number, width: number, channels = 1): TensorValue => ({
  type: 'float32',
  dims: [1, channels, height, width],
  data: Float32Array.from({ length: channels * width * height }, (_, i) => i / (channels * width * height)),
});

const largestDifference = (one: TensorValue, other: TensorValue): number =>
  Math.max(...Array.from(one.data, (value, i) => Math.abs(value - other.data[i]!)));

test('device ids are unique and every listed one says why it is not available', () => {
  const ids = devices.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(backends.flatMap(({ kinds }) => kinds.map(({ id }) => id)));
  for (const device of devices) {
    if (device.available) continue;
    expect(device.reason, device.id).toMatch(/\.$/);
    expect(device.hint, device.id).toMatch(/\S/);
  }
});

test('each format has exactly one reference, and it works', () => {
  const references = backends.flatMap(({ kinds, formats }) =>
    kinds.filter(({ trust }) => trust === 'reference').map(({ id }) => [id, ...formats]),
  );
  expect(references).toEqual([
    ['cpu', 'onnx'],
    ['tfjs-wasm', 'tfjs'],
  ]);
  for (const [id] of references) expect(devices.find((device) => device.id === id)?.available, id).toBe(true);
});

/** `npm run test:gpu` names what must not be skipped. */
const required = (process.env['RESTORE_TEST_DEVICES'] ?? '').split(',').filter((id) => id !== '');
test.skipIf(required.length === 0)('the devices that have to be here are', () => {
  for (const id of required) expect(devices.find((device) => device.id === id)).toMatchObject({ id, available: true });
});

for (const backend of backends) {
  for (const { id: device, trust } of backend.kinds) {
    const info = devices.find(({ id }) => id === device);
    const usable = info?.available === true;
    describe.skipIf(!usable)(`${backend.id} on ${device}${usable ? '' : ` (not here: ${info?.reason ?? ''})`}`, () => {
      const options = { device, threads: 1 };
      const format = formatOf(backend);
      const repeatSource = (scale: number): ModelSource => sourceOf(format, repeatNet(scale), scale);

      test('tells names and shapes of inputs and outputs', async () => {
        const session = await backend.open(repeatSource(2), options);
        expect(session.inputs.map(({ name, type }) => ({ name, type }))).toEqual([{ name: 'x', type: 'float32' }]);
        expect(session.outputs.map(({ name, type }) => ({ name, type }))).toEqual([{ name: 'y', type: 'float32' }]);
        expect(session.inputs[0]!.shape[1]).toBe(1);
        await session.close();
      });

      test('computes sizes that change from run to run', async () => {
        const session = await backend.open(repeatSource(3), options);
        for (const [height, width] of [
          [4, 5],
          [7, 2],
          [4, 5],
        ] as const) {
          const input = ramp(height, width);
          const { y } = await session.run({ x: input });
          expect(y!.dims).toEqual([1, 1, height * 3, width * 3]);
          const expected = Array.from({ length: 9 * height * width }, (_, i) => {
            const [row, column] = [Math.floor(i / (width * 3)), i % (width * 3)];
            return input.data[Math.floor(row / 3) * width + Math.floor(column / 3)]!;
          });
          expect(Math.max(...expected.map((value, i) => Math.abs(value - y!.data[i]!)))).toBeLessThan(1e-3);
        }
        await session.close();
      });

      test('writes to memory that the caller gives', async () => {
        const session = await backend.open(repeatSource(2), options);
        const into: TensorValue = { type: 'float32', dims: [1, 1, 6, 8], data: new Float32Array(48) };
        const { y } = await session.run({ x: ramp(3, 4) }, { y: into });
        expect(y!.data).toBe(into.data);
        expect(into.data[47]).toBeCloseTo(11 / 12, 3);
        await session.close();
      });

      test('leaves its input as it is', async () => {
        const session = await backend.open(repeatSource(2), options);
        const input = ramp(4, 4);
        const before = input.data.slice();
        await session.run({ x: input });
        expect(input.data).toEqual(before);
        await session.close();
      });

      test('holds two sessions side by side and gives the same result twice', async () => {
        const [one, two] = [await backend.open(repeatSource(2), options), await backend.open(repeatSource(4), options)];
        const [first, , third] = [
          await one.run({ x: ramp(5, 5) }),
          await two.run({ x: ramp(5, 5) }),
          await one.run({ x: ramp(5, 5) }),
        ];
        expect(first['y']!.data).toEqual(third['y']!.data);
        await Promise.all([one.close(), two.close()]);
      });

      test('rejects a missing input, and any run after close', async () => {
        const session = await backend.open(repeatSource(2), options);
        await expect(session.run({ wrong: ramp(3, 3) })).rejects.toThrow();
        await session.close();
        await expect(session.run({ x: ramp(3, 3) })).rejects.toThrow();
      });

      test('has no device of another name', async () => {
        await expect(backend.open(repeatSource(2), { ...options, device: 'abacus' })).rejects.toMatchObject({
          code: 'DEVICE_UNAVAILABLE',
        });
        expect(await backend.inspect('abacus')).toMatchObject({ available: false });
      });

      test.skipIf(trust === 'unchecked')('says that bytes are no model', async () => {
        const source = { ...repeatSource(2), bytes: new TextEncoder().encode('not a model') };
        const error: unknown = await backend.open(source, options).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(RestorationError);
        expect(error).toMatchObject({ code: 'MODEL_INVALID' });
        const { bytes, shards = [], ...rest } = sourceOf(format, pictureNet({ scale: 2 }), 2);
        for (const cut of [{ bytes: bytes.subarray(0, 500), shards }, ...(shards.length > 0 ? [{ bytes }] : [])]) {
          await expect(backend.open({ ...rest, ...cut }, options)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
        }
      });

      // Whatever its format, a network means what it means in ONNX on the CPU.
      test.skipIf(trust === 'unchecked' || device === 'cpu').each([1, 3] as const)(
        'agrees with the CPU on pictures of %i channels',
        async (channels) => {
          const net = pictureNet({ scale: 2, width: 16, layers: 4, channels });
          const ours = await backend.open(sourceOf(format, net, 2, channels), options);
          const { backend: reference, kind } = findReference('onnx');
          const theirs = await reference.open(sourceOf('onnx', net, 2, channels), { device: kind.id, threads: 1 });
          const [actual, expected] = [
            await ours.run({ x: ramp(40, 30, channels) }),
            await theirs.run({ x: ramp(40, 30, channels) }),
          ];
          expect(actual['y']!.dims).toEqual(expected['y']!.dims);
          expect(largestDifference(actual['y']!, expected['y']!)).toBeLessThan(1e-3);
          await Promise.all([ours.close(), theirs.close()]);
        },
      );
    });
  }
}

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import { chooseDevices, openEngine, resolveModel, type Engine } from '../../src/restore/index.ts';
import { findDevice } from '../../src/restore/backends/index.ts';
import { pictureModel } from '../../src/restore/stages/environment.ts';
import { pictureManifest, pictureNet, writeModel } from '../fixtures/models/nets.ts';
import { tfjsFromOnnx, writeTfjs } from '../fixtures/models/onnx-to-tfjs.ts';

// TensorFlow.js models as users have them: folders. Runs real worker threads: the compiled files must be there.

const options = { scale: 2, width: 8, layers: 3 };
const net = pictureNet(options);
const newFolder = (): string => join(mkdtempSync(join(tmpdir(), 'restore-tfjs-')), 'my-net');
const writeNet = (onnx = net): string => writeTfjs(tfjsFromOnnx(onnx), newFolder());

const opened: Engine[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

/** A layers model as Keras would write it: one transposed convolution that repeats every pixel twice. */
function writeLayers(): string {
  const layer = (class_name: string, config: object, inbound: unknown[]): object => ({
    class_name,
    name: class_name.toLowerCase(),
    config: { name: class_name.toLowerCase(), ...config },
    inbound_nodes: inbound,
  });
  const model = {
    format: 'layers-model',
    modelTopology: {
      model_config: {
        class_name: 'Functional',
        config: {
          name: 'twice',
          layers: [
            layer('InputLayer', { batch_input_shape: [null, null, null, 1], dtype: 'float32' }, []),
            layer(
              'Conv2DTranspose',
              {
                filters: 1,
                kernel_size: [2, 2],
                strides: [2, 2],
                padding: 'valid',
                activation: 'linear',
                use_bias: false,
              },
              [[['inputlayer', 0, 0, {}]]],
            ),
          ],
          input_layers: [['inputlayer', 0, 0]],
          output_layers: [['conv2dtranspose', 0, 0]],
        },
      },
    },
    weightsManifest: [
      { paths: ['w.bin'], weights: [{ name: 'conv2dtranspose/kernel', shape: [2, 2, 1, 1], dtype: 'float32' }] },
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), 'restore-tfjs-layers-'));
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  writeFileSync(join(folder, 'w.bin'), new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer));
  return folder;
}

describe('a folder', () => {
  test('is found by its name or that of its model.json, and looked at as an ONNX file is', async () => {
    const folder = writeNet();
    const onnx = await resolveModel('upscale', writeModel(net));
    for (const name of [folder, join(folder, 'model.json')]) {
      const { manifest, path, sha256 } = await resolveModel('upscale', name);
      expect(path).toBe(join(folder, 'model.json'));
      expect(manifest).toMatchObject({ id: 'my-net', kind: 'upscale', adapter: 'luma-sr', scale: 2, sizeMultiple: 1 });
      expect(manifest).toMatchObject({ receptiveField: (onnx.manifest as { receptiveField: number }).receptiveField });
      expect(sha256).not.toBe(onnx.sha256);
    }
  });

  test('with RGB pictures is an RGB model', async () => {
    const { manifest } = await resolveModel('upscale', writeNet(pictureNet({ scale: 2, channels: 3 })));
    expect(manifest).toMatchObject({ adapter: 'rgb-sr', scale: 2 });
  });

  test('may hold a manifest', async () => {
    const folder = writeNet(pictureNet({ scale: 1 }));
    const { sha256, manifest: found } = await resolveModel('denoise', folder);
    expect(found).toMatchObject({ id: 'my-net', adapter: 'luma-denoise' });
    const manifest = { ...pictureManifest(net, { scale: 1 }), id: 'mine', file: 'model.json', sha256 };
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
    expect((await resolveModel('denoise', folder)).manifest.id).toBe('mine');
  });

  test.each([
    ['weights that are cut', (folder: string) => writeFileSync(join(folder, 'shard2.bin'), new Uint8Array(8))],
    ['JSON that is something else', (folder: string) => writeFileSync(join(folder, 'model.json'), '{"a": 1}')],
    [
      'a weight file outside of it',
      (folder: string) =>
        writeFileSync(
          join(folder, 'model.json'),
          JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['../../secret.bin'], weights: [] }] }),
        ),
    ],
    [
      'a weight file that is missing',
      (folder: string) =>
        writeFileSync(
          join(folder, 'model.json'),
          JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['none.bin'], weights: [] }] }),
        ),
    ],
  ])('with %s is refused', async (_, damage) => {
    const folder = writeNet();
    damage(folder);
    await expect(resolveModel('upscale', folder)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  test('without a model.json is no model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'restore-tfjs-none-'));
    await expect(resolveModel('upscale', folder)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });
});

test('layers models run as graph models do', async () => {
  const { manifest, path } = await resolveModel('upscale', writeLayers());
  expect(manifest).toMatchObject({ adapter: 'luma-sr', scale: 2 });
  expect(path).toMatch(/model\.json$/);
});

/** One frame through a model on a device. */
async function frameOf(device: string, file: string): Promise<Uint16Array> {
  const engine = await openEngine({ device, workers: 1, signal: new AbortController().signal });
  opened.push(engine);
  const model = pictureModel('upscale', await resolveModel('upscale', file));
  const [width, height] = [50, 34];
  const plane = Uint8Array.from({ length: width * height }, (_, i) => 16 + ((i * 37 + (i >> 3) * 11) % 220));
  const { plane: result } = await engine.run(
    () => ({
      task: 'luma' as const,
      model,
      plane: plane.slice(),
      source: { width, height, codes: codeRange('limited', 8) },
      target: { width: width * 2, height: height * 2, codes: codeRange('limited', 10) },
      strength: 0,
    }),
    { signal: new AbortController().signal, order: 0, warn: (message) => expect.fail(message) },
  );
  return result as Uint16Array;
}

test('the same network gives the same frame in both formats', async () => {
  const [onnx, tfjs] = [await frameOf('cpu', writeModel(net)), await frameOf('tfjs-wasm', writeNet())];
  const largest = onnx.reduce((most, value, i) => Math.max(most, Math.abs(value - tfjs[i]!)), 0);
  // One step of ten bits: what differs by a millionth may be rounded to either side.
  expect(largest).toBeLessThanOrEqual(1);
});

describe('the choice of the backend', () => {
  test('tfjs takes what is installed', async () => {
    const model = await resolveModel('upscale', writeNet());
    expect(await chooseDevices({ backend: 'tfjs' }, [model])).toEqual({ device: 'tfjs-wasm', notes: [] });
  });

  test('ONNX networks of the same run stay on the CPU, and the user is told', async () => {
    const [denoise, upscale] = [await resolveModel('denoise'), await resolveModel('upscale', writeNet())];
    const { notes } = await chooseDevices({ backend: 'tfjs' }, [denoise, upscale]);
    expect(notes).toEqual(['denoise is an ONNX model: it runs on cpu beside tfjs-wasm.']);
  });

  test('a TensorFlow.js model is refused without it, with what to do', async () => {
    const model = await resolveModel('upscale', writeNet());
    await expect(chooseDevices({}, [model])).rejects.toMatchObject({ code: 'USAGE', hint: 'Add --backend tfjs.' });
  });

  test('a run without a TensorFlow.js model is refused with it', async () => {
    const model = await resolveModel('upscale', 'luma-x2-fast');
    await expect(chooseDevices({ backend: 'tfjs' }, [model])).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('a device of the other backend contradicts it', async () => {
    await expect(chooseDevices({ backend: 'tfjs', device: 'cpu' }, [])).rejects.toMatchObject({ code: 'USAGE' });
  });
});

test.each(['tfjs-node', 'tfjs-node-gpu'])('where %s is not installed, the command that adds it is said', async (id) => {
  const info = await findDevice(id).backend.inspect(id);
  if (info.available) return;
  expect(info.hint).toContain(`npm install --no-save @tensorflow/${id}@`);
});

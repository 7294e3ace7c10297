import { describe, expect, test } from 'vitest';
import { findDevice, type InferenceSession, type TensorValue } from '../../src/restore/backends/index.ts';
import { listModels, resolveModel, type ModelManifest } from '../../src/restore/index.ts';
import { interfaceOf } from '../../src/restore/models/interface.ts';
import { readBytes } from '../../src/platform/files.ts';

// What every model of the package promises in its manifest, checked on the reference device.

const models = await listModels();

async function open(model: ModelManifest): Promise<InferenceSession> {
  const { path, manifest } = await resolveModel(model.kind, model.id);
  const source = { bytes: await readBytes(path), shape: interfaceOf(manifest) };
  return findDevice('cpu').backend.open(source, { device: 'cpu', threads: 1 });
}

async function run(session: InferenceSession, model: ModelManifest, input: TensorValue): Promise<TensorValue> {
  const feeds: Record<string, TensorValue> = { [model.input.name]: input };
  if (model.input.strengthName !== undefined) {
    feeds[model.input.strengthName] = { type: 'float32', dims: [1], data: Float32Array.of(0.5) };
  }
  const result = (await session.run(feeds))[model.output.name];
  if (!result) throw new Error(`no output ${model.output.name}`);
  return result;
}

function gray(channels: number, width: number, height: number, corner = 0.5): TensorValue {
  const data = Float32Array.from({ length: channels * width * height }, (_, i) => 0.5 + 0.2 * Math.sin(i * 1.7));
  data[0] = corner;
  return { type: 'float32', dims: [1, channels, height, width], data };
}

test('there is a model for each stage', () => {
  expect(new Set(models.map(({ kind }) => kind))).toEqual(new Set(['upscale', 'denoise', 'colorize']));
  for (const model of models) expect(model.id).toBe(model.file.replace(/\.onnx$/, ''));
});

describe.each(models.map((model) => [model.id, model] as const))('%s', (_, model) => {
  test('has the weights that its manifest names', async () => {
    const { sha256, path } = await resolveModel(model.kind, model.id);
    expect(sha256).toBe(model.sha256);
    expect((await readBytes(path)).length).toBe(model.sizeBytes);
  });

  test('has the inputs and outputs, and gives the sizes, that its manifest names', async () => {
    const session = await open(model);
    const names = [model.input.name, model.input.strengthName].filter((name) => name !== undefined);
    expect(session.inputs.map(({ name }) => name).sort()).toEqual(names.sort());
    const { channelsIn, channelsOut, scale } = interfaceOf(model);
    const [width, height] = [6 * model.sizeMultiple, 4 * model.sizeMultiple];
    const result = await run(session, model, gray(channelsIn, width, height));
    expect(result.dims).toEqual([1, channelsOut, height * scale, width * scale]);
    expect(result.data.every(Number.isFinite)).toBe(true);
    await session.close();
  });

  test.skipIf(model.kind === 'colorize')('looks no farther than its receptive field', async () => {
    if (model.kind === 'colorize') return;
    const session = await open(model);
    const { receptiveField, sizeMultiple, scale } = model;
    const side = Math.ceil((2 * receptiveField + 8) / sizeMultiple) * sizeMultiple;
    const { channelsIn } = interfaceOf(model);
    const before = await run(session, model, gray(channelsIn, side, side, 0.1));
    const after = await run(session, model, gray(channelsIn, side, side, 0.9));
    let reach = 0;
    before.data.forEach((value, i) => {
      if (value !== after.data[i])
        reach = Math.max(reach, i % (side * scale), Math.floor(i / (side * scale)) % (side * scale));
    });
    // A halo of r pixels on tiles that start at multiples covers what lies up to r + multiple - 1 away.
    expect(reach).toBeLessThan((receptiveField + sizeMultiple) * scale);
    await session.close();
  });
});

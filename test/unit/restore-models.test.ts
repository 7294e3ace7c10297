import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeModel, listModels, resolveModel } from '../../src/restore/index.ts';
import { colorNet, nanNet, pictureManifest, pictureNet, repeatNet, writeModel } from '../fixtures/models/nets.ts';
import { node, onnxModel, tensor } from '../fixtures/models/onnx.ts';

function family(): string {
  const bytes = [2, 4].map((scale) => ({ scale, bytes: repeatNet(scale) }));
  const path = writeModel(bytes[0]!.bytes, { ...pictureManifest(bytes[0]!.bytes, { scale: 2 }), file: 'a.onnx' });
  for (const { scale, bytes: weights } of bytes) {
    const id = `tiny-x${scale}-fast`;
    const manifest = { ...pictureManifest(weights, { scale }), id, file: `${id}.onnx` };
    writeFileSync(join(dirname(path), manifest.file), weights);
    writeFileSync(join(dirname(path), `${id}.json`), JSON.stringify(manifest));
  }
  return dirname(path);
}

describe('finding a model', () => {
  test('by id, and by family and scale', async () => {
    const folder = family();
    const find = async (name: string, scale?: number): Promise<string> =>
      (await resolveModel('upscale', name, { folder, ...(scale === undefined ? {} : { scale }) })).manifest.id;
    expect(await find('tiny-x2-fast', 4)).toBe('tiny-x2-fast');
    expect(await find('tiny-fast', 2)).toBe('tiny-x2-fast');
    expect(await find('tiny-fast', 3)).toBe('tiny-x4-fast');
    expect(await find('tiny-fast', 8)).toBe('tiny-x4-fast');
    expect((await listModels(folder)).map(({ id }) => id)).toEqual(['fixture', 'tiny-x2-fast', 'tiny-x4-fast']);
  });

  test('an unknown one is refused with those that there are', async () => {
    await expect(resolveModel('upscale', 'nonsense', { folder: family() })).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      hint: expect.stringContaining('tiny-x4-fast') as string,
    });
    await expect(resolveModel('upscale', '/nowhere/my.onnx')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  test('each kind has a default', async () => {
    for (const kind of ['upscale', 'denoise', 'colorize'] as const) {
      expect((await resolveModel(kind)).manifest.kind).toBe(kind);
    }
  });

  test('damaged or missing weights are refused', async () => {
    const bytes = repeatNet(2);
    const path = writeModel(bytes, pictureManifest(bytes, { scale: 2 }));
    writeFileSync(path, bytes.subarray(1));
    await expect(resolveModel('upscale', path)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const missing = writeModel(bytes, { ...pictureManifest(bytes, { scale: 2 }), file: 'fixture.onnx' });
    writeFileSync(
      missing.replace('.onnx', '.json'),
      JSON.stringify({ ...pictureManifest(bytes, { scale: 2 }), file: 'other.onnx' }),
    );
    await expect(resolveModel('upscale', missing.replace('.onnx', '.json'))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
  });

  test('a manifest with a mistake is refused with its place', async () => {
    const bytes = repeatNet(2);
    const path = writeModel(bytes, pictureManifest(bytes, { scale: 2 }));
    const json = path.replace('.onnx', '.json');
    writeFileSync(json, JSON.stringify({ ...pictureManifest(bytes, { scale: 2 }), scale: 'two' }));
    await expect(resolveModel('upscale', path)).rejects.toThrow(/wrong at scale/);
    writeFileSync(json, '{');
    await expect(resolveModel('upscale', path)).rejects.toThrow(/not readable JSON/);
  });

  test('a model of another kind is refused', async () => {
    const options = { scale: 1, half: true };
    const bytes = pictureNet(options);
    const path = writeModel(bytes, pictureManifest(bytes, options));
    await expect(resolveModel('upscale', path)).rejects.toThrow(/is a model for denoise/);
  });
});

describe('a bare ONNX file', () => {
  const inspect = (bytes: Uint8Array): ReturnType<typeof resolveModel> => resolveModel('upscale', writeModel(bytes));

  test('of one channel is a luma network; scale and reach are found by trying it', async () => {
    const { manifest } = await inspect(pictureNet({ scale: 3, layers: 4 }));
    expect(manifest).toMatchObject({ adapter: 'luma-sr', scale: 3, sizeMultiple: 1 });
    expect(manifest).toMatchObject({ input: { name: 'x' }, output: { name: 'y' } });
    // Six 3 x 3 layers; the first sample that is not reached any more is the seventh.
    expect('receptiveField' in manifest && manifest.receptiveField).toBe(7);
  });

  test('of three channels is an RGB network', async () => {
    expect((await inspect(pictureNet({ scale: 2, channels: 3 }))).manifest).toMatchObject({
      adapter: 'rgb-sr',
      scale: 2,
    });
  });

  test('may need even sizes', async () => {
    expect((await inspect(pictureNet({ scale: 1, half: true }))).manifest).toMatchObject({ sizeMultiple: 2, scale: 1 });
  });

  const one = (shape: readonly (number | string)[]): Uint8Array =>
    onnxModel({ inputs: { x: shape }, outputs: { y: shape }, constants: [], nodes: [node('Relu', ['x'], 'y')] });
  const twoInputs = onnxModel({
    inputs: { a: ['N', 1, 'H', 'W'], b: ['N', 1, 'H', 'W'] },
    outputs: { y: ['N', 1, 'H', 'W'] },
    constants: [],
    nodes: [node('Add', ['a', 'b'], 'y')],
  });
  const unknownOperator = onnxModel({
    inputs: { x: ['N', 1, 'H', 'W'] },
    outputs: { y: ['N', 1, 'H', 'W'] },
    constants: [tensor('w', [1], [1])],
    nodes: [node('Teleport', ['x', 'w'], 'y')],
  });

  test.each([
    ['no model at all', new TextEncoder().encode('<html>not a model</html>'), /cannot read this model/],
    ['a truncated one', pictureNet({ scale: 2 }).subarray(0, 700), /cannot read this model/],
    ['an empty file', new Uint8Array(0), /cannot be used/],
    ['two inputs', twoInputs, /2 inputs instead of one/],
    ['four channels', one(['N', 4, 'H', 'W']), /4 channels instead of 1 or 3/],
    ['three dimensions', one(['C', 'H', 'W']), /four dimensions/],
    ['a fixed size', one([1, 1, 64, 64]), /one fixed size/],
    ['a colorizer', colorNet(8), /8 channels/],
    ['results that are no numbers', nanNet(), /not numbers/],
    ['an operator that does not exist', unknownOperator, /Teleport/],
  ])('is refused in one sentence: %s', async (_, bytes, message) => {
    const error: unknown = await inspect(bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('\n');
  });

  test('is refused for other stages, which need a manifest', async () => {
    await expect(resolveModel('colorize', writeModel(colorNet(4)))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('a description', () => {
  test('says what a model of the package does', async () => {
    const { text, manifest } = await describeModel('luma-x4-fast');
    expect(manifest.kind).toBe('upscale');
    expect(text).toMatch(/^enlarges luma 4 times \(luma-sr\)/);
    expect((await describeModel('colorize')).text).toMatch(/^gives color to luma/);
  });

  test('says what was found in a file', async () => {
    const { text, path } = await describeModel(writeModel(pictureNet({ scale: 2, channels: 3 })));
    expect(text).toMatch(/^enlarges RGB 2 times \(rgb-sr\)/);
    expect(path).toMatch(/model\.onnx$/);
  });

  test('of what does not exist is refused', async () => {
    await expect(describeModel('nonsense')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    await expect(describeModel('/nowhere/x.onnx')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });
});

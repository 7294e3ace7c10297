import { truncateSync, writeFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeModel, listModels, resolveModel } from '../../src/restore/index.ts';
import {
  colorNet,
  nanNet,
  pictureManifest,
  pictureNet,
  repeatNet,
  toneNet,
  writeModel,
} from '../fixtures/models/nets.ts';
import { externalTensor, node, onnxModel, tensor } from '../fixtures/models/onnx.ts';

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
    const path = writeModel(pictureNet({ scale: 1, half: true }));
    expect((await resolveModel('denoise', path)).manifest).toMatchObject({ sizeMultiple: 2, scale: 1 });
  });

  const one = (shape: readonly (number | string)[]): Uint8Array =>
    onnxModel({ inputs: { x: shape }, outputs: { y: shape }, constants: [], nodes: [node('Relu', ['x'], 'y')] });
  const twoInputs = onnxModel({
    inputs: { a: ['N', 1, 'H', 'W'], b: ['N', 1, 'H', 'W'] },
    outputs: { y: ['N', 1, 'H', 'W'] },
    constants: [],
    nodes: [node('Add', ['a', 'b'], 'y')],
  });
  const picture = ['N', 1, 'H', 'W'] as const;
  const plain = { inputs: { x: picture }, outputs: { y: picture }, constants: [], nodes: [node('Relu', ['x'], 'y')] };
  const anything = { dims: undefined, type: 'float32' } as const;
  const open = { inputs: { x: anything }, outputs: { y: anything }, constants: [] };
  const double = { dims: picture, type: 'float64' } as const;
  const doubles = onnxModel({ ...plain, inputs: { x: double }, outputs: { y: double } });
  const twoOutputs = onnxModel({
    ...plain,
    outputs: { y: picture, z: picture },
    nodes: [node('Relu', ['x'], 'y'), node('Identity', ['y'], 'z')],
  });
  const unknownOperator = onnxModel({
    inputs: { x: ['N', 1, 'H', 'W'] },
    outputs: { y: ['N', 1, 'H', 'W'] },
    constants: [tensor('w', [1], [1])],
    nodes: [node('Teleport', ['x', 'w'], 'y')],
  });

  test.each([
    ['no model at all', new TextEncoder().encode('<html>not a model</html>'), /is a web page, not an ONNX model/],
    ['a truncated one', pictureNet({ scale: 2 }).subarray(0, 700), /ends too early/],
    ['an empty file', new Uint8Array(0), /it is empty/],
    ['two inputs', twoInputs, /2 inputs instead of one/],
    ['four channels', one(['N', 4, 'H', 'W']), /4 channels instead of 1 or 3/],
    ['three dimensions', one(['C', 'H', 'W']), /3 dimensions instead of the four/],
    ['a network that keeps the size', one([1, 1, 64, 64]), /no model for upscale/],
    ['several pictures at once', one([4, 1, 'H', 'W']), /4 pictures at once/],
    [
      'an open number of dimensions',
      onnxModel({ ...open, nodes: [node('Relu', ['x'], 'y')] }),
      /leaves the number of its dimensions open/,
    ],
    ['open channels', one(['N', 'C', 'H', 'W']), /leaves its channels open/],
    ['64-bit floats', doubles, /float64 instead of float32/],
    ['two outputs', twoOutputs, /2 outputs instead of one picture \(y, z\)/],
    [
      'a newer operator set',
      onnxModel({ ...plain, opset: 99 }),
      /operator set 99, and this runtime knows them up to \d+/,
    ],
    ['a colorizer of another kind', colorNet(8), /1 channel into 8/],
    ['a PyTorch file', new TextEncoder().encode('PK\u0003\u0004archive/data.pkl'), /is a PyTorch or ZIP archive/],
    ['noise', Uint8Array.from({ length: 300 }, (_, i) => (i * 151 + 7) % 256), /is not an ONNX model/],
    ['results that are no numbers', nanNet(), /not numbers/],
    ['an operator that does not exist', unknownOperator, /Teleport/],
  ])('is refused in one sentence: %s', async (_, bytes, message) => {
    const error: unknown = await inspect(bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(message) as string });
    expect((error as Error).message).not.toContain('\n');
  });

  test('is refused for another task than it does', async () => {
    const enlarger = writeModel(pictureNet({ scale: 2, channels: 3 }));
    const colorizer = writeModel(
      toneNet(
        3,
        [0.6, 0.5, 0.3].map((middle) => ({ middle, slope: 0.9 })),
        {},
      ),
    );
    const gray = writeModel(
      toneNet(
        3,
        [1, 1, 1].map((slope) => ({ middle: 0.5, slope })),
        {},
      ),
    );
    for (const [kind, path, sentence] of [
      ['colorize', enlarger, /it enlarges, so it is no model for colorize/],
      ['denoise', enlarger, /it enlarges, so it is no model for denoise/],
      ['denoise', colorizer, /it gives color, so it is no model for denoise/],
      ['upscale', colorizer, /no model for upscale/],
      ['colorize', gray, /it keeps size and color, so it is no model for colorize/],
    ] as const) {
      await expect(resolveModel(kind, path)).rejects.toThrow(sentence);
    }
  });

  test('is fed as the adapter that is named says, if that fits', async () => {
    const path = writeModel(
      toneNet(
        3,
        [1, 1, 1].map((slope) => ({ middle: 0.5, slope })),
        {},
      ),
    );
    const model = await resolveModel('colorize', `rgb-colorizer:${path}`);
    expect(model.manifest).toMatchObject({ kind: 'colorize', adapter: 'rgb-colorizer' });
    // What a plan names is found the same again.
    expect((await resolveModel('colorize', model.name)).manifest).toEqual(model.manifest);
    await expect(resolveModel('colorize', `ab-colorizer:${path}`)).rejects.toThrow(
      /ab-colorizer takes 3 channels and gives 2, it takes 3 and gives 3/,
    );
    await expect(resolveModel('denoise', `rgb-colorizer:${path}`)).rejects.toThrow(
      /an adapter for colorize, not for denoise/,
    );
    await expect(resolveModel('upscale', `rgb-sr:${path}`)).rejects.toThrow(/no model for upscale/);
    expect((await describeModel(`rgb-colorizer:${path}`)).text).toMatch(/^gives color: gray RGB in, RGB out/);
  });

  test('is read as the JSON beside it states', async () => {
    const path = writeModel(
      toneNet(
        1,
        [0.5, 0.4].map((middle) => ({ middle, slope: 0.2 })),
        { range: [-1, 1], rangeOut: [-128, 128] },
      ),
    );
    const json = path.replace('.onnx', '.json');
    writeFileSync(
      json,
      JSON.stringify({ title: 'Mine', input: { range: [-1, 1] }, output: { range: [-128, 128] }, workSize: 96 }),
    );
    const { manifest } = await resolveModel('colorize', path);
    expect(manifest).toMatchObject({
      title: 'Mine',
      workSize: 96,
      input: { range: [-1, 1] },
      output: { range: [-128, 128] },
    });
    expect((await resolveModel('colorize', json)).manifest).toEqual(manifest);
    writeFileSync(json, JSON.stringify({ input: { ranges: [0, 1] } }));
    await expect(resolveModel('colorize', path)).rejects.toThrow(/model\.json is wrong at input: /);
  });

  describe('with weights in another file', () => {
    const net = (file: string, offset = 0): Uint8Array =>
      onnxModel({
        ...plain,
        constants: [externalTensor('w', [4, 1, 1, 1], file, offset)],
        nodes: [
          node('Conv', ['x', 'w'], 'many', { kernel_shape: [1, 1] }),
          node('DepthToSpace', ['many'], 'y', { blocksize: 2, mode: 'CRD' }),
        ],
      });
    const weights = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

    test('is used with them, and is another model with others', async () => {
      const path = writeModel(net('model.onnx_data'));
      const data = join(dirname(path), 'model.onnx_data');
      writeFileSync(data, weights(1, 1, 1, 1));
      const model = await resolveModel('upscale', path);
      expect(model).toMatchObject({ external: ['model.onnx_data'], manifest: { scale: 2, parameters: 4 } });
      writeFileSync(data, weights(1, 1, 1, 0.5));
      expect((await resolveModel('upscale', path)).sha256).not.toBe(model.sha256);
    });

    test('is refused without them, or with a part of them', async () => {
      const path = writeModel(net('model.onnx_data'));
      await expect(resolveModel('upscale', path)).rejects.toThrow(
        /its weights are in model\.onnx_data, which is not beside it/,
      );
      writeFileSync(join(dirname(path), 'model.onnx_data'), weights(1, 1));
      await expect(resolveModel('upscale', path)).rejects.toThrow(
        /model\.onnx_data, which holds its weights, ends too early/,
      );
      await expect(resolveModel('upscale', writeModel(net('../secret')))).rejects.toThrow(/outside of its own folder/);
    });
  });

  test('is refused when it is too large for the machine, before it is read', async () => {
    const path = writeModel(pictureNet({ scale: 2 }));
    // Takes no room on the disk.
    truncateSync(path, totalmem());
    await expect(resolveModel('upscale', path)).rejects.toThrow(
      /needs twice its \d+\.\d GB of memory and this machine has/,
    );
  });
});

describe('a description', () => {
  test('says what a model of the package does', async () => {
    const { text, manifest } = await describeModel('luma-x4-fast');
    expect(manifest.kind).toBe('upscale');
    expect(text).toMatch(/^enlarges luma 4 times \(luma-sr\)/);
    expect((await describeModel('colorize')).text).toMatch(/^gives color: luma in/);
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

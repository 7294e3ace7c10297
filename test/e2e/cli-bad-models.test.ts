import { truncate, writeFile } from 'node:fs/promises';
import { totalmem } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeClip } from '../fixtures/media/clips.ts';
import { pictureNet, toneNet } from '../fixtures/models/nets.ts';
import { externalTensor, node, onnxModel, type Graph } from '../fixtures/models/onnx.ts';
import { cli, expectRefusal, makeFolder, snapshot } from './cli-helpers.ts';

// Model files that cannot be used: one sentence that says why, exit code 69, nothing written.

const PICTURE = ['N', 1, 'H', 'W'] as const;
const OPEN = { dims: undefined, type: 'float32' } as const;
const plain: Graph = {
  inputs: { x: PICTURE },
  outputs: { y: PICTURE },
  constants: [],
  nodes: [node('Relu', ['x'], 'y')],
};
const warm = [0.6, 0.5, 0.3].map((middle) => ({ middle, slope: 0.9 }));

const FILES: Readonly<Record<string, Uint8Array>> = {
  'text.onnx': new TextEncoder().encode('not a network'),
  'page.onnx': new TextEncoder().encode('<!doctype html><title>Not found</title>'),
  'cut.onnx': pictureNet({ scale: 2 }).subarray(0, 900),
  'enlarger.onnx': pictureNet({ scale: 2 }),
  'colorizer.onnx': toneNet(3, warm, {}),
  'rank.onnx': onnxModel({ ...plain, inputs: { x: OPEN }, outputs: { y: OPEN } }),
  'newer.onnx': onnxModel({ ...plain, opset: 99 }),
  'apart.onnx': onnxModel({
    ...plain,
    constants: [externalTensor('w', [1, 1, 1, 1], 'apart.onnx_data', 0)],
    nodes: [node('Conv', ['x', 'w'], 'y', { kernel_shape: [1, 1] })],
  }),
  'two.onnx': onnxModel({ ...plain, inputs: { x: PICTURE, more: PICTURE }, nodes: [node('Add', ['x', 'more'], 'y')] }),
  'both.onnx': onnxModel({
    ...plain,
    outputs: { y: PICTURE, z: PICTURE },
    nodes: [node('Relu', ['x'], 'y'), node('Relu', ['x'], 'z')],
  }),
  'huge.onnx': pictureNet({ scale: 2 }),
};

let folder = '';
let remove = (): Promise<void> => Promise.resolve();
let film = '';
let before: string[] = [];

/** What lies there, without the file that is too large to read. */
const files = async (): Promise<string[]> => (await snapshot(folder)).filter((line) => !line.includes('huge'));

beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  film = await makeClip('no-audio', folder);
  for (const [name, bytes] of Object.entries(FILES)) await writeFile(path.join(folder, name), bytes);
});
afterAll(() => remove());
beforeEach(async () => {
  before = await files();
});
afterEach(async () => {
  expect(await files()).toEqual(before);
});

const run = (kind: string, model: string): ReturnType<typeof cli> => {
  const task = { upscale: ['--upscale', '2'], denoise: ['--denoise', '0.5'], colorize: ['--colorize'] }[kind] ?? [];
  return cli([film, '--device', 'cpu', ...task, '--model', `${kind}=${model}`]);
};

describe('model files that cannot be used', () => {
  test.each([
    ['text', 'upscale', 'text.onnx', /text\.onnx cannot be used: it is not an ONNX model/],
    ['a web page', 'upscale', 'page.onnx', /it is a web page, not an ONNX model/],
    [
      'a download that was cut',
      'upscale',
      'cut.onnx',
      /it ends too early: it is damaged or was not downloaded completely/,
    ],
    [
      'an enlarger as colorizer',
      'colorize',
      'enlarger.onnx',
      /it enlarges, so it is no model for colorize.*--model upscale=/,
    ],
    ['a colorizer as denoiser', 'denoise', 'colorizer.onnx', /it gives color, so it is no model for denoise/],
    ['an open number of dimensions', 'upscale', 'rank.onnx', /its input x leaves the number of its dimensions open/],
    ['an operator set of the future', 'upscale', 'newer.onnx', /operator set 99, and this runtime knows them up to/],
    ['weights left behind', 'upscale', 'apart.onnx', /its weights are in apart\.onnx_data, which is not beside it/],
    ['two pictures in', 'upscale', 'two.onnx', /it has 2 inputs instead of one picture \(x, more\)/],
    ['two pictures out', 'upscale', 'both.onnx', /it has 2 outputs instead of one picture \(y, z\)/],
  ])('%s', async (_about, kind, name, sentence) => {
    expectRefusal(await run(kind, path.join(folder, name)), 69, sentence);
  });

  test('one that is larger than memory', async () => {
    const huge = path.join(folder, 'huge.onnx');
    // A hole: it takes no room on the disk.
    await truncate(huge, totalmem());
    try {
      expectRefusal(await run('upscale', huge), 69, /it needs twice its .* GB of memory and this machine has/);
    } finally {
      await truncate(huge, 0);
    }
  });

  test('an adapter that does not fit', async () => {
    const model = `ab-colorizer:${path.join(folder, 'colorizer.onnx')}`;
    expectRefusal(
      await run('colorize', model),
      69,
      /ab-colorizer takes 3 channels and gives 2, it takes 3 and gives 3/,
    );
  });

  test('an adapter for something else', async () => {
    const model = `rgb-sr:${path.join(folder, 'colorizer.onnx')}`;
    expectRefusal(await run('colorize', model), 69, /rgb-sr is an adapter for upscale, not for colorize/);
  });
});

test('--plan says what was found in a model that can be used', async () => {
  const model = path.join(folder, 'colorizer.onnx');
  const { stdout, exitCode } = await cli([
    film,
    '--device',
    'cpu',
    '--plan',
    '--colorize',
    '--model',
    `colorize=${model}`,
  ]);
  expect(exitCode).toBe(0);
  expect(stdout.replace(/\s+/g, ' ')).toMatch(/colorizer\.onnx gives color: gray RGB in, RGB out \(rgb-colorizer\)/);
});

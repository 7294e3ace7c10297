// Ours beside a plain PyTorch script and TensorFlow.js, same weights, same tiles, in turns: npm run bench:runtimes [-- --seconds 4] [--dry]
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { findDevice, type InferenceSession, type TensorValue } from '../src/restore/backends/index.ts';
import { interfaceOf } from '../src/restore/models/interface.ts';
import { openEngine, resolveModel, type ResolvedModel } from '../src/restore/index.ts';
import { readOnnx } from '../test/fixtures/models/onnx-reader.ts';
import { tfjsFromOnnx, writeTfjs } from '../test/fixtures/models/onnx-to-tfjs.ts';
import { REPOSITORY } from './common/data.ts';
import { fixed, publishSection, verdict } from './common/report.ts';
import { upscaleSpeed } from './common/upscale-speed.ts';

const [WIDTH, HEIGHT] = [320, 240];
const MUST = { torch: 1.3, wasm: 5 };
/** The one whole tile that a frame is. */
const TILE = 512;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    models: { type: 'string', default: 'luma-x2-fast,luma-x4-fast,old-x4' },
    python: { type: 'string', default: '/usr/bin/python3' },
    dry: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

/** Something that is timed in turns with others. */
interface Runner {
  readonly name: string;
  /** Frames a second over about so many seconds. */
  measure(): Promise<number>;
  /** What it makes of the picture; undefined where it is only timed. */
  result?(): Promise<Float32Array>;
  close(): Promise<void>;
}

const picture = Float32Array.from(
  { length: WIDTH * HEIGHT },
  (_, i) => 0.5 + 0.4 * Math.sin((i % WIDTH) / 9) * Math.cos(i / 4000),
);

function feeds({ manifest }: ResolvedModel): Record<string, TensorValue> {
  const strength = manifest.kind === 'colorize' ? undefined : manifest.input.strengthName;
  return {
    [manifest.input.name]: { type: 'float32', dims: [1, 1, HEIGHT, WIDTH], data: picture },
    ...(strength === undefined ? {} : { [strength]: { type: 'float32', dims: [1], data: Float32Array.of(0.5) } }),
  };
}

/** As it ships: worker threads, frames in and out of 8 and 10 bits. */
async function shipped(name: string, model: ResolvedModel, device: string): Promise<Runner> {
  const engine = await openEngine({ device, tileSize: TILE, reuse: false, signal: new AbortController().signal });
  const workers = engine.lookAhead - 1;
  const scale = model.manifest.scale ?? 1;
  const to = { width: WIDTH * scale, height: HEIGHT * scale };
  return {
    name: `${name}, ${workers} sessions`,
    measure: async () =>
      (await upscaleSpeed(engine, model, { width: WIDTH, height: HEIGHT }, to, { seconds, workers, sampling: 'gray' }))
        .framesPerSecond,
    close: () => engine.close(),
  };
}

/** A session in this thread, as a plain script has it. */
async function plain(name: string, session: InferenceSession, model: ResolvedModel): Promise<Runner> {
  const input = feeds(model);
  const run = async (): Promise<Float32Array> =>
    (await session.run(input))[model.manifest.output.name]?.data as Float32Array;
  return Promise.resolve({
    name,
    measure: async () => {
      const since = performance.now();
      let frames = 0;
      for (; performance.now() - since < seconds * 1000; frames++) await run();
      return (frames * 1000) / (performance.now() - since);
    },
    result: run,
    close: () => session.close(),
  });
}

/** The network as bench/runtimes-torch.py takes it. */
async function writeForTorch(
  onnx: Uint8Array,
  model: ResolvedModel,
  folder: string,
): Promise<readonly [string, string]> {
  const { nodes, constants, outputs } = readOnnx(onnx);
  const tensors: Record<string, readonly [readonly number[], number]> = {};
  const parts: Float32Array[] = [];
  let at = 0;
  const add = (name: string, dims: readonly number[], data: ArrayLike<number>): void => {
    tensors[name] = [dims, at];
    parts.push(Float32Array.from(data));
    at += data.length;
  };
  for (const [name, { dims, data }] of constants) add(name, dims, data);
  for (const [name, { dims, data }] of Object.entries(feeds(model))) add(name, dims, data);
  const list = nodes.map(({ op, inputs, output, attributes }) => {
    const first = (name: string, otherwise: number): number => Number(attributes[name]?.[0] ?? otherwise);
    return [op, inputs, output, { pad: first('pads', 0), group: first('group', 1), factor: first('blocksize', 1) }];
  });
  const [json, raw] = [path.join(folder, 'net.json'), path.join(folder, 'net.raw')];
  await writeFile(json, JSON.stringify({ nodes: list, tensors, output: outputs[0] }));
  await writeFile(raw, Buffer.concat(parts.map((part) => Buffer.from(part.buffer))));
  return [json, raw];
}

/** undefined where there is no Python with PyTorch. */
async function torch(
  onnx: Uint8Array,
  model: ResolvedModel,
  folder: string,
  threads: 'own' | 'all',
): Promise<Runner | undefined> {
  const script = path.join(REPOSITORY, 'bench', 'runtimes-torch.py');
  const child = spawn(values.python, [script, ...(await writeForTorch(onnx, model, folder)), threads], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    const answer = await lines.next();
    return answer.done === true ? '' : answer.value;
  };
  const hello = await lines.next();
  if (hello.done === true) return undefined;
  const [version, used] = hello.value.split(' ');
  let count = 1;
  return {
    name: `PyTorch ${version ?? ''}, ${threads === 'own' ? 'its own choice of threads' : 'a thread on each core'} (${used ?? ''})`,
    measure: async () => {
      // The first run warms up and tells how many fill the time.
      const rate = count / Number(await ask(String(count)));
      count = Math.max(1, Math.round(rate * seconds));
      return count / Number(await ask(String(count)));
    },
    result: async () => {
      const file = path.join(folder, 'torch.raw');
      await ask(`out ${file}`);
      const bytes = await readFile(file);
      return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    },
    close: () => {
      child.stdin.end();
      return Promise.resolve();
    },
  };
}

const largest = (one: Float32Array, other: Float32Array): number =>
  one.reduce((most, value, i) => Math.max(most, Math.abs(value - (other[i] ?? NaN))), 0);

async function compare(id: string, folder: string): Promise<string[][]> {
  const model = await resolveModel('upscale', id);
  const onnx = await readFile(model.path);
  const files = tfjsFromOnnx(onnx);
  const converted = await resolveModel('upscale', writeTfjs(files, path.join(folder, id)));
  const source = { shape: interfaceOf(model.manifest) };
  const options = { threads: availableParallelism() };
  const cpu = await findDevice('cpu').backend.open({ ...source, bytes: onnx }, { ...options, device: 'cpu' });
  const wasm = await findDevice('tfjs-wasm').backend.open(
    { ...source, format: 'tfjs', bytes: files.json, shards: files.shards },
    { ...options, device: 'tfjs-wasm' },
  );
  const takesStrength = Object.keys(feeds(model)).length > 1;
  const runners = [
    await shipped('ours', model, 'cpu'),
    await plain(`onnxruntime alone, one session of ${options.threads} threads`, cpu, model),
    await torch(onnx, model, folder, 'own'),
    await torch(onnx, model, folder, 'all'),
    await plain('TensorFlow.js WASM', wasm, model),
    // Without a manifest the folder is taken for a network of one input.
    takesStrength ? undefined : await shipped('ours with --backend tfjs', converted, 'tfjs-wasm'),
  ].filter((runner) => runner !== undefined);
  const expected = (await cpu.run(feeds(model)))[model.manifest.output.name]?.data as Float32Array;
  const rates = runners.map((): number[] => []);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, runner] of runners.entries()) rates[i]?.push(await runner.measure());
  }
  const medians = rates.map((all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN);
  const rows: string[][] = [];
  for (const [i, runner] of runners.entries()) {
    const rate = medians[i] ?? NaN;
    const ratio = (medians[0] ?? NaN) / rate;
    const must = runner.name.startsWith('PyTorch')
      ? MUST.torch
      : runner.name === 'TensorFlow.js WASM'
        ? MUST.wasm
        : undefined;
    const error = runner.result ? largest(expected, await runner.result()).toExponential(0) : '';
    rows.push([
      id,
      runner.name,
      fixed(rate, 2),
      fixed(ratio, 2),
      must === undefined ? '' : String(must),
      error,
      must === undefined ? '' : verdict(ratio, must, Infinity),
    ]);
    await runner.close();
  }
  return rows;
}

const folder = await mkdtemp(path.join(tmpdir(), 'restore-runtimes-'));
try {
  const rows: string[][] = [];
  for (const id of values.models.split(',')) rows.push(...(await compare(id, folder)));
  const torchRan = rows.some(([, name]) => name?.startsWith('PyTorch') === true);
  await publishSection(
    {
      id: 'runtimes',
      title: 'Runtimes: ours, PyTorch, TensorFlow.js',
      columns: ['network', 'runtime', 'frames/s', 'ours is x times', 'must', 'largest difference', ''],
      rows,
      notes: [
        `Frames of ${WIDTH}x${HEIGHT}, each one tile; the same weights in ONNX, in PyTorch and as a TensorFlow.js graph model. ${values.rounds} rounds of ${seconds} s in turns, the median of each.`,
        'Ours is the stage that ships: worker threads, 8-bit luma in, 10-bit luma out. The others compute float tensors in memory and nothing around them. Grouped convolutions are whole ones in TensorFlow.js, which has no others on the CPU.',
        ...(torchRan ? [] : [`Skipped: PyTorch, which ${values.python} does not have.`]),
      ],
    },
    `npm run bench:runtimes -- --seconds ${values.seconds} --rounds ${values.rounds}`,
    !values.dry,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

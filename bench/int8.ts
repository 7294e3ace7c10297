// What 8-bit integers would bring on this CPU: npm run bench:int8 [-- --dry]
//
// Times each network beside a twin whose convolutions (all but the first) are quantized as onnxruntime wants it: 8-bit activations,
// 8-bit weights with a scale for each output channel (onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
// Its scales are arbitrary: speed does not depend on them, and its pictures are not looked at.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphOf, type Graph } from '../src/restore/models/onnx-graph.ts';
import { bytesField, fieldsOf, intField, joined } from '../src/restore/models/onnx-wire.ts';
import { resolveModel } from '../src/restore/index.ts';
import { dataPath } from './common/data.ts';
import { fixed, publishSection } from './common/report.ts';

const { values } = parseArgs({ options: { dry: { type: 'boolean', default: false } } });

// Element types of onnx.proto.
const TYPES = { float32: 1, uint8: 2, int8: 3 } as const;
const FLOAT16 = 10;
const SIDE = 192;
const ROUNDS = 12;

const raw = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

function weights(name: string, type: keyof typeof TYPES, dims: readonly number[], data: ArrayBufferView): Uint8Array {
  const sizes = dims.map((dim) => intField(1, dim));
  return bytesField(5, ...sizes, intField(2, TYPES[type]), bytesField(8, name), bytesField(9, raw(data)));
}

function node(op: string, inputs: readonly string[], output: string, ...rest: readonly Uint8Array[]): Uint8Array {
  return bytesField(1, ...inputs.map((name) => bytesField(1, name)), bytesField(2, output), bytesField(4, op), ...rest);
}

/** Dimensions and values of 32-bit weights, or of 16-bit ones, as PyTorch's exporter writes them. */
function read(message: Uint8Array): { readonly dims: readonly number[]; readonly data: Float32Array } {
  const dims: number[] = [];
  let [type, stored] = [0, new ArrayBuffer(0)];
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) dims.push(value);
    if (number === 2) type = value;
    if (number === 9) stored = new Uint8Array(bytes).buffer;
  }
  const isHalf = type === FLOAT16;
  return { dims, data: isHalf ? Float32Array.from(new Uint16Array(stored), fromHalf) : new Float32Array(stored) };
}

/** Of the bits of a 16-bit float (IEEE 754-2008); weights are never infinite. */
function fromHalf(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** Nodes and weights that stand for 8-bit weights of a convolution; the result is called `name`. */
function quantized({ dims, data }: ReturnType<typeof read>, name: string): Uint8Array[] {
  const outputs = dims[0] ?? 1;
  const each = data.length / outputs;
  const largest = (i: number): number =>
    data.subarray(i * each, (i + 1) * each).reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const scales = Float32Array.from({ length: outputs }, (_, i) => Math.max(1e-6, largest(i) / 127));
  const codes = Int8Array.from(data, (value, i) => Math.round(value / (scales[Math.floor(i / each)] ?? 1)));
  const inputs = [`${name}/codes`, `${name}/scales`, `${name}/zeros`];
  return [
    weights(`${name}/codes`, 'int8', dims, codes),
    weights(`${name}/scales`, 'float32', [outputs], scales),
    weights(`${name}/zeros`, 'int8', [outputs], new Int8Array(outputs)),
    node('DequantizeLinear', inputs, name, bytesField(5, bytesField(1, 'axis'), intField(3, 0), intField(20, 2))),
  ];
}

/** The twin with 8-bit convolutions. */
function int8Twin(model: Uint8Array): Uint8Array {
  const convert = (graph: Graph): Uint8Array => {
    const fields = [
      weights('step', 'float32', [], Float32Array.of(0.01)),
      weights('middle', 'uint8', [], Uint8Array.of(128)),
    ];
    const done = new Set<string>();
    // Weights that are kept in 16 bits reach their convolutions through a cast.
    const casts = new Map(
      graph.nodes.flatMap(({ op, inputs, outputs }) => (op === 'Cast' ? [[outputs[0], inputs[0]]] : [])),
    );
    const first = graph.nodes.find(({ op }) => op === 'Conv')?.raw;
    for (const { op, inputs, outputs, rest, raw: original } of graph.nodes) {
      const [from = '', kernel = '', ...bias] = inputs;
      const stored = graph.weights.get(kernel) ?? graph.weights.get(casts.get(kernel) ?? '');
      // The first convolution sees the picture, whose ten bits must not become eight.
      if (op !== 'Conv' || !stored || !outputs[0] || original === first) {
        fields.push(original);
        continue;
      }
      if (!done.has(from)) {
        fields.push(node('QuantizeLinear', [from, 'step', 'middle'], `${from}/q`));
        fields.push(node('DequantizeLinear', [`${from}/q`, 'step', 'middle'], `${from}/dq`));
        done.add(from);
      }
      fields.push(...quantized(read(stored), `${kernel}/dq`));
      const wires = [`${from}/dq`, `${kernel}/dq`, ...bias].map((name) => bytesField(1, name));
      fields.push(bytesField(1, ...wires, bytesField(2, outputs[0]), ...rest));
    }
    const kept = [...graph.weights.values()].map((message) => bytesField(5, message));
    return joined([...fields, ...kept, ...graph.rest]);
  };
  return joined(
    [...fieldsOf(model)].map(({ number, bytes, raw: field }) =>
      number === 7 ? bytesField(7, convert(graphOf(bytes))) : field,
    ),
  );
}

interface Runner {
  readonly session: InferenceSession;
  best: number;
}

async function open(bytes: Uint8Array): Promise<Runner> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  return { session, best: Infinity };
}

async function time(runner: Runner, channels: number): Promise<void> {
  const { session } = runner;
  const picture = Float32Array.from({ length: channels * SIDE * SIDE }, (_, i) => 0.5 + 0.4 * Math.sin(i / 7));
  const feeds: Record<string, Tensor> = {};
  for (const name of session.inputNames) {
    feeds[name] =
      name === 'strength'
        ? new Tensor('float32', [0.5], [1])
        : new Tensor('float32', picture, [1, channels, SIDE, SIDE]);
  }
  const since = performance.now();
  await session.run(feeds);
  runner.best = Math.min(runner.best, performance.now() - since);
}

const names = ['luma-x2-fast', 'luma-x2-quality', 'luma-x4-quality', 'old-x2-fast'];
const models = await Promise.all(names.map((id) => resolveModel('upscale', id)));
models.push(await resolveModel('denoise', 'denoise'));
const realesr = dataPath('models', 'realesr-general-x4v3.onnx');
if (realesr !== undefined) models.push(await resolveModel('upscale', realesr));

const rows: string[][] = [];
for (const { manifest, path } of models) {
  const bytes = readFileSync(path);
  const channels = manifest.adapter === 'rgb-sr' ? 3 : 1;
  const [full, small] = [await open(bytes), await open(int8Twin(bytes))];
  for (let round = 0; round < ROUNDS; round++) {
    await time(full, channels);
    await time(small, channels);
  }
  rows.push([manifest.id, fixed(full.best, 1), fixed(small.best, 1), fixed(small.best / full.best, 2)]);
  console.error(rows.at(-1)?.join('  '));
}
await publishSection(
  {
    id: 'int8',
    title: '8-bit integers on the CPU',
    columns: ['network', 'float32 ms', 'int8 ms', 'int8 over float32'],
    rows,
    notes: [
      `A tile of ${SIDE}x${SIDE} in one session of one thread, the two in turn, the best of ${ROUNDS}. 8-bit activations and weights in all convolutions but the first (QDQ form).`,
      'Above 1 is slower: the reason that --precision has no int8 (docs/decisions/0005-floats.md).',
    ],
  },
  'npm run bench:int8',
  !values.dry,
);

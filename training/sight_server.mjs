// Runs an ONNX file on batches from standard input (count, height, width as int32, then float32 luma) and writes the
// float32 outputs `near` and `far` of each: node sight_server.mjs FILE. One dot says that it is ready.
import { createRequire } from 'node:module';
import { once } from 'node:events';

const require = createRequire(process.env.ORT_FROM ?? import.meta.url);
const ort = require('onnxruntime-node');
const session = await ort.InferenceSession.create(process.argv[2], { intraOpNumThreads: 1 });
const HEADER = 12;

async function write(bytes) {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
}

let held = [];
let length = 0;

async function answer(count, height, width, bytes) {
  const luma = new Float32Array(count * height * width);
  Buffer.from(luma.buffer).set(bytes);
  const result = await session.run({ luma: new ort.Tensor('float32', luma, [count, 1, height, width]) });
  for (const { data } of [result.near, result.far]) {
    await write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
}

await write('.');
for await (const chunk of process.stdin) {
  held.push(chunk);
  length += chunk.length;
  if (length < HEADER) continue;
  const all = held.length === 1 ? held[0] : Buffer.concat(held);
  const [count, height, width] = [0, 4, 8].map((at) => all.readInt32LE(at));
  const end = HEADER + 4 * count * height * width;
  if (length < end) {
    held = [all];
    continue;
  }
  await answer(count, height, width, all.subarray(HEADER, end));
  held = [all.subarray(end)];
  length -= end;
}

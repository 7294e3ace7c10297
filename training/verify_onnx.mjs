// Runs one ONNX file on the tensors of a .json (names, dims, files) and writes its output: node verify_onnx.mjs CASE.json
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';

const require = createRequire(process.env.ORT_FROM ?? import.meta.url);
const ort = require('onnxruntime-node');
const file = process.argv[2];
const folder = dirname(file);
const test = JSON.parse(readFileSync(file, 'utf8'));
const session = await ort.InferenceSession.create(join(folder, test.model));
const feeds = {};
for (const { name, dims, data } of test.inputs) {
  const bytes = readFileSync(join(folder, data));
  feeds[name] = new ort.Tensor('float32', new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)), dims);
}
const result = await session.run(feeds);
const output = result[test.output];
writeFileSync(join(folder, 'actual.bin'), Buffer.from(output.data.buffer, output.data.byteOffset, output.data.byteLength));
console.log(JSON.stringify({ dims: output.dims }));

import type { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import type { ModelSource } from './backend.ts';

const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  bool: 1,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'complex64']),
  quantization: z.looseObject({ dtype: z.enum(['float32', 'uint8', 'uint16', 'float16']) }).optional(),
});

const modelSchema = z.looseObject({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(z.looseObject({ weights: z.array(weightSchema) })),
  format: z.string().optional(),
  signature: z.record(z.string(), z.unknown()).optional(),
});

export interface TfjsModelFile {
  /** Nodes of a graph, or Keras layers. */
  readonly kind: 'graph' | 'layers';
  readonly artifacts: io.ModelArtifacts;
}

const bytesOf = ({ shape, dtype, quantization }: z.infer<typeof weightSchema>): number =>
  shape.reduce((product, size) => product * size, 1) * (ELEMENT_BYTES[quantization?.dtype ?? dtype] ?? 4);

/**
 * What TensorFlow.js loads from, put together from `model.json` and its weight files. Throws an Error that says in half a
 * sentence what is wrong with them.
 */
export function readTfjsModel({ bytes, shards = [] }: ModelSource): TfjsModelFile {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('it is not JSON');
  }
  const parsed = modelSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`it is no TensorFlow.js model (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`);
  }
  const { modelTopology, weightsManifest, signature } = parsed.data;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const wanted = weightSpecs.reduce((sum, spec) => sum + bytesOf(spec), 0);
  const weightData = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const shard of shards) {
    weightData.set(shard, at);
    at += shard.length;
  }
  if (wanted !== at) throw new Error(`its weights have ${at} bytes where ${wanted} are named`);
  const kind = Array.isArray(modelTopology['node']) ? 'graph' : 'layers';
  return {
    kind,
    artifacts: {
      modelTopology,
      weightSpecs: weightSpecs as io.WeightsManifestEntry[],
      weightData: weightData.buffer,
      format: kind === 'graph' ? 'graph-model' : 'layers-model',
      ...(signature ? { signature } : {}),
    },
  };
}

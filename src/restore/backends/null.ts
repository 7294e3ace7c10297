import { RestorationError } from '../../core/errors.ts';
import type { InferenceBackend, InferenceSession, ModelSource, TensorValue } from './backend.ts';

/** Nearest-neighbor copy of one channel from w x h to W x H. */
function nearest(source: Float32Array, w: number, h: number, target: Float32Array, W: number, H: number): void {
  for (let y = 0; y < H; y++) {
    const row = Math.floor((y * h) / H) * w;
    for (let x = 0; x < W; x++) target[y * W + x] = source[row + Math.floor((x * w) / W)] ?? 0;
  }
}

function session({ shape }: ModelSource): InferenceSession {
  let open = true;
  return {
    inputs: [{ name: shape.input, type: 'float32', shape: ['N', shape.channelsIn, 'H', 'W'] }],
    outputs: [{ name: shape.output, type: 'float32', shape: ['N', shape.channelsOut, 'outH', 'outW'] }],
    run: (feeds, into) => {
      const input = feeds[shape.input];
      const [n = 0, , h = 0, w = 0] = input?.dims ?? [];
      if (!open || !(input?.data instanceof Float32Array) || input.dims.length !== 4) {
        return Promise.reject(new Error(open ? `no picture named ${shape.input} was fed` : 'the session is closed'));
      }
      const [W, H] = [Math.max(1, Math.floor(w * shape.scale)), Math.max(1, Math.floor(h * shape.scale))];
      const given = into?.[shape.output]?.data;
      const size = n * shape.channelsOut * H * W;
      const data = given instanceof Float32Array && given.length === size ? given : new Float32Array(size);
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < shape.channelsOut; c++) {
          const from = (i * shape.channelsIn + Math.min(c, shape.channelsIn - 1)) * h * w;
          const to = (i * shape.channelsOut + c) * H * W;
          nearest(input.data.subarray(from, from + h * w), w, h, data.subarray(to, to + H * W), W, H);
        }
      }
      const output: TensorValue = { type: 'float32', dims: [n, shape.channelsOut, H, W], data };
      return Promise.resolve({ [shape.output]: output });
    },
    close: () => {
      open = false;
      return Promise.resolve();
    },
  };
}

const NAME = 'No network (repeats pixels; for measuring)';

/** Computes nothing: pictures pass, repeated to the model's scale. Measures what everything around a network costs. */
export const nullBackend: InferenceBackend = {
  id: 'null',
  formats: ['onnx', 'tfjs'],
  kinds: [{ id: 'null', name: NAME, trust: 'unchecked' }],
  inspect: (id) => Promise.resolve({ id, backend: 'null', name: NAME, available: id === 'null' }),
  open: (model, { device }) =>
    device === 'null'
      ? Promise.resolve(session(model))
      : Promise.reject(new RestorationError('DEVICE_UNAVAILABLE', `The null backend has no device ${device}.`)),
};

import { RestorationError } from '../../core/errors.ts';
import type { InferenceBackend, InferenceSession, ModelSource, TensorValue } from './backend.ts';

type Samples = TensorValue['data'];

/** A picture in a tensor: where its samples are. */
interface View {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Samples from one pixel to the next, and from one channel to the next. */
  readonly pixel: number;
  readonly channel: number;
}

function viewOf(layout: 'nchw' | 'nhwc', channels: number, width: number, height: number): View {
  return layout === 'nchw'
    ? { width, height, channels, pixel: 1, channel: width * height }
    : { width, height, channels, pixel: channels, channel: 1 };
}

/** Nearest-neighbor copy of a picture; the last channel is repeated where more are wanted. */
function nearest(source: Samples, from: View, target: Samples, to: View): void {
  for (let c = 0; c < to.channels; c++) {
    const plane = Math.min(c, from.channels - 1) * from.channel;
    for (let y = 0; y < to.height; y++) {
      const row = Math.floor((y * from.height) / to.height) * from.width;
      for (let x = 0; x < to.width; x++) {
        const at = row + Math.floor((x * from.width) / to.width);
        target[c * to.channel + (y * to.width + x) * to.pixel] = source[plane + at * from.pixel] ?? 0;
      }
    }
  }
}

function emptyLike(data: Samples, length: number): Samples {
  if (data instanceof Float32Array) return new Float32Array(length);
  return data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
}

function session({ shape }: ModelSource): InferenceSession {
  const { layoutIn = 'nchw', layoutOut = 'nchw', channelsIn, channelsOut, scale } = shape;
  const named = (layout: string, channels: number, name: string): (number | string)[] =>
    layout === 'nchw' ? ['N', channels, `${name}H`, `${name}W`] : ['N', `${name}H`, `${name}W`, channels];
  let open = true;
  return {
    inputs: [{ name: shape.input, type: 'float32', shape: named(layoutIn, channelsIn, 'in') }],
    outputs: [{ name: shape.output, type: 'float32', shape: named(layoutOut, channelsOut, 'out') }],
    run: (feeds, into) => {
      const input = feeds[shape.input];
      if (!open || input?.dims.length !== 4) {
        return Promise.reject(new Error(open ? `no picture named ${shape.input} was fed` : 'the session is closed'));
      }
      const [h = 0, w = 0] = layoutIn === 'nchw' ? input.dims.slice(2) : input.dims.slice(1);
      const [W, H] = [Math.max(1, Math.floor(w * scale)), Math.max(1, Math.floor(h * scale))];
      const given = into?.[shape.output]?.data;
      const size = channelsOut * H * W;
      const data = given?.length === size ? given : emptyLike(input.data, size);
      nearest(input.data, viewOf(layoutIn, channelsIn, w, h), data, viewOf(layoutOut, channelsOut, W, H));
      const dims = layoutOut === 'nchw' ? [1, channelsOut, H, W] : [1, H, W, channelsOut];
      return Promise.resolve({ [shape.output]: { type: input.type, dims, data } });
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

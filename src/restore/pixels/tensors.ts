import type { TensorData, TensorType, TensorValue } from '../backends/backend.ts';
import { fromHalf, toHalf } from './half.ts';

/** How a network's picture input or output lies in memory. */
export interface TensorForm {
  readonly name: string;
  readonly channels: number;
  readonly layout: 'nchw' | 'nhwc';
  readonly type: TensorType;
  /** What stands for 0 and for 1 in each channel. */
  readonly ranges: readonly (readonly [zero: number, one: number])[];
}

/** Planar float32 0..1: what the rest of the program computes in, so that nothing has to be converted. */
export const isPlain = ({ layout, type, ranges, channels }: TensorForm): boolean =>
  (layout === 'nchw' || channels === 1) && type === 'float32' && ranges.every(([zero, one]) => zero === 0 && one === 1);

export const dimsOf = ({ layout, channels }: TensorForm, width: number, height: number): number[] =>
  layout === 'nchw' ? [1, channels, height, width] : [1, height, width, channels];

/** Where sample `i` of a channel is: `i * step + first`. */
function places({ layout, channels }: TensorForm, channel: number, area: number): { step: number; first: number } {
  return layout === 'nchw' ? { step: 1, first: channel * area } : { step: channels, first: channel };
}

function encoded(values: Float32Array<ArrayBuffer>, type: TensorType): TensorData {
  if (type === 'float32') return values;
  if (type === 'float16') return toHalf(values);
  const bytes = new Uint8ClampedArray(values);
  return new Uint8Array(bytes.buffer);
}

/** `planar` (channels one after the other, 0..1) as the network takes it. A plain form shares its memory. */
export function packTensor(
  form: TensorForm,
  planar: Float32Array<ArrayBuffer>,
  width: number,
  height: number,
): TensorValue {
  const dims = dimsOf(form, width, height);
  if (isPlain(form)) return { type: 'float32', dims, data: planar };
  const area = width * height;
  const values = new Float32Array(planar.length);
  form.ranges.forEach(([zero, one], channel) => {
    const { step, first } = places(form, channel, area);
    const from = channel * area;
    for (let i = 0; i < area; i++) values[i * step + first] = zero + (planar[from + i] ?? 0) * (one - zero);
  });
  return { type: form.type, dims, data: encoded(values, form.type) };
}

/** What a network gave as planar samples 0..1 (beyond where it gave more), into `target`. */
export function unpackTensor(form: TensorForm, { data }: TensorValue, target: Float32Array, area: number): void {
  const values = data instanceof Uint16Array ? fromHalf(data) : data;
  form.ranges.forEach(([zero, one], channel) => {
    const { step, first } = places(form, channel, area);
    const to = channel * area;
    for (let i = 0; i < area; i++) target[to + i] = ((values[i * step + first] ?? 0) - zero) / (one - zero);
  });
}

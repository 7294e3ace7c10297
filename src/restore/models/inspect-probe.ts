import type { InferenceSession, TensorValue } from '../backends/index.ts';
import { dimsOf, packTensor, unpackTensor, type TensorForm } from '../pixels/tensors.ts';
import { unusable } from './inspect-file.ts';
import type { ModelSlots } from './inspect-slots.ts';

type Ranges = TensorForm['ranges'];
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Sides of the pictures that an unknown network is tried on: the first that it takes. */
const PROBE_SIDES = [96, 128, 256];

/** What a network made of a picture. */
export interface Answer {
  readonly value: TensorValue;
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: number;
  readonly width: number;
  readonly height: number;
}

/** Soft shapes from black to white: what every network gives back much as it was. */
export function softPicture(channels: number, { width, height }: Size): Float32Array<ArrayBuffer> {
  const area = width * height;
  return Float32Array.from({ length: channels * area }, (_, i) => {
    const [x, y] = [(i % width) / width, Math.floor((i % area) / width) / height];
    return 0.5 + 0.28 * Math.sin(5 * x + 2) * Math.cos(4 * y) + 0.2 * Math.sin(9 * x * y + 1);
  });
}

/** Gray noise whose first sample (of every channel) is `corner`. */
function noisyPicture(channels: number, { width, height }: Size, corner: number): Float32Array<ArrayBuffer> {
  const area = width * height;
  const data = new Float32Array(channels * area);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = i % area === 0 ? corner : 0.3 + (0.4 * state) / 2 ** 32;
  }
  return data;
}

/** A network under examination. */
export class Probe {
  readonly slots: ModelSlots;
  /** Size of the pictures that it is tried on. */
  size: Size;
  readonly #path: string;
  readonly #session: InferenceSession;

  constructor(path: string, session: InferenceSession, slots: ModelSlots) {
    this.#path = path;
    this.#session = session;
    this.slots = slots;
    this.size = slots.input.size ?? { width: 0, height: 0 };
  }

  /** The network's answer. Throws MODEL_INVALID for what is no picture, the runtime's error where it fails. */
  async run(picture: Float32Array<ArrayBuffer>, ranges: Ranges, size: Size = this.size): Promise<Answer> {
    const { input, strength, output } = this.slots;
    const feeds = { [input.name]: packTensor({ ...input, ranges }, picture, size.width, size.height) };
    if (strength) {
      const { strengthName, strengthShape, strengthFull } = strength;
      feeds[strengthName] = { type: 'float32', dims: strengthShape, data: Float32Array.of(0.2 * strengthFull) };
    }
    const value = (await this.#session.run(feeds))[output.name];
    const answer = value && pictureIn(value);
    if (!answer) {
      const shape = value ? value.dims.join(' x ') : 'nothing';
      throw unusable(this.#path, `it turns a ${size.width} x ${size.height} picture into ${shape}`);
    }
    if (value.type === 'float32' && value.data.some(Number.isNaN)) {
      throw unusable(this.#path, 'it gives values that are not numbers');
    }
    return answer;
  }

  /** Finds a size that the network takes, and what it gives for that. */
  async first(ranges: Ranges): Promise<Answer> {
    const { input } = this.slots;
    const sizes = input.size ? [input.size] : PROBE_SIDES.map((side) => ({ width: side, height: side }));
    let failure: unknown;
    for (const size of sizes) {
      try {
        const answer = await this.run(softPicture(input.channels, size), ranges, size);
        this.size = size;
        return answer;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  }

  /** How far, in input pixels, the change of one corner spreads; at most so far as the picture goes. */
  async reach(ranges: Ranges, scale: number): Promise<number> {
    const { channels } = this.slots.input;
    const [before, after] = [
      await this.run(noisyPicture(channels, this.size, 0.1), ranges),
      await this.run(noisyPicture(channels, this.size, 0.9), ranges),
    ];
    const { width, height, layout } = before;
    const step = layout === 'nhwc' ? before.channels : 1;
    let reach = 0;
    for (let i = 0; i < before.value.data.length; i++) {
      if (before.value.data[i] === after.value.data[i]) continue;
      const at = Math.floor(i / step);
      reach = Math.max(reach, at % width, Math.floor(at / width) % height);
    }
    return Math.ceil((reach + 1) / scale);
  }

  /** Smallest of the usual multiples that the network takes side lengths of. */
  async sizeMultiple(ranges: Ranges, scale: number): Promise<number> {
    const { channels } = this.slots.input;
    for (const multiple of [1, 2, 4, 8, 16, 32]) {
      const size = { width: 3 * multiple, height: 5 * multiple };
      try {
        const { width, height } = await this.run(softPicture(channels, size), ranges, size);
        if (width === size.width * scale && height === size.height * scale) return multiple;
      } catch {
        // It needs a larger one.
      }
    }
    return this.size.width === 96 ? 32 : this.size.width / 2;
  }
}

function pictureIn(value: TensorValue): Answer | undefined {
  const [n, a = 0, b = 0, c = 0] = value.dims;
  if (value.dims.length !== 4 || n !== 1) return undefined;
  return a > 3 && c <= 3
    ? { value, layout: 'nhwc', channels: c, height: a, width: b }
    : { value, layout: 'nchw', channels: a, height: b, width: c };
}

/** Samples of an answer, planar, in units of `ranges`. */
export function samplesOf(answer: Answer, ranges: Ranges): Float32Array<ArrayBuffer> {
  const { value, layout, channels, width, height } = answer;
  const form: TensorForm = { name: '', channels, layout, type: value.type, ranges };
  const samples = new Float32Array(dimsOf(form, width, height).reduce((product, dim) => product * dim));
  unpackTensor(form, value, samples, width * height);
  return samples;
}

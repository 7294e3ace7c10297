import type { z } from 'zod';
import type { TensorForm } from '../pixels/tensors.ts';
import type { ModelKind, ModelManifest, tensorSchema } from './schema.ts';

export interface Adapter {
  readonly kind: ModelKind;
  readonly channelsIn: 1 | 3;
  readonly channelsOut: 1 | 2 | 3;
  /** What stands for black and white in the input where a manifest says nothing; [0, 255] for bytes. */
  readonly rangeIn: readonly [number, number];
  readonly rangeOut: readonly [number, number];
  readonly summary: string;
}

/** Largest a and b that are told apart in networks' outputs, in units of CIE L*a*b*. */
export const AB_LIMIT = 110;

/**
 * How families of networks are fed and read, by name. Where the interfaces come from:
 *
 * - `rgb-sr`: Real-ESRGAN and the compact networks (github.com/xinntao/Real-ESRGAN), most of openmodeldb.info.
 * - `lab-colorizer`: eccv16 and siggraph17 of github.com/richzhang/colorization normalize inside: L 0..100 in, ab out
 *   (exported with 256 x 256 by github.com/clibdev/colorization, export.py).
 * - `ab-colorizer`: DDColor, github.com/piddnad/DDColor, ddcolor/pipeline.py: L alone as gray RGB 0..1, 512 x 512, in;
 *   ab as they are out.
 * - `rgb-colorizer`: DeOldify as github.com/instant-high/deoldify-onnx exports it: gray RGB 0..255 in and RGB 0..255 out;
 *   plain exports of github.com/jantic/DeOldify take and give what ImageNet's mean and deviation normalized.
 */
export const ADAPTERS = {
  'luma-sr': {
    kind: 'upscale',
    channelsIn: 1,
    channelsOut: 1,
    rangeIn: [0, 1],
    rangeOut: [0, 1],
    summary: 'enlarges luma',
  },
  'rgb-sr': {
    kind: 'upscale',
    channelsIn: 3,
    channelsOut: 3,
    rangeIn: [0, 1],
    rangeOut: [0, 1],
    summary: 'enlarges RGB',
  },
  'luma-denoise': {
    kind: 'denoise',
    channelsIn: 1,
    channelsOut: 1,
    rangeIn: [0, 1],
    rangeOut: [0, 1],
    summary: 'denoises luma',
  },
  'rgb-denoise': {
    kind: 'denoise',
    channelsIn: 3,
    channelsOut: 3,
    rangeIn: [0, 1],
    rangeOut: [0, 1],
    summary: 'denoises RGB',
  },
  'lab-colorizer': {
    kind: 'colorize',
    channelsIn: 1,
    channelsOut: 2,
    rangeIn: [0, 100],
    rangeOut: [-AB_LIMIT, AB_LIMIT],
    summary: 'gives color: L in, ab out',
  },
  'ab-colorizer': {
    kind: 'colorize',
    channelsIn: 3,
    channelsOut: 2,
    rangeIn: [0, 1],
    rangeOut: [-AB_LIMIT, AB_LIMIT],
    summary: 'gives color: gray RGB in, ab out',
  },
  'rgb-colorizer': {
    kind: 'colorize',
    channelsIn: 3,
    channelsOut: 3,
    rangeIn: [0, 1],
    rangeOut: [0, 1],
    summary: 'gives color: gray RGB in, RGB out',
  },
} as const satisfies Record<string, Adapter>;
export type AdapterName = keyof typeof ADAPTERS;

export const isAdapter = (name: string): name is AdapterName => Object.hasOwn(ADAPTERS, name);

/** Ranges of bytes: a and b lie around 128, as OpenCV stores them. */
const BYTES: Readonly<Record<1 | 2 | 3, readonly [number, number]>> = {
  1: [0, 255],
  2: [128 - AB_LIMIT, 128 + AB_LIMIT],
  3: [0, 255],
};

type TensorManifest = z.infer<typeof tensorSchema>;

/** One range for all channels or one for each, as one for each. */
export function rangesOf(range: NonNullable<TensorManifest['range']>, channels: number): (readonly [number, number])[] {
  return Array.from({ length: channels }, (_, i): readonly [number, number] => {
    const [zero, one] = range;
    if (typeof zero === 'number' && typeof one === 'number') return [zero, one];
    const own = range[Math.min(i, range.length - 1)];
    return typeof own === 'object' ? [own[0], own[1]] : [0, 1];
  });
}

function form(tensor: TensorManifest, channels: 1 | 2 | 3, usual: readonly [number, number]): TensorForm {
  const { name, layout = 'nchw', type = 'float32', range } = tensor;
  const [zero, one] = type === 'uint8' ? BYTES[channels] : usual;
  return { name, channels, layout, type, ranges: rangesOf(range ?? [zero, one], channels) };
}

export interface ModelForms {
  readonly input: TensorForm;
  readonly output: TensorForm;
}

/** How a model's picture goes in and comes out. */
export function formsOf(manifest: ModelManifest): ModelForms {
  if (manifest.adapter === 'chroma-bins') {
    const plain = { layout: 'nchw', type: 'float32', ranges: [[0, 1]] } as const;
    return {
      input: { ...plain, name: manifest.input.name, channels: 1 },
      output: { ...plain, name: manifest.output.name, channels: manifest.bins.length },
    };
  }
  const { channelsIn, channelsOut, rangeIn, rangeOut } = ADAPTERS[manifest.adapter];
  return {
    input: form(manifest.input, channelsIn, rangeIn),
    output: form(manifest.output, channelsOut, rangeOut),
  };
}

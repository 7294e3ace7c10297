import type { ModelInterface, TensorValue } from '../backends/backend.ts';
import { packTensor } from '../pixels/tensors.ts';
import { formsOf } from './adapters.ts';
import type { ModelManifest, PictureManifest } from './schema.ts';

/** What a backend needs to know of a manifest. */
export function interfaceOf(manifest: ModelManifest): ModelInterface {
  const { input, output } = formsOf(manifest);
  const scale = manifest.adapter === 'chroma-bins' ? 1 / manifest.reduction : (manifest.scale ?? 1);
  return {
    input: input.name,
    output: output.name,
    channelsIn: input.channels,
    channelsOut: output.channels,
    layoutIn: input.layout,
    layoutOut: output.layout,
    scale,
  };
}

/** The only size that the model takes pictures of; undefined where any (of its multiple) will do. */
export const fixedSizeOf = (
  manifest: ModelManifest,
): { readonly width: number; readonly height: number } | undefined =>
  manifest.adapter === 'chroma-bins' ? undefined : manifest.input.size;

/** The noise level (0..1) as the network's second input; nothing for networks that have none. */
function strengthFeed({ input }: PictureManifest, strength: number): Record<string, TensorValue> {
  const { strengthName, strengthShape = [1], strengthFull = 1 } = input;
  if (strengthName === undefined) return {};
  return { [strengthName]: { type: 'float32', dims: strengthShape, data: Float32Array.of(strength * strengthFull) } };
}

/** All inputs for one run: the picture (planar, 0..1) in the network's form, and the noise level where it takes one. */
export function feedsFor(
  manifest: ModelManifest,
  picture: Float32Array<ArrayBuffer>,
  { width, height }: { readonly width: number; readonly height: number },
  strength: number,
): Record<string, TensorValue> {
  const { input } = formsOf(manifest);
  const level = manifest.kind === 'colorize' ? {} : strengthFeed(manifest, strength);
  return { [input.name]: packTensor(input, picture, width, height), ...level };
}

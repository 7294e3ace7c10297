import { chroma601, labToSrgb, lightnessOf } from '../../core/lab.ts';
import { AB_LIMIT, formsOf } from '../models/adapters.ts';
import type { ColorManifest } from '../models/schema.ts';
import type { FloatPlane } from '../pixels/codes.ts';
import { packTensor, unpackTensor, type TensorForm } from '../pixels/tensors.ts';
import { lumaOf, saturated, sized, workingSize, type ColorizeReply, type RequestFor } from './colorize-request.ts';
import { outputFault } from './faults.ts';
import type { TaskTools } from './task.ts';

/** Short side of the grid that colors travel on: the eye asks for less, and smoothing in time is the cheaper. */
const GRID_SIDE = 64;

/** Gray in every channel that the network takes, 0..1; as lightness for those that take L. */
function fedFrom(luma: FloatPlane, channels: number, asLightness: boolean): Float32Array<ArrayBuffer> {
  const gray = asLightness ? luma.data.map((value) => lightnessOf(value) / 100) : luma.data;
  const fed = new Float32Array(gray.length * channels);
  for (let channel = 0; channel < channels; channel++) fed.set(gray, channel * gray.length);
  return fed;
}

/** The network's answer as planes 0..1, whatever it looks like in memory. */
async function answerOf(
  { model, area }: RequestFor<ColorManifest>,
  picture: FloatPlane,
  tools: TaskTools,
): Promise<FloatPlane[]> {
  const { manifest } = model;
  const { input, output } = formsOf(manifest);
  const work = manifest.input.size ?? workingSize(area, manifest);
  const fed = fedFrom(sized(picture, work.width, work.height), input.channels, manifest.adapter === 'lab-colorizer');
  const { session } = await tools.model(model);
  const feeds = { [input.name]: packTensor(input, fed, work.width, work.height) };
  const value = (await tools.infer(session, feeds))[output.name];
  const [height = 0, width = 0] =
    output.layout === 'nchw' ? (value?.dims.slice(2) ?? []) : (value?.dims.slice(1) ?? []);
  if (value?.type !== output.type || value.data.length !== output.channels * width * height || width === 0) {
    throw outputFault(model, tools, `a result that is not ${output.channels} planes of ${output.type}`);
  }
  return planesOf(output, value, width, height);
}

function planesOf(
  form: TensorForm,
  value: Parameters<typeof unpackTensor>[1],
  width: number,
  height: number,
): FloatPlane[] {
  const area = width * height;
  const all = new Float32Array(area * form.channels);
  unpackTensor(form, value, all, area);
  return Array.from({ length: form.channels }, (_, i) => ({
    width,
    height,
    data: all.subarray(i * area, (i + 1) * area),
  }));
}

const unit = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * Colors from a network that gives a and b, or RGB. Only its chroma is used: a and b together with the lightness that
 * our luma has, RGB without its luma. They say nothing of how sure they are.
 */
export async function colorsFromNetwork(request: RequestFor<ColorManifest>, tools: TaskTools): Promise<ColorizeReply> {
  const { model, area, saturation } = request;
  const picture = lumaOf(request);
  const planes = await answerOf(request, picture, tools);
  const [{ width: most, height: highest }] = planes as [FloatPlane];
  const scale = GRID_SIDE / Math.min(area.width, area.height);
  const side = (length: number, limit: number): number => Math.min(limit, Math.max(1, Math.round(length * scale)));
  const [width, height] = [side(area.width, most), side(area.height, highest)];
  const [first, second, third] = planes.map((plane) => sized(plane, width, height).data);
  const luma = sized(picture, width, height).data;
  const count = width * height;
  const [cb, cr] = [new Float32Array(count), new Float32Array(count)];
  const limit = saturated(saturation);
  for (let cell = 0; cell < count; cell++) {
    const [x, y] = [first?.[cell] ?? 0, second?.[cell] ?? 0];
    const rgb = third
      ? ([unit(x), unit(y), unit(third[cell] ?? 0)] as const)
      : labToSrgb([lightnessOf(luma[cell] ?? 0), AB_LIMIT * (2 * x - 1), AB_LIMIT * (2 * y - 1)]);
    const [blue, red] = chroma601(rgb);
    cb[cell] = limit(blue);
    cr[cell] = limit(red);
  }
  if (cb.some(Number.isNaN)) throw outputFault(model, tools, 'values that are not numbers');
  return { width, height, cb, cr, confidence: new Float32Array(count).fill(1), luma };
}

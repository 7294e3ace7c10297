import type { TensorForm } from '../pixels/tensors.ts';
import { samplesOf, softPicture, type Answer, type Probe } from './inspect-probe.ts';

type Range = readonly [number, number];
type Ranges = TensorForm['ranges'];

/** Mean and deviation of ImageNet's channels, which fast.ai and torchvision normalize by. */
const IMAGENET: Ranges = [
  [-0.485 / 0.229, (1 - 0.485) / 0.229],
  [-0.456 / 0.224, (1 - 0.456) / 0.224],
  [-0.406 / 0.225, (1 - 0.406) / 0.225],
];

const same = (range: Range, channels: number): Ranges => Array.from({ length: channels }, () => range);

/** Ranges that pictures of floats are usual in, the likeliest first. */
const usual = (channels: number): Ranges[] => [
  same([0, 1], channels),
  same([0, 255], channels),
  same([-1, 1], channels),
  ...(channels === 3 ? [IMAGENET] : []),
];

/** Mean difference of luma (0..1) below which a range is taken without trying others. */
const GOOD = 0.05;
/** ... and above which none fits, so that the likeliest is taken and the user told. */
const POOR = 0.25;

/** The ranges that a network gives pictures back with, and how it does. */
export interface Fit {
  readonly input: Ranges;
  readonly output: Ranges;
  /** Mean difference in luma (0..1) between what was fed and what came back. */
  readonly error: number;
  /** Mean difference between the channels of what came back for a gray picture; 0 for luma. */
  readonly color: number;
}

function fitOf(picture: Float32Array, answer: Answer, input: Ranges, output: Ranges, width: number): Fit {
  const { channels, width: outWidth, height: outHeight } = answer;
  const samples = samplesOf(answer, output);
  const area = outWidth * outHeight;
  const scale = outWidth / width;
  let [error, color] = [0, 0];
  for (let i = 0; i < area; i++) {
    const [x, y] = [Math.floor((i % outWidth) / scale), Math.floor(Math.floor(i / outWidth) / scale)];
    const red = samples[i] ?? 0;
    const green = samples[i + (channels - 1) / 2 * area] ?? 0;
    const blue = samples[i + (channels - 1) * area] ?? 0;
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    error += Math.abs(luma - (picture[y * width + x] ?? 0));
    color += (Math.abs(red - green) + Math.abs(blue - green)) / 2;
  }
  return { input, output, error: error / area, color: color / area };
}

export interface Stated {
  readonly input: Ranges | undefined;
  readonly output: Ranges | undefined;
}

/**
 * Finds the ranges of a network that gives a picture back much as it was (enlarged, cleaned, colored), by trying the usual
 * ones: with wrong ones luma comes out wrong. Bytes are 0..255. The first that is good wins; else one that is twice as
 * good as those before it, since networks without offsets work in any range.
 */
export async function findRanges(probe: Probe, stated: Stated): Promise<Fit & { readonly guessed: boolean }> {
  const { input, output } = probe.slots;
  const { channels } = input;
  const choices = (type: string, own: Ranges | undefined): Ranges[] =>
    own ? [own] : type === 'uint8' ? [same([0, 255], channels)] : usual(channels);
  const picture = softPicture(channels, probe.size);
  const [ins, outs] = [choices(input.type, stated.input), choices(output.type, stated.output)];
  let best: Fit | undefined;
  for (const range of ins) {
    const answer = await probe.run(picture, range);
    for (const given of outs) {
      const fit = fitOf(picture, answer, range, given, probe.size.width);
      if (!best || fit.error < best.error / 2) best = fit;
    }
    if (best && best.error < GOOD) break;
  }
  if (!best) throw new RangeError('No range was tried');
  const guessed = best.error > POOR && !(stated.input && stated.output);
  return guessed ? { ...best, input: ins[0] ?? best.input, output: outs[0] ?? best.output, guessed } : { ...best, guessed };
}

/** Networks that normalize a and b end in a function that keeps them within -1..1. */
const NORMALIZED_AB = 1.05;

/** Ranges of a network that gives a and b: of a normalized kind when its results stay within -1..1. */
export async function findAbRanges(
  probe: Probe,
  usualInput: Range,
  limit: number,
  stated: Stated,
): Promise<{ readonly input: Ranges; readonly output: Ranges; readonly guessed: boolean }> {
  const { input, output } = probe.slots;
  const bytes = (type: string): boolean => type === 'uint8';
  const natural = same(bytes(input.type) ? [0, 255] : usualInput, input.channels);
  const fed = stated.input ?? natural;
  const whole = stated.output ?? same(bytes(output.type) ? [128 - limit, 128 + limit] : [-limit, limit], 2);
  const answer = await probe.run(softPicture(input.channels, probe.size), fed);
  if (stated.output || bytes(output.type)) return { input: fed, output: whole, guessed: false };
  const plain = samplesOf(answer, same([0, 1], 2));
  const most = plain.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
  if (most > NORMALIZED_AB) return { input: fed, output: whole, guessed: false };
  // Who normalizes a and b does so with L.
  const normalized = stated.input ?? (bytes(input.type) ? natural : same([0, 1], input.channels));
  return { input: normalized, output: same([-1, 1], 2), guessed: stated.input === undefined };
}

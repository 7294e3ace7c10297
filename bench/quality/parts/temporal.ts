import { fixed, type Section } from '../../common/report.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { contains, type Shot } from '../../../src/core/range.ts';
import { clipsAtHand, readClip, withoutColor10, type Clip } from '../clips.ts';
import {
  blockMotion,
  chromaWarpingError,
  colorDistributionConsistency,
  rgbHistograms,
  type BlockMotion,
} from '../metrics/temporal.ts';
import { imresize } from '../metrics/imresize.ts';
import type { Part, PartTools } from '../part.ts';
import type { Channel } from '../picture.ts';
import { lumaOfFrame, rgbOfFrame } from '../shipped.ts';

const CLIPS = ['davis-dog', 'bikes'];
/** Width that motion and chroma are compared at. */
const WIDTH = 320;
/** CDC over the truth's, and warping error over the one without smoothing: at most. */
const [CDC_MUST, WARPING_MUST] = [1.1, 0.5];

function reduced(channel: Channel, { width, height }: { width: number; height: number }): Channel {
  return imresize(channel, WIDTH, Math.round((WIDTH * height) / width));
}

/** Chroma planes in 8-bit codes, as large as motion is searched. */
function smallChroma({ format, planes }: Frame): readonly [Channel, Channel] {
  const unit = 2 ** (format.pixelFormat.bitDepth - 8);
  const { sampling } = format.pixelFormat;
  const width = sampling === '444' ? format.width : (format.width + 1) >> 1;
  const height = sampling === '420' ? (format.height + 1) >> 1 : format.height;
  const one = (which: 1 | 2): Channel =>
    reduced({ width, height, data: Float32Array.from(planes[which] ?? [], (value) => value / unit) }, format);
  return [one(1), one(2)];
}

interface Steadiness {
  readonly cdc: number;
  /** Mean squared difference along motion, in squared 8-bit codes. */
  readonly warping: number;
}

/** Motion from each frame to the next, for all that have a next one in their shot; found once a clip, on true luma. */
function motions({ frames, shots }: Clip): ReadonlyMap<number, BlockMotion> {
  const found = new Map<number, BlockMotion>();
  let previous: Channel | undefined;
  for (const frame of frames) {
    const luma = reduced(lumaOfFrame(frame), frame.format);
    const isFirst = shots.some(({ range }) => range.start === frame.index);
    if (previous && !isFirst) found.set(frame.index - 1, blockMotion(previous, luma));
    previous = luma;
  }
  return found;
}

async function steadiness(
  frames: AsyncIterable<Frame> | readonly Frame[],
  shots: readonly Shot[],
  motion: ReadonlyMap<number, BlockMotion>,
): Promise<Steadiness> {
  const histograms: (readonly Float64Array[])[][] = shots.map(() => []);
  let previous: readonly [Channel, Channel] | undefined;
  let [sum, count] = [0, 0];
  for await (const frame of frames) {
    histograms[shots.findIndex(({ range }) => contains(range, frame.index))]?.push(rgbHistograms(rgbOfFrame(frame)));
    const chroma = smallChroma(frame);
    const step = motion.get(frame.index - 1);
    if (previous && step) {
      const error = chromaWarpingError(step, previous, chroma);
      sum += error.sum;
      count += error.count;
    }
    previous = chroma;
  }
  return { cdc: colorDistributionConsistency(histograms), warping: sum / count };
}

async function run({ shipped, progress }: PartTools): Promise<Section> {
  const rows: string[][] = [];
  const notes = [
    `CDC: color distribution consistency inside shots (TCVC), must be at most ${CDC_MUST} times the true color's. Warping error of chroma: mean squared difference along block motion inside shots, in squared 8-bit codes; with smoothing it must be at most ${WARPING_MUST} of that without. Frames are colored with 10 bits, so that rounding to 8-bit chroma is not counted as flicker.`,
  ];
  for (const [name, path] of clipsAtHand(CLIPS, notes)) {
    progress(`${name}: decoding and searching motion`);
    const clip = await readClip(path);
    const motion = motions(clip);
    const truth = await steadiness(clip.frames, clip.shots, motion);
    const colored = async (smoothed: boolean): Promise<Steadiness> => {
      progress(`${name}: coloring ${smoothed ? 'with' : 'without'} smoothing`);
      const chain = [
        await shipped.stage('colorize', {}, 'colorize'),
        ...(smoothed ? [await shipped.stage('chroma-anchor'), await shipped.stage('chroma-smooth')] : []),
        await shipped.stage('apply-chroma'),
      ];
      return steadiness(shipped.run(clip.frames.map(withoutColor10), chain, clip.shots), clip.shots, motion);
    };
    const gray = await steadiness(clip.frames.map(withoutColor10), clip.shots, motion);
    const [plain, smooth] = [await colored(false), await colored(true)];
    const add = (method: string, found: Steadiness, words: string): void => {
      rows.push([
        `${name}: ${method}`,
        fixed(found.cdc * 1000, 3),
        fixed(found.cdc / truth.cdc, 3),
        fixed(found.warping, 3),
        fixed(found.warping / plain.warping, 3),
        words,
      ]);
    };
    add('true color', truth, '');
    add('gray', gray, '');
    add('without smoothing', plain, '');
    const cdc = smooth.cdc <= CDC_MUST * truth.cdc ? 'CDC met' : 'CDC missed';
    const warping = smooth.warping <= WARPING_MUST * plain.warping ? 'warping met' : 'warping missed';
    add('with smoothing', smooth, `${cdc}, ${warping}`);
  }
  return {
    id: 'quality-temporal',
    title: 'Color that holds still',
    columns: ['clip: coloring', 'CDC x 1000', "over the truth's", 'warping error', 'over no smoothing', ''],
    rows,
    notes,
  };
}

export const temporal: Part = { name: 'temporal', summary: 'steadiness of color in colorized clips', run };

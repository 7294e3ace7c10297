import { fixed, type Section } from '../../common/report.ts';
import type { FrameFormat } from '../../../src/core/format.ts';
import type { Frame, Plane } from '../../../src/core/frame.ts';
import type { Shot } from '../../../src/core/range.ts';
import type { Stage } from '../../../src/core/stage.ts';
import { clipsAtHand, readClip, withoutColor } from '../clips.ts';
import { grainField } from '../degrade.ts';
import { throughFfmpeg, type LumaClip } from '../ffmpeg-clip.ts';
import { imresize } from '../metrics/imresize.ts';
import type { Part, PartTools } from '../part.ts';
import type { Shipped } from '../shipped.ts';
import { frameOf, lumaOfFrame } from '../shipped.ts';

const CLIPS = ['davis-dog', 'flower', 'bikes'];
/** Frames from the clip's middle; those without neighbors on both sides are not judged. */
const [FRAMES, EDGE] = [10, 2];
const [SIGMA, SIZE, CRF] = [12, 0.6, 22];
const STRENGTH = 0.5;
/** Strengths of the network, alone and after averaging, to choose the best from. */
const NETWORK = [0.15, 0.2, 0.25, 0.3, 0.4];

/** Presets enlarge old footage with it. */
const ENLARGER = 'old-x2-crisp';
/** Strengths of averaging and of that network: without averaging, of presets, and stronger than theirs. */
const PRESETS = [
  [0, 0.3],
  [STRENGTH, 0.3],
  [STRENGTH, 0.4],
  [STRENGTH, 0.5],
  [STRENGTH, 0.65],
] as const;

/** FFmpeg's filters for noise over time and in one picture, at settings to choose the best from. */
const FILTERS: readonly string[] = [
  ...[4, 8, 16].map((s) => `hqdn3d=${s}`),
  ...[0.02, 0.1, 0.3].map((a) => `atadenoise=0a=${a}:0b=${4 * a}`),
  ...[4, 6, 8, 11, 15].map((s) => `nlmeans=s=${s}:p=7:r=15`),
];

interface Figures {
  readonly psnr: number;
  readonly flicker: number;
}

/** PSNR over the frames in the middle, and how far the error changes from frame to frame (root mean square, codes). */
function judge(result: readonly ArrayLike<number>[], truth: readonly ArrayLike<number>[]): Figures {
  let [psnr, flicker, judged] = [0, 0, 0];
  for (let t = EDGE; t < truth.length - EDGE; t++) {
    const [own, right] = [result[t] ?? [], truth[t] ?? []];
    const [before, rightBefore] = [result[t - 1] ?? [], truth[t - 1] ?? []];
    let [squares, changes] = [0, 0];
    for (let i = 0; i < right.length; i++) {
      const error = (own[i] ?? 0) - (right[i] ?? 0);
      const change = error - ((before[i] ?? 0) - (rightBefore[i] ?? 0));
      squares += error * error;
      changes += change * change;
    }
    psnr += 10 * Math.log10((255 * 255 * right.length) / squares);
    flicker += Math.sqrt(changes / right.length);
    judged++;
  }
  return { psnr: psnr / judged, flicker: flicker / judged };
}

function grained(frames: readonly Frame[], width: number, height: number): Uint8Array<ArrayBuffer>[] {
  return frames.map(({ planes, index }) => {
    const field = grainField(width, height, SIZE, 700 + index);
    return Uint8Array.from(planes[0] ?? [], (code, i) => {
      const tone = Math.min(1, Math.max(0, (code - 16) / 219));
      const value = code + SIGMA * (0.5 + 2 * tone * (1 - tone)) * (field[i] ?? 0);
      return Math.min(255, Math.max(0, Math.round(value)));
    });
  });
}

/** The best of several by PSNR. */
async function best<T>(
  choices: readonly T[],
  figures: (choice: T) => Promise<Figures>,
): Promise<{ readonly choice: T; readonly found: Figures }> {
  const tried: { readonly choice: T; readonly found: Figures }[] = [];
  for (const choice of choices) tried.push({ choice, found: await figures(choice) });
  return tried.reduce((a, b) => (b.found.psnr > a.found.psnr ? b : a));
}

/** Frames from the middle of the longest shot, without color. */
async function middleOf(file: string): Promise<readonly Frame[]> {
  const { shots, frames } = await readClip(file);
  const length = ({ range }: Shot): number => range.end - range.start;
  const longest = shots.reduce((most, shot) => (length(shot) > length(most) ? shot : most));
  const first = Math.max(longest.range.start, Math.floor((longest.range.start + longest.range.end - FRAMES) / 2));
  return frames.slice(first, Math.min(longest.range.end, first + FRAMES)).map(withoutColor);
}

/** A noisy clip through a chain of stages, in 8-bit codes. */
async function throughStages(
  { frames }: LumaClip,
  format: FrameFormat,
  chain: readonly Stage[],
  shipped: Shipped,
): Promise<Float32Array[]> {
  const shots = [{ index: 0, range: { start: 0, end: frames.length } }];
  const noisy = frames.map((plane, index) => frameOf(format, [plane], index));
  const results: Float32Array[] = [];
  for await (const frame of shipped.run(noisy, chain, shots)) {
    const unit = 2 ** (frame.format.pixelFormat.bitDepth - 8);
    results.push(Float32Array.from(frame.planes[0] ?? [], (code) => code / unit));
    frame.dispose();
  }
  return results;
}

/** What each method makes of a noisy clip; `format` is that of its frames. */
async function methods(
  noisy: LumaClip,
  right: readonly Plane[],
  format: FrameFormat,
  { shipped, progress }: PartTools,
): Promise<(readonly [method: string, figures: Figures])[]> {
  progress("FFmpeg's filters");
  const filter = await best(FILTERS, async (setting) =>
    judge((await throughFfmpeg(noisy, ['-vf', setting])).frames, right),
  );
  const through = async (degrain: number, denoise: number): Promise<Figures> => {
    const chain = [
      await shipped.stage('degrain', { strength: degrain }),
      await shipped.stage('denoise', { strength: denoise }, 'denoise'),
    ];
    return judge(await throughStages(noisy, format, chain, shipped), right);
  };
  progress('ours');
  const alone = await best(NETWORK, (denoise) => through(0, denoise));
  const both = await best(NETWORK, (denoise) => through(STRENGTH, denoise));
  return [
    ['as it is', judge(noisy.frames, right)],
    [`FFmpeg ${filter.choice.split(':p')[0] ?? ''}`, filter.found],
    [`degrain ${STRENGTH}`, await through(STRENGTH, 0)],
    [`denoise ${alone.choice}`, alone.found],
    [`degrain ${STRENGTH}, denoise ${both.choice}`, both.found],
  ];
}

/** The clip at half its size, with grain and coded, enlarged again by the network for old footage. */
async function enlarged(
  truth: readonly Frame[],
  right: readonly Plane[],
  format: FrameFormat,
  shipped: Shipped,
): Promise<(readonly [method: string, figures: Figures])[]> {
  const [width, height] = [format.width >> 1, format.height >> 1];
  const small = truth.map((frame) => {
    const { data } = imresize(lumaOfFrame(frame), width, height);
    return frameOf({ ...format, width, height }, [new Uint8Array(Uint8ClampedArray.from(data).buffer)], frame.index);
  });
  const noisy = await coded({ width, height, frames: grained(small, width, height) });
  const rows: (readonly [string, Figures])[] = [];
  for (const [degrain, strength] of PRESETS) {
    const chain = [
      await shipped.stage('degrain', { strength: degrain }),
      await shipped.stage('upscale', { width: format.width, height: format.height, strength }, ENLARGER),
    ];
    const words = `${degrain === 0 ? '' : `degrain ${degrain}, `}${ENLARGER} ${strength}`;
    rows.push([words, judge(await throughStages(noisy, { ...format, width, height }, chain, shipped), right)]);
  }
  return rows;
}

const coded = (clip: LumaClip): Promise<LumaClip> =>
  throughFfmpeg(clip, ['-c:v', 'libx264', '-crf', String(CRF), '-pix_fmt', 'gray'], 'coded.mkv');

async function judgeClip(name: string, file: string, tools: PartTools): Promise<string[][]> {
  const truth = await middleOf(file);
  const format = truth[0]?.format;
  if (!format) return [];
  const { width, height } = format;
  const right = truth.flatMap(({ planes }) => planes.slice(0, 1));
  const grainy: LumaClip = { width, height, frames: grained(truth, width, height) };
  const rows: string[][] = [];
  const add = (source: string, found: readonly (readonly [string, Figures])[]): void => {
    for (const [method, { psnr, flicker }] of found)
      rows.push([`${name}, ${source}`, method, fixed(psnr, 2), fixed(flicker, 2)]);
  };
  for (const [source, clip] of [
    ['grain', grainy],
    ['grain, H.264', await coded(grainy)],
  ] as const) {
    const progress = (text: string): void => {
      tools.progress(`${name}, ${source}: ${text}`);
    };
    add(source, await methods(clip, right, format, { ...tools, progress }));
  }
  tools.progress(`${name}: at half its size`);
  add('half size, grain, H.264', await enlarged(truth, right, format, tools.shipped));
  return rows;
}

async function run(tools: PartTools): Promise<Section> {
  const rows: string[][] = [];
  const notes = [
    `Luma of ${FRAMES} frames from the middle of the longest shot, other grain in each (sigma ${SIGMA}/255 in mid-tones, half of it in black and white, clumps), as it is and after H.264 at crf ${CRF}. FFmpeg: the best of ${FILTERS.length} settings of hqdn3d, atadenoise and nlmeans; the network at the best of ${NETWORK.length} strengths; both by PSNR, found on these very frames. Half size: enlarged 2 times without averaging, at the strengths of presets for noisy sources (0.3: bw-film and home-video, 0.4: grainy-tv, 0.5: vhs) and at a stronger one.`,
    'Flicker: root mean square, in 8-bit codes, of how far the error of a sample changes from frame to frame; 0 is what does not boil.',
  ];
  for (const [name, path] of clipsAtHand(CLIPS, notes)) rows.push(...(await judgeClip(name, path, tools)));
  return {
    id: 'quality-grain',
    title: 'Grain over time',
    columns: ['clip', 'method', 'PSNR', 'flicker'],
    rows,
    notes,
  };
}

export const grain: Part = { name: 'grain', summary: 'grain in clips, taken away over time', run };

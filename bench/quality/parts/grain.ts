import { fixed, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import type { Frame } from '../../../src/core/frame.ts';
import { readClip, withoutColor } from '../clips.ts';
import { grainField } from '../degrade.ts';
import { throughFfmpeg, type LumaClip } from '../ffmpeg-clip.ts';
import type { Part, PartTools } from '../part.ts';
import { frameOf } from '../shipped.ts';

const CLIPS = ['davis-dog', 'flower', 'bikes'];
/** Frames from the clip's middle; those without neighbors on both sides are not judged. */
const [FRAMES, EDGE] = [10, 2];
const [SIGMA, SIZE, CRF] = [12, 0.6, 22];
const STRENGTH = 0.5;
/** Strengths of the network alone, and after averaging: the best of these, as for every other method. */
const NETWORK = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4];

/** FFmpeg's filters for noise over time, at settings to choose the best from. */
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  hqdn3d: [4, 6, 8, 12, 16].map((s) => `hqdn3d=${s}`),
  atadenoise: [0.02, 0.05, 0.1, 0.3].map(
    (a) => `atadenoise=0a=${a}:0b=${4 * a}:1a=${a}:1b=${4 * a}:2a=${a}:2b=${4 * a}:s=5`,
  ),
  nlmeans: [4, 6, 8, 10].map((s) => `nlmeans=s=${s}:p=7:r=15`),
};

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

async function judgeClip(name: string, file: string, { shipped, progress }: PartTools): Promise<string[][]> {
  const clip = await readClip(file);
  const shot = clip.shots.reduce(
    (best, { range }) => (range.end - range.start > best.end - best.start ? range : best),
    {
      start: 0,
      end: 0,
    },
  );
  const first = Math.max(shot.start, Math.floor((shot.start + shot.end - FRAMES) / 2));
  const truth = clip.frames.slice(first, Math.min(shot.end, first + FRAMES)).map(withoutColor);
  const format = truth[0]?.format;
  if (!format) return [];
  const { width, height } = format;
  const right = truth.map(({ planes }) => planes[0] ?? []);
  const rows: string[][] = [];
  const add = (method: string, { psnr, flicker }: Figures): void => {
    rows.push([`${name}: ${method}`, fixed(psnr, 2), fixed(flicker, 2)]);
  };
  const noisy: LumaClip = await throughFfmpeg(
    { width, height, frames: grained(truth, width, height) },
    ['-c:v', 'libx264', '-crf', String(CRF), '-pix_fmt', 'gray'],
    'coded.mkv',
  );
  add('with grain', judge(noisy.frames, right));
  const best = async <T>(choices: readonly T[], figures: (choice: T) => Promise<Figures>) => {
    const tried: { readonly choice: T; readonly found: Figures }[] = [];
    for (const choice of choices) tried.push({ choice, found: await figures(choice) });
    return tried.reduce((a, b) => (b.found.psnr > a.found.psnr ? b : a));
  };
  for (const [filter, settings] of Object.entries(FILTERS)) {
    progress(`${name}: FFmpeg ${filter}`);
    const { choice, found } = await best(settings, async (setting) =>
      judge((await throughFfmpeg(noisy, ['-vf', setting])).frames, right),
    );
    add(`FFmpeg ${filter === 'atadenoise' ? choice.split(':')[0] : choice}`, found);
  }
  const frames = noisy.frames.map((plane, index) => frameOf(format, [plane], index));
  const shots = [{ index: 0, range: { start: 0, end: frames.length } }];
  const through = async (strengths: { readonly degrain?: number; readonly denoise?: number }): Promise<Figures> => {
    const { degrain, denoise } = strengths;
    const chain = [
      ...(degrain === undefined ? [] : [await shipped.stage('degrain', { strength: degrain })]),
      ...(denoise === undefined ? [] : [await shipped.stage('denoise', { strength: denoise }, 'denoise')]),
    ];
    const results: Float32Array[] = [];
    for await (const frame of shipped.run(frames, chain, shots)) {
      const unit = 2 ** (frame.format.pixelFormat.bitDepth - 8);
      results.push(Float32Array.from(frame.planes[0] ?? [], (code) => code / unit));
      frame.dispose();
    }
    return judge(results, right);
  };
  progress(`${name}: ours`);
  add(`degrain ${STRENGTH}`, await through({ degrain: STRENGTH }));
  const alone = await best(NETWORK, (denoise) => through({ denoise }));
  add(`denoise ${alone.choice}`, alone.found);
  const both = await best(NETWORK, (denoise) => through({ degrain: STRENGTH, denoise }));
  add(`degrain ${STRENGTH}, then denoise ${both.choice}`, both.found);
  return rows;
}

async function run(tools: PartTools): Promise<Section> {
  const rows: string[][] = [];
  const notes = [
    `Luma of ${FRAMES} frames from the middle of the longest shot, other grain in each (sigma ${SIGMA}/255 in mid-tones, half of it in black and white, clumps), then H.264 at crf ${CRF}. FFmpeg's filters and the network at the best of a few settings by PSNR, found on these very frames.`,
    'Flicker: root mean square, in 8-bit codes, of how far the error of a sample changes from frame to frame; 0 is what does not boil.',
  ];
  for (const name of CLIPS) {
    const file = dataPath('clips', `${name}.mp4`);
    if (file === undefined) notes.push(`clips/${name}.mp4 is not in the data folder and was skipped.`);
    else rows.push(...(await judgeClip(name, file, tools)));
  }
  return {
    id: 'quality-grain',
    title: 'Grain over time',
    columns: ['clip: method', 'PSNR', 'flicker'],
    rows,
    notes,
  };
}

export const grain: Part = { name: 'grain', summary: 'grain in clips, taken away over time', run };

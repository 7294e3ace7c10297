import { fixed, verdict, verdictBelow, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import type { Frame } from '../../../src/core/frame.ts';
import type { Stage } from '../../../src/core/stage.ts';
import { listModels } from '../../../src/restore/index.ts';
import { clipsAtHand, readClip, withoutColor } from '../clips.ts';
import { ColorJudge, type ColorFigures } from '../judge-color.ts';
import { readColorPack, tint, type ChromaLookup } from '../lookup.ts';
import { lumaOfRgb } from '../metrics/luma.ts';
import type { Part, PartTools } from '../part.ts';
import type { RgbPicture } from '../picture.ts';
import { grayFrame, rgbOfFrame, type Shipped } from '../shipped.ts';

const CLIPS = ['davis-dog', 'flower', 'bikes'];
/** Frames of a clip that are judged, evenly spread; all are colored, so that smoothing in time is what it is in a film. */
const JUDGED_FRAMES = 12;
/** Ratio (less is better), correlation and spread: must and aim. */
const GOALS = { ratio: [0.92, 0.8], correlation: [0.3, 0.6], spread: [0.35, 0.8] } as const;

function verdictOf({ ratio, correlation, spread }: ColorFigures): string {
  const words = [
    verdictBelow(ratio, ...GOALS.ratio),
    verdict(correlation, ...GOALS.correlation),
    verdict(spread, ...GOALS.spread),
  ];
  return ['missed', 'met'].find((word) => words.includes(word)) ?? 'aim reached';
}

function rowOf(data: string, method: string, figures: ColorFigures, isJudged: boolean): string[] {
  const { ratio, correlation, spread, colorfulness, histogram } = figures;
  const digits = [ratio, correlation, spread].map((value) => fixed(value, 3));
  return [
    `${data}: ${method}`,
    ...digits,
    fixed(colorfulness, 1),
    fixed(histogram, 3),
    isJudged ? verdictOf(figures) : '',
  ];
}

/** What `--colorize` does: the default chain, with smoothing in time for films. */
async function colorChain(shipped: Shipped, model: string, inTime: boolean): Promise<Stage[]> {
  return [
    await shipped.stage('colorize', {}, model),
    ...(inTime ? [await shipped.stage('chroma-anchor'), await shipped.stage('chroma-smooth')] : []),
    await shipped.stage('apply-chroma'),
  ];
}

/** Rows that are the same for photos and clips: the truth itself, the lookup, each model. */
async function rowsFor(
  data: string,
  truths: readonly RgbPicture[],
  lookup: ChromaLookup | undefined,
  colorings: (model: string) => Promise<RgbPicture[]>,
  { progress }: PartTools,
): Promise<string[][]> {
  const judge = new ColorJudge(truths);
  const rows = [rowOf(data, 'true color', judge.judge(truths), false)];
  if (lookup) {
    const tinted = truths.map((picture) => tint(picture, lookup));
    rows.push(rowOf(data, 'lookup from brightness', judge.judge(tinted), false));
  }
  for (const { id } of (await listModels()).filter(({ kind }) => kind === 'colorize')) {
    progress(`${data}, ${id}`);
    rows.push(rowOf(data, id, judge.judge(await colorings(id)), true));
  }
  return rows;
}

async function colorPhotos(shipped: Shipped, model: string, photos: readonly RgbPicture[]): Promise<RgbPicture[]> {
  const chain = await colorChain(shipped, model, false);
  const results: RgbPicture[] = [];
  for (const photo of photos) results.push(rgbOfFrame(await shipped.one(grayFrame(lumaOfRgb(photo)), chain)));
  return results;
}

async function run(tools: PartTools): Promise<Section> {
  const { shipped, progress } = tools;
  const rows: string[][] = [];
  const notes = [
    `Default settings. Must: ratio at most ${GOALS.ratio[0]}, correlation at least ${GOALS.correlation[0]}, spread at least ${GOALS.spread[0]}; aim: ${GOALS.ratio[1]}, ${GOALS.correlation[1]}, ${GOALS.spread[1]}. The verdict is that of the worst of the three.`,
    'CIEDE2000 ratio: mean difference to the true picture over that of the gray picture. Correlation and spread: of a and b inside a picture. Colorfulness: Hasler and Suesstrunk. Histogram: overlap of the chroma histograms over the set (PixColor).',
    `Photos: the 200 of training/holdout.json, which no network was trained on, one by one. Clips: all frames through the chain with smoothing in time, ${JUDGED_FRAMES} judged. Lookup: mean chroma for each of 32 brightnesses, learned from the pack's other photos.`,
  ];
  progress('reading the photos');
  const pack = await readColorPack((name) => dataPath(name));
  if (pack) {
    const photos = pack.holdout.map(({ picture }) => picture);
    rows.push(...(await rowsFor('photos', photos, pack.lookup, (model) => colorPhotos(shipped, model, photos), tools)));
  } else notes.push('The photo pack is not in the data folder: photos and lookup were skipped.');
  for (const [name, path] of clipsAtHand(CLIPS, notes)) {
    progress(`decoding ${name}`);
    const { frames, shots } = await readClip(path);
    const step = Math.max(1, Math.floor(frames.length / JUDGED_FRAMES));
    const isJudged = (frame: Frame): boolean => frame.index % step === 0 && frame.index < step * JUDGED_FRAMES;
    const truths = frames.filter(isJudged).map(rgbOfFrame);
    const colorings = async (model: string): Promise<RgbPicture[]> => {
      const results: RgbPicture[] = [];
      const chain = await colorChain(shipped, model, true);
      for await (const frame of shipped.run(frames.map(withoutColor), chain, shots)) {
        if (isJudged(frame)) results.push(rgbOfFrame(frame));
      }
      return results;
    };
    rows.push(...(await rowsFor(name, truths, pack?.lookup, colorings, tools)));
  }
  return {
    id: 'quality-colorize',
    title: 'Colorization of what no network has seen',
    columns: ['data: method', 'CIEDE2000 ratio', 'correlation', 'spread', 'colorfulness', 'histogram', ''],
    rows,
    notes,
  };
}

export const colorize: Part = { name: 'color', summary: 'colorization of held-out photos and clips', run };

import { fixed, type Section } from '../../common/report.ts';
import type { Frame, Plane } from '../../../src/core/frame.ts';
import { clipsAtHand, readClip, withoutColor, type Clip } from '../clips.ts';
import type { Part, PartTools } from '../part.ts';
import { uniforms } from '../random.ts';
import { frameOf } from '../shipped.ts';

const CLIPS = ['chaplin', 'davis-dog', 'flower', 'bikes'];
const MOST_FRAMES = 60;
const SPECKS = 12;
const STRENGTH = 0.5;

/** Adds a soft ellipse or line of one tone. `covers` is its share (0..1) of a sample. */
type Stain = (x: number, y: number) => { readonly covers: number; readonly code: number };

/** Dust of one frame: 1 to 5 samples of radius, black or white, nearly opaque. */
function specks(width: number, height: number, next: () => number): Stain[] {
  return Array.from({ length: SPECKS }, () => {
    const [cx, cy] = [next() * width, next() * height];
    const [rx, ry] = [0.8 + 3 * next() ** 2, 0.8 + 3 * next() ** 2];
    const code = next() < 0.5 ? 20 : 232;
    const covers = 0.7 + 0.3 * next();
    return (x, y) => ({
      covers: covers * Math.min(1, Math.max(0, 1.7 - Math.hypot((x - cx) / rx, (y - cy) / ry))),
      code,
    });
  });
}

/** A scratch over the whole height that sways, for some twenty frames. */
function scratch(width: number, frame: number, seed: number): Stain[] {
  const next = uniforms(seed + Math.floor(frame / 20));
  const middle = width * (0.1 + 0.8 * next());
  const [code, covers] = [next() < 0.5 ? 30 : 225, 0.35 + 0.25 * next()];
  const at = middle + Math.sin(frame * 1.3);
  return [(x) => ({ covers: covers * Math.max(0, 1 - Math.abs(x - at) / 1.3), code })];
}

interface Damaged {
  readonly frames: readonly Frame[];
  /** Samples of each frame that are damaged by 6 codes or more. */
  readonly places: readonly (readonly number[])[];
}

function damaged(clip: readonly Frame[], stainsOf: (frame: Frame) => Stain[]): Damaged {
  const places: number[][] = [];
  const frames = clip.map((frame) => {
    const { width, height } = frame.format;
    const luma = frame.planes[0]?.slice() ?? new Uint8Array();
    const stains = stainsOf(frame);
    const hit: number[] = [];
    for (let i = 0; i < width * height; i++) {
      const was = luma[i] ?? 0;
      let value = was;
      for (const stain of stains) {
        const { covers, code } = stain(i % width, Math.floor(i / width));
        value += covers * (code - value);
      }
      luma[i] = Math.round(value);
      if (Math.abs(value - was) >= 6) hit.push(i);
    }
    places.push(hit);
    return frameOf(frame.format, [luma], frame.index);
  });
  return { frames, places };
}

/** PSNR in dB over some samples of all frames; peak 255. */
function psnrAt(
  frames: readonly (Plane | undefined)[],
  truth: readonly Frame[],
  places: readonly (readonly number[])[],
): number {
  let [sum, count] = [0, 0];
  for (const [t, hit] of places.entries()) {
    for (const i of hit) sum += ((frames[t]?.[i] ?? 0) - (truth[t]?.planes[0]?.[i] ?? 0)) ** 2;
    count += hit.length;
  }
  return 10 * Math.log10((255 * 255 * count) / sum);
}

/** Samples per million that differ by more than 2 codes. */
function changed(one: readonly (Plane | undefined)[], other: readonly Frame[]): number {
  let [sum, count] = [0, 0];
  for (const [t, frame] of other.entries()) {
    const plane = frame.planes[0] ?? new Uint8Array();
    for (let i = 0; i < plane.length; i++) if (Math.abs((plane[i] ?? 0) - (one[t]?.[i] ?? 0)) > 2) sum++;
    count += plane.length;
  }
  return (1e6 * sum) / count;
}

async function through(
  tools: PartTools,
  clip: Clip,
  frames: readonly Frame[],
  kind: string,
): Promise<(Plane | undefined)[]> {
  const stage = await tools.shipped.stage(kind, { strength: STRENGTH });
  const planes: (Plane | undefined)[] = [];
  for await (const frame of tools.shipped.run(frames, [stage], clip.shots)) {
    planes.push(frame.planes[0]?.slice());
    frame.dispose();
  }
  return planes;
}

async function run(tools: PartTools): Promise<Section> {
  const rows: string[][] = [];
  const notes = [
    `Luma of at most ${MOST_FRAMES} frames. Dust: ${SPECKS} drawn specks a frame, other ones in each, 1 to 5 samples of radius. Scratches: one drawn line over the whole height that sways and changes after 20 frames. Strength ${STRENGTH}.`,
    'PSNR only over damaged samples (by 6 codes or more). False: samples per million of the clip without damage that change by more than 2 codes; nothing there is known to be dirt, though chaplin is real film.',
  ];
  for (const [name, path] of clipsAtHand(CLIPS, notes)) {
    tools.progress(name);
    const clip = await readClip(path);
    const truth = clip.frames.slice(0, MOST_FRAMES).map(withoutColor);
    const kinds = [
      ['dust', (frame: Frame) => specks(frame.format.width, frame.format.height, uniforms(300 + frame.index))],
      ['scratches', (frame: Frame) => scratch(frame.format.width, frame.index, 900)],
    ] as const;
    for (const [kind, stainsOf] of kinds) {
      const { frames, places } = damaged(truth, stainsOf);
      const before = frames.map(({ planes }) => planes[0]);
      const after = await through(tools, clip, frames, kind);
      const untouched = await through(tools, clip, truth, kind);
      rows.push([
        `${name}: ${kind}`,
        fixed(psnrAt(before, truth, places), 2),
        fixed(psnrAt(after, truth, places), 2),
        fixed(changed(untouched, truth), 0),
      ]);
    }
  }
  return {
    id: 'quality-damage',
    title: 'Dust and scratches',
    columns: ['clip: damage', 'PSNR damaged', 'PSNR restored', 'false, per million'],
    rows,
    notes,
  };
}

export const damage: Part = { name: 'damage', summary: 'dust and scratches drawn on clips, taken away', run };

import path from 'node:path';
import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import type { FrameIndex } from '../core/media.ts';
import type { DecodePlan } from '../core/plan.ts';
import { decodeFrames } from '../decode/index.ts';
import { readText, statOrUndefined, writeFileAtomic } from '../platform/files.ts';
import { ShotDetector } from '../temporal/index.ts';

/** Short side of the pictures that shots are found on. */
const ANALYSIS_SIDE = 72;

const INDEX_NAME = 'index.json';
const indexSchema = z.object({
  version: z.literal(1),
  /** Differences from one pts to the next, the first from 0: small numbers, since films are long. */
  steps: z.array(z.number().int()),
  lastDuration: z.number().int(),
  cuts: z.array(z.number().int()),
  decodeErrors: z.number().int(),
});

export interface AnalysisProgress {
  readonly framesDone: number;
}

function analysisSize(plan: DecodePlan): { width: number; height: number } {
  const { width, height } = plan.format;
  const scale = Math.min(1, ANALYSIS_SIDE / Math.min(width, height));
  const even = (value: number): number => Math.max(2, Math.round((value * scale) / 2) * 2);
  return { width: even(width), height: even(height) };
}

/**
 * One pass over the whole film at a small size: every timestamp, every cut, and the decoder's complaints. What segments,
 * resume and verification rest on. Throws INPUT_UNDECODABLE when not one frame comes out.
 */
export async function analyzeFilm(
  plan: DecodePlan,
  signal: AbortSignal,
  onProgress: (progress: AnalysisProgress) => void,
): Promise<FrameIndex> {
  const pts: bigint[] = [];
  let lastDuration = 0n;
  let decodeErrors = 0;
  const detector = new ShotDetector();
  const { width, height } = analysisSize(plan);
  const frames = decodeFrames(plan, { signal, analysis: { width, height }, onDamage: () => decodeErrors++ });
  for await (const frame of frames) {
    const [luma] = frame.planes;
    if (luma instanceof Uint8Array) detector.push(luma, width, height);
    pts.push(frame.pts);
    lastDuration = frame.duration;
    frame.dispose();
    onProgress({ framesDone: pts.length });
  }
  if (pts.length === 0) {
    throw new RestorationError('INPUT_UNDECODABLE', `Not one frame of ${plan.path} can be decoded.`, {
      hint: 'Check that the file plays, and that --start lies inside the film.',
    });
  }
  return { pts: BigInt64Array.from(pts), lastDuration, shots: detector.finish(), decodeErrors };
}

export async function saveIndex(index: FrameIndex, folder: string): Promise<void> {
  const steps: number[] = [];
  let previous = 0n;
  for (const pts of index.pts) {
    steps.push(Number(pts - previous));
    previous = pts;
  }
  const content = {
    version: 1,
    steps,
    lastDuration: Number(index.lastDuration),
    cuts: index.shots.map((shot) => shot.range.start),
    decodeErrors: index.decodeErrors,
  };
  await writeFileAtomic(path.join(folder, INDEX_NAME), JSON.stringify(content), folder);
}

/** The index of an earlier run in this work folder; undefined when there is none or it is not whole. */
export async function loadIndex(folder: string): Promise<FrameIndex | undefined> {
  const file = path.join(folder, INDEX_NAME);
  if (!(await statOrUndefined(file))) return undefined;
  let content: z.infer<typeof indexSchema>;
  try {
    content = indexSchema.parse(JSON.parse(await readText(file)));
  } catch {
    return undefined;
  }
  const pts = new BigInt64Array(content.steps.length);
  let at = 0n;
  content.steps.forEach((step, i) => (pts[i] = at += BigInt(step)));
  const shots = content.cuts.map((start, index) => ({
    index,
    range: { start, end: content.cuts[index + 1] ?? pts.length },
  }));
  return { pts, lastDuration: BigInt(content.lastDuration), shots, decodeErrors: content.decodeErrors };
}

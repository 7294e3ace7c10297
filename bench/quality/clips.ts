import type { Frame } from '../../src/core/frame.ts';
import type { Shot } from '../../src/core/range.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { ShotDetector } from '../../src/temporal/index.ts';
import { dataPath } from '../common/data.ts';
import { frameOf, lumaOfFrame } from './shipped.ts';

/** A decoded clip in memory, as the product decodes it. */
export interface Clip {
  readonly frames: readonly Frame[];
  readonly shots: readonly Shot[];
}

/** Those of the named clips that are in the data folder; a note for each that is not. */
export function clipsAtHand(names: readonly string[], notes: string[]): (readonly [name: string, path: string])[] {
  return names.flatMap((name) => {
    const path = dataPath('clips', `${name}.mp4`);
    if (path === undefined) notes.push(`clips/${name}.mp4 is not in the data folder and was skipped.`);
    return path === undefined ? [] : [[name, path] as const];
  });
}

export async function readClip(path: string): Promise<Clip> {
  const plan = planDecode(await probeMedia(path), { deinterlace: 'auto', crop: undefined, bakeRotation: true });
  const detector = new ShotDetector();
  const frames: Frame[] = [];
  for await (const frame of decodeFrames(plan, { signal: new AbortController().signal })) {
    const planes = frame.planes.map((plane) => plane.slice());
    const kept = frameOf(frame.format, planes, frame.index);
    const luma = lumaOfFrame(kept);
    detector.push(Uint8Array.from(luma.data), luma.width, luma.height);
    frames.push(kept);
    frame.dispose();
  }
  return { frames, shots: detector.finish() };
}

/** The frame without its color: what a colorizer gets. */
export function withoutColor({ format, planes, index }: Frame): Frame {
  const { bitDepth } = format.pixelFormat;
  return frameOf({ ...format, pixelFormat: { sampling: 'gray', bitDepth } }, planes.slice(0, 1), index);
}

/** The same with 10 bits, so that what is colored has finer steps of chroma than the source. */
export function withoutColor10({ format, planes, index }: Frame): Frame {
  const shift = 10 - format.pixelFormat.bitDepth;
  const luma = Uint16Array.from(planes[0] ?? [], (code) => (shift >= 0 ? code << shift : code >> -shift));
  return frameOf({ ...format, pixelFormat: { sampling: 'gray', bitDepth: 10 } }, [luma], index);
}

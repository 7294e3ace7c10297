import type { Frame } from '../../src/core/frame.ts';
import type { Shot } from '../../src/core/range.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { ShotDetector } from '../../src/temporal/index.ts';
import { frameOf, lumaOfFrame } from './shipped.ts';

/** A decoded clip in memory, as the product decodes it. */
export interface Clip {
  readonly frames: readonly Frame[];
  readonly shots: readonly Shot[];
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

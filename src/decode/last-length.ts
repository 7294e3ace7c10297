import type { DecodePlan } from '../core/plan.ts';
import { ticksToSeconds } from '../core/rational.ts';
import { nominalDuration } from './args.ts';
import { probeLengths } from './ffprobe.ts';
import { holdTicks } from './timestamps.ts';

/**
 * How long the file says that its last picture is shown, in ticks: raw pictures in a pipe have no length of their own, and the
 * last slide or the end of a screen recording may stay for seconds. Undefined where the file does not say, or no more than
 * that a constant rate goes on.
 */
export async function lastLength(plan: DecodePlan, pts: bigint, signal: AbortSignal): Promise<bigint | undefined> {
  if (plan.telecine !== 'none') return undefined;
  const { path, streamIndex, timeBase } = plan;
  const packets = await probeLengths({ path, streamIndex }, ticksToSeconds(pts, timeBase), signal);
  // With reordered pictures the last packet is another one, and its length tells of decoding.
  const last = packets.at(-1);
  if (last?.pts === undefined || BigInt(last.pts) !== pts || last.duration === undefined) return undefined;
  const length = BigInt(last.duration);
  if (length <= 0n) return undefined;
  return plan.variableFrameRate || length >= nominalDuration(plan) + holdTicks(plan) ? length : undefined;
}

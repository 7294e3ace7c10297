import type { Plan, StreamPlan } from '../core/plan.ts';
import { deepProbing, ownClock } from '../core/probing.ts';
import { ticksToSeconds } from '../core/rational.ts';
import type { Span } from './span.ts';
import { isCover } from './streams.ts';

/** MPEG's containers cut frames of sound anywhere: the rest of one takes the time of the next after a seek, and so on. */
const CUTS_FRAMES = ['mpeg', 'mpegts'];
const cutsFrames = ({ media }: Plan): boolean => media.container.split(',').some((name) => CUTS_FRAMES.includes(name));

/**
 * Microseconds by which all streams are later while a film is cut; the muxer takes them off again. FFmpeg leaves out what a cut
 * source has before zero. So that is where the cut comes to lie in a source that is read from some time before it, but for a
 * microsecond (`ownClock`); any other comes to lie behind zero as a whole.
 */
export function liftMicros(plan: Plan, span: Span): bigint {
  if (!span.trimmed) return 0n;
  if (cutsFrames(plan)) return 1n - span.shiftMicros;
  const { startTime } = plan.media;
  return startTime < 0 ? BigInt(Math.floor(-startTime) + 1) * 1_000_000n : 0n;
}

const liftSeconds = (plan: Plan, span: Span): number => Number(liftMicros(plan, span)) / 1e6;

/**
 * Copied packets from before the cut are left out, which FFmpeg keeps otherwise (a cover has no time), and what lies behind it:
 * this `-t` is an output's, which counts on the source's clock.
 */
export const copyWithinCut = (plan: Plan, mapped: readonly StreamPlan[], span: Span): string[] => [
  ...mapped.flatMap(({ action, index }, at) => {
    const source = plan.media.streams.find((stream) => stream.index === index);
    return action === 'copy' && source && !isCover(source) ? [`-copypriorss:${at}`, '0'] : [];
  }),
  ...['-t', (ticksToSeconds(span.end, plan.decode.timeBase) + liftSeconds(plan, span)).toFixed(6)],
];

/** Before a cut, so that all of the sound has been read where it begins. */
const LEAD_SECONDS = 5;

/**
 * The source as an input; of a trimmed film the part that its copied streams are taken from. Beside an absolute `-ss` FFmpeg
 * adds the start of the source to `-t` once more, so that this only keeps it from reading on and on.
 */
export function sourceInput(plan: Plan, span: Span): string[] {
  if (!span.trimmed) return source(plan, span);
  const { startTime } = plan.media;
  const at = (ticks: bigint): number => ticksToSeconds(ticks, plan.decode.timeBase);
  const from = cutsFrames(plan) ? Math.max(startTime, at(span.start) - LEAD_SECONDS) : at(span.start);
  const place = cutsFrames(plan) && from === startTime ? [] : ['-seek_timestamp', '1', '-ss', from.toFixed(6)];
  const length = at(span.end) - from + Math.max(0, liftSeconds(plan, span) - startTime);
  return [...place, '-t', length.toFixed(6), ...source(plan, span)];
}

function source(plan: Plan, span: Span): string[] {
  const { path, container } = plan.media;
  const lift = liftMicros(plan, span);
  const clock = lift === 0n ? ownClock(container) : ['-itsoffset', `${lift}us`];
  return [...clock, ...deepProbing(container), '-i', `file:${path}`];
}

/** Whether it is sound that is converted. */
export const isSound = ({ media }: Plan, { action, index }: StreamPlan): boolean =>
  action === 'convert' && media.streams.some((stream) => stream.index === index && stream.kind === 'audio');

/**
 * Sound that is converted is cut by a filter, from an input of its own: FFmpeg 5 counts the start of the source twice where
 * the place of a seek is an absolute time.
 */
export function cutSound(plan: Plan, span: Span): { input: string[]; filter: string } {
  const at = (ticks: bigint): number => ticksToSeconds(ticks, plan.decode.timeBase);
  const seek = at(span.start) - LEAD_SECONDS;
  const place = seek > plan.media.startTime ? ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seek.toFixed(6)] : [];
  const lift = liftSeconds(plan, span);
  return {
    input: [...place, ...source(plan, span)],
    filter: `atrim=start=${(at(span.start) + lift).toFixed(6)}:end=${(at(span.end) + lift).toFixed(6)}`,
  };
}

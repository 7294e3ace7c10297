import type { Plan, StreamPlan } from '../core/plan.ts';
import { deepProbing, ownClock } from '../core/probing.ts';
import { ticksToSeconds } from '../core/rational.ts';
import type { Span } from './span.ts';
import { isCover } from './streams.ts';

/** A place on the source's clock for FFmpeg. */
const seconds = ({ decode }: Plan, ticks: bigint): string => ticksToSeconds(ticks, decode.timeBase).toFixed(6);

/**
 * Whole seconds by which all streams are later while a film is cut: FFmpeg leaves out what a cut source has before zero, as one
 * of MPEG-TS has whose clock starts anew within its first minute. The muxer takes them off again.
 */
export const liftSeconds = ({ media }: Plan, span: Span): number =>
  span.trimmed && media.startTime < 0 ? Math.floor(-media.startTime) + 1 : 0;

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

/**
 * The source as an input; of a trimmed film the part that its copied streams are taken from. Beside an absolute `-ss` FFmpeg
 * adds the start of the source to `-t` once more, so that this only keeps it from reading on and on.
 */
export function sourceInput(plan: Plan, span: Span): string[] {
  const lift = liftSeconds(plan, span);
  const length = ticksToSeconds(span.end - span.start, plan.decode.timeBase) + 2 * lift;
  const cut = span.trimmed ? ['-seek_timestamp', '1', '-ss', seconds(plan, span.start), '-t', length.toFixed(6)] : [];
  return [...lifted(plan, lift), ...cut, ...deepProbing(plan.media.container), '-i', `file:${plan.media.path}`];
}

const lifted = (plan: Plan, seconds: number): readonly string[] =>
  seconds === 0 ? ownClock(plan.media.container) : ['-itsoffset', String(seconds)];

/** Whether it is sound that is converted. */
export const isSound = ({ media }: Plan, { action, index }: StreamPlan): boolean =>
  action === 'convert' && media.streams.some((stream) => stream.index === index && stream.kind === 'audio');

/** Before a cut, so that all of the sound that is converted has been read where it begins. */
const SOUND_LEAD_SECONDS = 5;

/**
 * Sound that is converted is cut by a filter, from an input of its own: FFmpeg 5 counts the start of the source twice where
 * the place of a seek is an absolute time.
 */
export function cutSound(plan: Plan, span: Span): { input: string[]; filter: string } {
  const at = (ticks: bigint): number => ticksToSeconds(ticks, plan.decode.timeBase);
  const seek = at(span.start) - SOUND_LEAD_SECONDS;
  const place = seek > plan.media.startTime ? ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', seek.toFixed(6)] : [];
  const lift = liftSeconds(plan, span);
  return {
    input: [...deepProbing(plan.media.container), ...place, ...lifted(plan, lift), '-i', `file:${plan.media.path}`],
    filter: `atrim=start=${(at(span.start) + lift).toFixed(6)}:end=${(at(span.end) + lift).toFixed(6)}`,
  };
}

import { pixelFormatName, type FrameFormat } from '../core/format.ts';
import type { EncodePlan } from '../core/plan.ts';
import type { Rational } from '../core/rational.ts';
import { encoderArgs } from './encoder-args.ts';

/** NUT holds every codec with its exact times in the plan's time base, and needs no header written last. */
export const segmentExtension = ({ codec }: Pick<EncodePlan, 'codec'>): string => `.${codec}.nut`;

/** NUT holds no negative times and films do: inside segments every time is this many seconds (times `timeBase.num`) later. */
const LEAD_SECONDS = 4096;
export const leadTicks = (timeBase: Rational): bigint => BigInt(LEAD_SECONDS) * BigInt(timeBase.den);
/** The same in whole seconds: exact in every unit that FFmpeg counts in. */
export const leadSeconds = (timeBase: Rational): number => LEAD_SECONDS * timeBase.num;

const rangeName = (format: FrameFormat): string => (format.color.range === 'full' ? 'pc' : 'tv');

/** Says what the raw pictures are, and brings them to the encoder's format with matrix and range named on both sides. */
export function conversionFilter(frames: FrameFormat, encoded: FrameFormat): string {
  const { matrix, transfer } = frames.color;
  // An encoder is told what the frames say, so that they may say no more than it can state.
  const { primaries } = encoded.color;
  const known = (name: string, value: string): string => (value === 'unknown' ? '' : `:${name}=${value}`);
  const tags = (range: string): string =>
    `setparams=range=${range}${known('colorspace', matrix)}${known('color_primaries', primaries)}${known('color_trc', transfer)}`;
  const [from, to] = [rangeName(frames), rangeName(encoded)];
  const format = pixelFormatName(encoded.pixelFormat);
  if (format === pixelFormatName(frames.pixelFormat) && from === to) return tags(from);
  const side = matrix === 'unknown' || matrix === 'gbr' ? '' : `in_color_matrix=${matrix}:out_color_matrix=${matrix}:`;
  const flags = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';
  return `${tags(from)},scale=${side}in_range=${from}:out_range=${to}:${flags},format=${format},${tags(to)}`;
}

export interface SegmentArgsOptions {
  readonly plan: EncodePlan;
  /** Format of the pictures on the pipe; its size is the plan's already. */
  readonly frames: FrameFormat;
  readonly timeBase: Rational;
  readonly frameRate: Rational;
  readonly path: string;
}

/** ffmpeg's arguments: raw pictures in NUT on stdin, one segment file out, progress on stdout. */
export function segmentArgs({ plan, frames, timeBase, frameRate, path }: SegmentArgsOptions): string[] {
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-y', '-copyts'],
    // Without these large pictures are buffered to guess what the header says.
    ...['-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0', '-f', 'nut', '-i', 'pipe:0'],
    ...['-map', '0:v:0', '-vf', conversionFilter(frames, plan.format)],
    ...['-fps_mode', 'passthrough', '-enc_time_base', `${timeBase.num}:${timeBase.den}`],
    ...encoderArgs(plan, frameRate),
    ...[
      '-fflags',
      '+bitexact',
      '-avoid_negative_ts',
      'disabled',
      '-progress',
      'pipe:1',
      '-stats_period',
      '1',
      '-f',
      'nut',
      `file:${path}`,
    ],
  ];
}

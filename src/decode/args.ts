import { pixelFormatName } from '../core/format.ts';
import type { DecodePlan } from '../core/plan.ts';
import { ownClock } from '../core/probing.ts';
import { rational, type Rational } from '../core/rational.ts';
import { inputUrl, INPUT_GUARD } from './input-name.ts';
import { conversionFilters } from './pixel-format.ts';

/** NUT holds no negative timestamps and sources do: every pts in the pipe is this much later. Exact in the doubles of FFmpeg's expressions. */
export const PTS_OFFSET = 2n ** 40n;

export interface DecodeArgsOptions {
  /** Absolute source time, in seconds, of a position at or before which decoding may start. */
  readonly seekSeconds?: number;
  /** Small 8-bit gray pictures of this size in place of the real ones. */
  readonly analysis?: { readonly width: number; readonly height: number };
}

/** Ticks of one frame at the plan's rate. */
export function nominalDuration({ frameRate, timeBase }: Pick<DecodePlan, 'frameRate' | 'timeBase'>): bigint {
  const ticks = (frameRate.den * timeBase.den) / (frameRate.num * timeBase.num);
  return BigInt(Math.max(1, Math.round(ticks)));
}

const TRANSPOSE = { 0: [], 90: ['transpose=clock'], 180: ['hflip', 'vflip'], 270: ['transpose=cclock'] } as const;

/** Frames a second that 3:2 pulldown makes of this film rate: 24000/1001 becomes 30000/1001. */
const beforePulldown = (film: Rational): Rational => rational(film.num * 5, film.den * 4);

function fieldFilters(plan: DecodePlan): string[] {
  const parity = plan.parity;
  if (plan.telecine === 'hard') {
    const { num, den } = beforePulldown(plan.frameRate);
    const order = plan.parity === 'auto' ? '' : `order=${parity}:`;
    const match = `${order}mode=pc_n:combmatch=full`;
    return [
      // Gaps are filled first: decimation counts frames, and a gap would shift picture against sound.
      `fps=${num}/${den}`,
      // Deeper pictures are matched by their 8-bit copy: fieldmatch takes nothing else.
      plan.format.pixelFormat.bitDepth === 8
        ? `fieldmatch=${match}`
        : `split[deep],format=yuv420p[small];[small][deep]fieldmatch=${match}:ppsrc=1`,
      // Fields that found no partner (at cuts) are left combed and marked: only those are interpolated.
      'bwdif=mode=send_frame:deint=interlaced',
      'decimate',
    ];
  }
  return plan.deinterlace === 'bwdif' ? [`bwdif=mode=send_frame:parity=${parity}:deint=all`] : [];
}

/** Several of these filters take no gray, or not at every depth: gray goes through them as the luma of 4:2:0. */
function throughColor({ format }: DecodePlan, filters: readonly string[]): readonly string[] {
  const { sampling, bitDepth } = format.pixelFormat;
  if (sampling !== 'gray' || filters.length === 0) return filters;
  const range = `in_range=${format.color.range}:out_range=${format.color.range}`;
  return [`scale=${range}`, `format=${pixelFormatName({ sampling: '420', bitDepth })}`, ...filters, 'extractplanes=y'];
}

/** Ticks between pictures of one time: two milliseconds, so that containers which count in those tell them apart; never a whole frame. */
function smallStep(plan: DecodePlan): bigint {
  const { num, den } = plan.timeBase;
  const apart = BigInt(Math.ceil((0.002 * den) / num));
  const half = nominalDuration(plan) / 2n;
  const step = apart < half ? apart : half;
  return step > 1n ? step : 1n;
}

/**
 * Gives every picture a timestamp later than the one before. Rules, in this order: a missing one is the last plus one
 * nominal frame; one not later than the last by less than a second becomes the last plus a small step; one that is further
 * back (a joined recording that starts again) moves the clock: it becomes the last plus one nominal frame, and all that
 * follow keep their distance to it.
 */
function timestampFilter(plan: DecodePlan): string {
  const offset = PTS_OFFSET.toString();
  const frame = nominalDuration(plan).toString();
  const step = smallStep(plan).toString();
  const second = Math.max(1, Math.round(plan.timeBase.den / plan.timeBase.num));
  const next = `PREV_OUTPTS+${frame}`;
  const shifted = `st(0,PTS+${offset}+ld(1))`;
  const later = `if(gt(ld(0),PREV_OUTPTS),ld(0),if(gt(ld(0),PREV_OUTPTS-${second}),PREV_OUTPTS+${step},st(1,ld(1)+${next}-ld(0));${next}))`;
  const following = `if(isnan(PTS),${next},${shifted};${later})`;
  const first = `if(isnan(PTS),${offset},PTS+${offset})`;
  return `setpts='if(isnan(PREV_OUTPTS),${first},${following})'`;
}

/** Arguments for ffmpeg: raw pictures of one stream with their own timestamps (plus PTS_OFFSET) as NUT on stdout. */
export function decodeArgs(plan: DecodePlan, options: DecodeArgsOptions = {}): string[] {
  const { timeBase, crop, format } = plan;
  const interlaced = plan.deinterlace === 'bwdif' || plan.telecine === 'hard';
  const sideways = plan.bakeRotation === 90 || plan.bakeRotation === 270;
  const turned = sideways ? { width: format.height, height: format.width } : format;
  const source = plan.sourceSize ?? turned;
  const converted = conversionFilters(plan.sourcePixelFormat, format.pixelFormat, format.color, interlaced);
  const filters = [
    ...converted,
    // Does nothing but where a recording changes its size midway: that part would come out otherwise after a seek.
    `scale=${source.width}:${source.height}`,
    // Named again, since a scaler lets every format follow.
    ...converted.slice(-1),
    ...throughColor(plan, [...fieldFilters(plan), ...(plan.mirror ? ['hflip'] : []), ...TRANSPOSE[plan.bakeRotation]]),
    ...(crop ? [`crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1`] : []),
    ...(options.analysis
      ? [`scale=${options.analysis.width}:${options.analysis.height}:flags=area`, 'format=gray']
      : []),
    `settb=${timeBase.num}/${timeBase.den}`,
    timestampFilter(plan),
  ];
  const seek =
    options.seekSeconds === undefined
      ? []
      : ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', options.seekSeconds.toFixed(6)];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'repeat+level+warning'],
    // One thread: pictures that are concealed come out the same each time only without frame threads.
    ...['-threads', '1', '-max_error_rate', '1', '-noautorotate', '-copyts'],
    ...seek,
    ...(plan.container === undefined ? [] : ownClock(plan.container)),
    ...INPUT_GUARD,
    ...['-i', inputUrl(plan.path), '-map', `0:${plan.streamIndex}`],
    ...['-vf', filters.join(','), '-fps_mode', 'passthrough', '-enc_time_base', `${timeBase.num}:${timeBase.den}`],
    ...['-c:v', 'rawvideo', '-f', 'nut', 'pipe:1'],
  ];
}

import type { FrameIndex, MediaStream } from '../core/media.ts';
import type { Container, Plan, StreamPlan } from '../core/plan.ts';
import { rational, rescale, type Rational } from '../core/rational.ts';
import { colorArgs } from './encoder-args.ts';
import { MAX_INTERLEAVE_MICROS } from './packets.ts';
import { copyWithinCut, cutSound, isSound, liftMicros, sourceInput } from './mux-inputs.ts';
import { leadSeconds } from './segment-args.ts';
import { filmSpan, MICROSECONDS, type Span } from './span.ts';
import { isCover } from './streams.ts';
import { fileTags, streamTags, usesFreeTags, videoTags } from './tags.ts';

const FORMATS: Readonly<Record<Container, string>> = {
  mp4: 'mp4',
  mov: 'mov',
  mkv: 'matroska',
  webm: 'webm',
  avi: 'avi',
  mpegts: 'mpegts',
  nut: 'nut',
};

/** A picture of the source that goes into a Matroska file as an attachment, which is how that container holds a cover. */
export interface CoverFile {
  readonly path: string;
  readonly fileName: string;
  readonly mimeType: string;
}

export interface MuxArgsOptions {
  readonly plan: Plan;
  readonly index: FrameIndex;
  readonly output: string;
  /** Ticks of the joined segments. */
  readonly segmentTimeBase: Rational;
  /** Major version of ffmpeg: 5 states a rotation by a tag, 6 and later by an option. */
  readonly major: number;
  /** Chapters as an ffmetadata file; undefined to take the source's as they are. */
  readonly chapters: string | undefined;
  readonly covers: readonly CoverFile[];
  /** Milliseconds by which copies of streams would come too early, by the stream's index (`opusLags`). */
  readonly lags?: ReadonlyMap<number, number>;
  /** What converted subtitles that are no UTF-8 are read as, by the stream's index (`textEncodings`). */
  readonly encodings?: ReadonlyMap<number, string>;
}

/** Covers that the mux cannot copy: in Matroska they would become video tracks. */
export const coversToAttach = (plan: Plan): MediaStream[] =>
  plan.encode.container === 'mkv'
    ? plan.media.streams.filter(
        (stream) =>
          isCover(stream) && plan.streams.some(({ index, action }) => index === stream.index && action === 'copy'),
      )
    : [];

/** Streams that get a place in the output by `-map`, in its order. */
export function mappedStreams(plan: Plan): StreamPlan[] {
  const attached = new Set(coversToAttach(plan).map(({ index }) => index));
  return plan.streams.filter(({ action, index }) => action !== 'drop' && !attached.has(index));
}

/** Far below what 32 bits hold, so that durations of many hours fit too. */
const MAX_MOVIE_TIMESCALE = 100_000_000;

/**
 * A movie clock in which the starts of all tracks are whole numbers: MP4 and QuickTime round them to it. The default,
 * 1/1000, would move the first frame.
 */
export function movieTimescale(timeBase: Rational, others: readonly Rational[]): number {
  let scale = timeBase.den;
  for (const { den } of others) {
    const next = scale * rational(scale, den).den;
    if (next <= MAX_MOVIE_TIMESCALE) scale = next;
  }
  return scale;
}

function containerArgs({ plan, output, segmentTimeBase }: MuxArgsOptions, spec: string): string[] {
  const { container, codec } = plan.encode;
  switch (container) {
    case 'mp4':
    case 'mov': {
      const bases = plan.media.streams.filter(({ kind }) => kind === 'audio').map((stream) => stream.timeBase);
      return [
        ...['-video_track_timescale', String(segmentTimeBase.den)],
        ...['-movie_timescale', String(movieTimescale(segmentTimeBase, bases))],
        // FLAC in MP4 counts as experimental in FFmpeg 5.
        ...['-strict', 'experimental'],
        ...(usesFreeTags(plan) ? ['-movflags', '+use_metadata_tags'] : []),
        ...(codec === 'hevc' ? [`-tag:${spec}`, 'hvc1'] : []),
      ];
    }
    case 'mpegts':
      return [
        ...['-mpegts_copyts', '1'],
        // Each frame of sound with its own time: FFmpeg packs several under one otherwise, and gaps between them are lost.
        ...['-pes_payload_size', '0'],
        ...(/\.m2?ts$/i.test(output) && !/\.ts$/i.test(output) ? ['-mpegts_m2ts_mode', '1'] : []),
      ];
    case 'avi': {
      // FFmpeg would count half frames, every other one empty. All streams begin together, so that nothing moves the picture.
      const { num, den } = plan.decode.frameRate;
      return [`-r:${spec}`, `${num}/${den}`, '-avoid_negative_ts', 'disabled'];
    }
    case 'mkv':
    case 'webm':
    case 'nut':
      return [];
  }
}

/** Ticks of the video track in a container that has its own, whatever goes in. */
function muxerTimeBase(container: Container, segments: Rational): Rational {
  switch (container) {
    case 'mp4':
    case 'mov':
      return rational(1, segments.den);
    case 'mkv':
    case 'webm':
      return rational(1, 1000);
    case 'mpegts':
      return rational(1, 90_000);
    case 'avi':
    case 'nut':
      return segments;
  }
}

/**
 * NUT has no durations: without this the last frame would have none, or a nominal one. FFmpeg 5 shows this filter the
 * muxer's ticks, later ones those of the input.
 */
function lastFrameFilter({ plan, index, segmentTimeBase, major }: MuxArgsOptions, span: Span): string {
  const ticks = major < 6 ? muxerTimeBase(plan.encode.container, segmentTimeBase) : segmentTimeBase;
  const { timeBase } = plan.decode;
  const lift = rescale(liftMicros(plan, span), MICROSECONDS, timeBase);
  const place = (at: bigint): bigint => rescale(at + lift, timeBase, ticks);
  const [start, end] = [place(index.pts.at(-1) ?? 0n), place(span.end)];
  // All three are named: in 5.1 `duration` alone spoils the pts of reordered frames.
  return `setts=pts=PTS:dts=DTS:duration='if(gte(PTS,${start}),${end - start},DURATION)'`;
}

function rotationTag({ encode }: Plan, major: number, spec: string): string[] {
  // The tag counts counterclockwise, as the display matrix does; 6.0 and later take an input option instead.
  return encode.displayRotation !== 0 && major < 6
    ? [`-metadata:s:${spec}`, `rotate=${360 - encode.displayRotation}`]
    : [];
}

/** ffmpeg's arguments to put the segments (one NUT stream on stdin) together with the source's other streams. Pure. */
export function muxArgs(options: MuxArgsOptions): string[] {
  const { plan, index, major, chapters, covers, output } = options;
  const { encode, media } = plan;
  const span = filmSpan(plan, index);
  const lift = liftMicros(plan, span);
  const back = span.shiftMicros + lift;
  const lead = BigInt(leadSeconds(plan.decode.timeBase)) * 1_000_000n;
  const mapped = mappedStreams(plan);
  const place = mapped.findIndex(({ action }) => action === 'restore');
  const video = media.streams.find((stream) => stream.index === media.video.streamIndex);
  const rotation =
    encode.displayRotation !== 0 && major >= 6 ? ['-display_rotation', String(-encode.displayRotation)] : [];
  const sound = span.trimmed && mapped.some((own) => isSound(plan, own)) ? cutSound(plan, span) : undefined;
  const soundInput = chapters === undefined ? 2 : 3;
  const maps = mapped.flatMap((own) => {
    if (own.action === 'restore') return ['-map', '0:v:0'];
    return ['-map', `${sound && isSound(plan, own) ? soundInput : 1}:${own.index}`];
  });
  const codecs = mapped.flatMap(({ codec }, at) =>
    codec === undefined ? [`-c:${at}`, 'copy'] : [`-c:${at}`, codec, `-flags:${at}`, '+bitexact'],
  );
  // Our video is the first of its kind unless the source has another before it.
  const spec = String(place);
  const tags = mapped.flatMap((own, at) =>
    (own.action === 'restore' ? videoTags(plan, span) : streamTags(plan, own.index)).flatMap(([key, value]) => [
      `-metadata:s:${at}`,
      `${key}=${value}`,
    ]),
  );
  const dispositions = video?.dispositions.filter((name) => name !== 'attached_pic').join('+') ?? '';
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-y', '-copyts', ...rotation],
    ...['-itsoffset', `${lift - lead}us`, '-f', 'nut', '-i', 'pipe:0'],
    ...[...(options.encodings ?? [])].flatMap(([stream, encoding]) => [`-sub_charenc:${stream}`, encoding]),
    ...sourceInput(plan, span),
    ...(chapters === undefined ? [] : ['-f', 'ffmetadata', '-i', `file:${chapters}`]),
    ...(sound?.input ?? []),
    ...maps,
    ...codecs,
    ...mapped.flatMap((own, at) => (sound && isSound(plan, own) ? [`-filter:${at}`, sound.filter] : [])),
    ...(span.trimmed ? copyWithinCut(plan, mapped, span) : []),
    ...['-map_metadata', '1', '-map_chapters', chapters === undefined ? '1' : '2'],
    ...fileTags(plan, span).flatMap(([key, value]) => ['-metadata', `${key}=${value}`]),
    ...colorArgs(plan.encode, `:${spec}`),
    ...tags,
    ...rotationTag(plan, major, spec),
    ...[`-disposition:${spec}`, dispositions === '' ? '0' : dispositions],
    ...[`-bsf:${spec}`, lastFrameFilter(options, span)],
    ...mapped.flatMap(({ index: from }, at) => {
      const lag = options.lags?.get(from);
      // As above: FFmpeg 5 shows Matroska's milliseconds, later ones the input's ticks.
      return lag === undefined ? [] : [`-bsf:${at}`, `setts=ts=TS+${major < 6 ? lag : `${lag / 1000}/TB`}`];
    }),
    ...covers.flatMap(({ path, fileName, mimeType }, at) => [
      ...['-attach', `file:${path}`, `-metadata:s:t:${at + attachments(plan)}`, `mimetype=${mimeType}`],
      ...[`-metadata:s:t:${at + attachments(plan)}`, `filename=${fileName}`],
    ]),
    ...(back === 0n ? [] : ['-output_ts_offset', `${-back}us`]),
    ...containerArgs(options, spec),
    ...[
      '-max_interleave_delta',
      MAX_INTERLEAVE_MICROS,
      '-fflags',
      '+bitexact',
      '-progress',
      'pipe:1',
      '-stats_period',
      '1',
      '-f',
      FORMATS[encode.container],
      `file:${output}`,
    ],
  ];
}

/** Attachments that are copied; covers come after them. */
const attachments = (plan: Plan): number =>
  plan.media.streams.filter(
    ({ kind, index }) =>
      kind === 'attachment' && plan.streams.some((own) => own.index === index && own.action === 'copy'),
  ).length;

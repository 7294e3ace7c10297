import { codeRange } from '../core/color.ts';
import { RestorationError } from '../core/errors.ts';
import type { ChromaLocation } from '../core/format.ts';
import type { MediaInfo, MediaStream, StreamKind, VideoInfo } from '../core/media.ts';
import { parseRational, rational, toNumber } from '../core/rational.ts';
import { resolveColor } from './color.ts';
import { fieldFits } from './combing.ts';
import { diagnose, looksFullRange, type SampleGroup } from './diagnosis.ts';
import {
  probeContainer,
  probeFrames,
  probePackets,
  type ProbedContainer,
  type ProbedFrame,
  type ProbedPacket,
  type ProbedStream,
} from './ffprobe.ts';
import { classifyFields, statedFieldOrder } from './fields.ts';
import { identify } from './fingerprint.ts';
import { contentLight, extrasOf, masteringDisplay, turnOf } from './side-data.ts';
import { workingFormat } from './pixel-format.ts';
import { sampleFields, samplePictures, type SampleTarget } from './sample.ts';
import { entersGradually, findTiming, framesBySize, type Timing } from './timing.ts';

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** Overrides what the file says about its color: 'bt709', 'bt601', 'smpte170m:limited', 'full', ... */
  readonly inputColor?: string;
}

const KINDS: readonly StreamKind[] = ['video', 'audio', 'subtitle', 'data', 'attachment'];
const number = (text: string | undefined): number | undefined => {
  const value = Number(text);
  return text === undefined || !Number.isFinite(value) ? undefined : value;
};

/** Broadcasts announce sound and pictures that are sent at other times only, or that a recorder did not keep. */
function isUndescribed({ codec_type: kind, sample_rate, width = 0 }: ProbedStream): boolean {
  return (kind === 'audio' && !(Number(sample_rate) > 0)) || (kind === 'video' && width === 0);
}

function mediaStream(stream: ProbedStream): MediaStream {
  const tags = stream.tags ?? {};
  const dispositions = Object.entries(stream.disposition ?? {});
  const bitRate = number(stream.bit_rate);
  return {
    index: stream.index,
    kind: KINDS.find((kind) => kind === stream.codec_type) ?? 'unknown',
    codec: stream.codec_name ?? 'unknown',
    ...(stream.codec_tag_string === undefined ? {} : { codecTag: stream.codec_tag_string }),
    timeBase: parseRational(stream.time_base) ?? rational(1, 1000),
    startTime: number(stream.start_time),
    duration: number(stream.duration),
    ...(bitRate === undefined ? {} : { bitRate }),
    language: tags['language'],
    title: tags['title'],
    tags,
    dispositions: dispositions.filter(([, set]) => set !== 0).map(([name]) => name),
    ...(isUndescribed(stream) ? { undescribed: true } : {}),
  };
}

/** The film: the first video stream marked as default, else the first; covers, thumbnails and what is only announced are none. */
function findVideo(path: string, container: ProbedContainer): ProbedStream {
  const films = container.streams.filter(
    ({ codec_type, disposition = {} }) =>
      codec_type === 'video' && !disposition['attached_pic'] && !disposition['timed_thumbnails'],
  );
  const described = films.filter((stream) => !isUndescribed(stream));
  const film = described.find(({ disposition = {} }) => disposition['default']) ?? described[0] ?? films[0];
  if (film) return film;
  const kinds = [...new Set(container.streams.map((stream) => stream.codec_type ?? 'unknown'))].join(', ');
  throw new RestorationError(
    'INPUT_NO_VIDEO',
    `${path} has no video stream (found: ${kinds === '' ? 'nothing' : kinds}).`,
    {
      hint: 'Name a file that holds a film.',
    },
  );
}

const CHROMA_LOCATIONS: readonly ChromaLocation[] = ['left', 'center', 'topleft', 'top', 'bottomleft', 'bottom'];

/** Places of a long film whose packets are looked at; a short one is looked at from its beginning. */
const PARTS = [0, 0.3, 0.6, 0.9] as const;
const TIMING_PACKETS = 300;
/** The place whose frames are decoded: past logos and leader. */
const FLAG_PART = 1;
/** Frames whose flags are looked at. */
const FLAG_FRAMES = 120;
const LONG_SECONDS = 60;

/** Interlaced formats end at 1080 lines (1088 as coded) and 30 frames a second. */
const MAX_INTERLACED_LINES = 1088;
const MAX_INTERLACED_RATE = 31;

/**
 * What a film is: container and streams from ffprobe, timing from sampled packets, fields and telecine from flags and pictures, the
 * diagnosis from pictures sampled over the film. Reads a bounded part of the file whatever its length.
 *
 * Errors: INPUT_MISSING, INPUT_UNREADABLE, INPUT_NOT_A_FILE, INPUT_EMPTY, INPUT_NOT_MEDIA, INPUT_NO_VIDEO,
 * INPUT_UNDECODABLE, USAGE (an unknown `inputColor`), FFMPEG_MISSING, FFMPEG_TOO_OLD.
 */
export async function probeMedia(path: string, options: ProbeOptions = {}): Promise<MediaInfo> {
  const { signal, inputColor } = options;
  const { fingerprint, head } = await identify(path);
  const container = await probeContainer(path, head, signal);
  const film = findVideo(path, container);
  const { width, height, pix_fmt: sourcePixelFormat } = film;
  if (width === undefined || height === undefined || width === 0 || height === 0 || sourcePixelFormat === undefined) {
    throw undecodable(path, film);
  }
  const startTime = number(container.format.start_time) ?? 0;
  const duration = number(film.duration) ?? number(film.tags?.['DURATION']) ?? number(container.format.duration);
  const long = duration !== undefined && duration > LONG_SECONDS;
  const places = long ? PARTS.map((part) => startTime + part * duration) : [0];
  const file = { path, container: container.format.format_name, streamIndex: film.index };
  const packets = await probePackets(file, places, TIMING_PACKETS, signal);
  const timing = timingOf(film, packets);
  const working = workingFormat(sourcePixelFormat);
  const frames = await probeFrames(file, places[FLAG_PART] ?? 0, FLAG_FRAMES, signal);
  const stated = { ...film, ...firstStated(frames) };
  const target: SampleTarget = {
    path,
    streamIndex: film.index,
    width,
    height,
    gray: working.pixelFormat.sampling === 'gray',
    fullRange: working.fullRange || stated.color_range === 'pc',
    startTime,
    duration,
    signal,
  };
  const groups = await samplePictures(target);
  if (groups.length === 0) throw undecodable(path, film);
  const rate = toNumber(timing.frameRate);
  const counted =
    statedFrames(film, duration, rate) ?? framesBySize(packets[0] ?? [], TIMING_PACKETS, fingerprint.sizeBytes);
  const mayBeInterlaced = height <= MAX_INTERLACED_LINES && rate < MAX_INTERLACED_RATE;
  const fields = classifyFields({
    stated: statedFieldOrder(film.field_order),
    frames,
    fits: mayBeInterlaced ? fieldFits(groups) : [],
    repeats: mayBeInterlaced && Math.abs(rate - 30) < 0.1 ? await sampleFields(target) : [],
  });
  const { color, guessed } = resolveColor(stated, {
    height,
    rgb: working.rgb,
    impliedRange: impliedRange(working.fullRange, target.gray, groups),
    inputColor,
  });
  const video: VideoInfo = {
    streamIndex: film.index,
    codec: film.codec_name ?? 'unknown',
    profile: film.profile,
    width,
    height,
    sourcePixelFormat,
    pixelFormat: working.pixelFormat,
    color,
    colorGuessed: guessed,
    chromaLocation: CHROMA_LOCATIONS.find((location) => location === film.chroma_location) ?? 'unspecified',
    sampleAspectRatio: aspect(film.sample_aspect_ratio),
    ...turnOf(film.side_data_list),
    timeBase: parseRational(film.time_base) ?? rational(1, 1000),
    frameRate: timing.frameRate,
    variableFrameRate: timing.variable && fields.telecine === 'none',
    ...fields,
    seekUnsafe: entersGradually(packets[FLAG_PART] ?? packets[0] ?? [], frames),
    // Inverse telecine takes one frame of five away.
    estimatedFrames: Math.max(1, Math.round(counted * (fields.telecine === 'hard' ? 0.8 : 1))),
    masteringDisplay: masteringDisplay([film.side_data_list, frames[0]?.side_data_list]),
    contentLight: contentLight([film.side_data_list, frames[0]?.side_data_list]),
    ...extrasOf([film.side_data_list, ...frames.map((frame) => frame.side_data_list)], film.closed_captions === 1),
  };
  return {
    path,
    fingerprint,
    container: container.format.format_name,
    durationSeconds: number(container.format.duration),
    startTime,
    streams: container.streams.map(mediaStream),
    chapters: container.chapters.length,
    tags: container.format.tags ?? {},
    video,
    diagnosis: diagnose(groups, codeRange(target.fullRange ? 'full' : color.range, 8).black),
  };
}

const undecodable = (path: string, film: ProbedStream): RestorationError =>
  new RestorationError(
    'INPUT_UNDECODABLE',
    `No picture of ${path} can be decoded (${film.codec_name ?? 'unknown codec'}).`,
    {
      hint: 'The file is damaged or of a kind that this FFmpeg cannot decode; see if it plays in a video player.',
    },
  );

const timingOf = (film: ProbedStream, packets: readonly (readonly ProbedPacket[])[]): Timing =>
  findTiming(
    packets.map((part) => part.map((packet) => packet.pts)),
    parseRational(film.time_base) ?? rational(1, 1000),
    parseRational(film.r_frame_rate),
    parseRational(film.avg_frame_rate),
  );

/** Color that the first decoded frames state where the stream header does not. */
function firstStated(frames: readonly ProbedFrame[]): Partial<ProbedStream> {
  const said = (key: 'color_space' | 'color_transfer' | 'color_primaries' | 'color_range'): object => {
    const value = frames.find((frame) => frame[key] !== undefined && frame[key] !== 'unknown')?.[key];
    return value === undefined ? {} : { [key]: value };
  };
  return { ...said('color_space'), ...said('color_transfer'), ...said('color_primaries'), ...said('color_range') };
}

const impliedRange = (
  named: boolean,
  gray: boolean,
  groups: readonly SampleGroup[],
): 'full' | 'limited' | undefined => {
  if (named) return 'full';
  return gray && looksFullRange(groups.flatMap((group) => group.slice(0, 1))) ? 'full' : undefined;
};

const aspect = (text: string | undefined): VideoInfo['sampleAspectRatio'] => {
  const ratio = parseRational(text);
  return ratio === undefined || ratio.num <= 0 ? rational(1) : ratio;
};

function statedFrames(film: ProbedStream, duration: number | undefined, rate: number): number | undefined {
  const counted = Number(film.nb_frames);
  if (Number.isInteger(counted) && counted > 0) return counted;
  return duration === undefined ? undefined : Math.round(duration * rate);
}

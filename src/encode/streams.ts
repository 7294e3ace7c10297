import type { MediaInfo, MediaStream } from '../core/media.ts';
import type { Container, StreamPlan } from '../core/plan.ts';
import { holdsSound, losslessSound } from './sound.ts';

/** Text subtitles that FFmpeg can turn into each other. */
const TEXT_SUBTITLES: ReadonlySet<string> = new Set([
  'subrip',
  'srt',
  'ass',
  'ssa',
  'mov_text',
  'webvtt',
  'text',
  'eia_608',
  'microdvd',
  'subviewer',
  'jacosub',
  'sami',
  'realtext',
  'mpl2',
  'stl',
]);

interface Ability {
  /** Subtitle codecs that are stored as they are. */
  readonly subtitles: ReadonlySet<string>;
  /** What other text subtitles are converted to. */
  readonly textTarget: string | undefined;
  readonly data: (stream: MediaStream) => boolean;
  readonly attachments: boolean;
  readonly video: (stream: MediaStream) => boolean;
}

const anyOf = (...names: string[]): ReadonlySet<string> => new Set(names);
/** Whether a video stream is a picture of the film rather than the film. */
export const isCover = (stream: MediaStream): boolean => stream.dispositions.includes('attached_pic');
const COVERS = anyOf('mjpeg', 'png', 'bmp');

const MP4_VIDEO = anyOf(
  ...['h264', 'hevc', 'av1', 'vp9', 'mpeg4', 'mpeg2video', 'mpeg1video', 'mjpeg', 'png', 'jpeg2000', 'vc1'],
);
const MOV_VIDEO = anyOf(
  ...[
    'h264',
    'hevc',
    'mpeg4',
    'mpeg2video',
    'mjpeg',
    'png',
    'prores',
    'dvvideo',
    'dnxhd',
    'qtrle',
    'rawvideo',
    'cinepak',
  ],
);
/** Codecs whose data tracks FFmpeg puts back into MP4 and QuickTime; time code tracks it makes anew from their tag. */
const MOV_DATA = anyOf('bin_data');
const TS_DATA = anyOf('klv', 'timed_id3');

/** What each container holds when FFmpeg 5.1 and newer writes it; found by trying. */
const ABILITIES: Readonly<Record<Container, Ability>> = {
  mp4: {
    subtitles: anyOf('mov_text', 'dvd_subtitle'),
    textTarget: 'mov_text',
    data: (stream) => MOV_DATA.has(stream.codec),
    attachments: false,
    video: (stream) => (isCover(stream) ? COVERS.has(stream.codec) : MP4_VIDEO.has(stream.codec)),
  },
  mov: {
    subtitles: anyOf('mov_text', 'eia_608'),
    textTarget: 'mov_text',
    data: (stream) => MOV_DATA.has(stream.codec),
    attachments: false,
    video: (stream) => !isCover(stream) && MOV_VIDEO.has(stream.codec),
  },
  mkv: {
    subtitles: anyOf(
      ...['subrip', 'srt', 'ass', 'ssa', 'webvtt', 'text', 'hdmv_pgs_subtitle', 'dvd_subtitle', 'dvb_subtitle'],
      'hdmv_text_subtitle',
    ),
    textTarget: 'subrip',
    data: () => false,
    attachments: true,
    video: () => true,
  },
  webm: {
    subtitles: anyOf('webvtt'),
    textTarget: 'webvtt',
    data: () => false,
    attachments: false,
    video: (stream) => !isCover(stream) && ['vp8', 'vp9', 'av1'].includes(stream.codec),
  },
  avi: {
    subtitles: anyOf(),
    textTarget: undefined,
    data: () => false,
    attachments: false,
    video: (stream) => !isCover(stream),
  },
  mpegts: {
    subtitles: anyOf('dvb_subtitle', 'dvb_teletext', 'hdmv_pgs_subtitle'),
    textTarget: undefined,
    data: (stream) => TS_DATA.has(stream.codec),
    attachments: false,
    video: (stream) => !isCover(stream) && ['h264', 'hevc', 'mpeg2video', 'mpeg4', 'mpeg1video'].includes(stream.codec),
  },
  nut: {
    subtitles: anyOf('subrip', 'srt', 'ass', 'ssa', 'webvtt'),
    textTarget: undefined,
    data: () => false,
    attachments: false,
    video: (stream) => !isCover(stream),
  },
};

/** A stream's fate, and whether another container could keep more of it. */
export interface StreamFate {
  readonly plan: StreamPlan;
  readonly lost: boolean;
}

/** Tracks that MP4 and QuickTime muxers write themselves from chapters and from the time code tag. */
function isRewritten(stream: MediaStream, media: MediaInfo): string | undefined {
  if (stream.kind !== 'data' || !media.container.split(',').includes('mp4')) return undefined;
  if (stream.codecTag === 'tmcd' || stream.codec === 'tmcd' || stream.tags['timecode'] !== undefined) {
    return 'its time code is written again from the tag.';
  }
  const isText = stream.codecTag === undefined || stream.codecTag === 'text';
  return stream.codec === 'bin_data' && isText && media.chapters > 0
    ? 'the track of chapter titles is written again from the chapters.'
    : undefined;
}

export function planStream(stream: MediaStream, media: MediaInfo, container: Container): StreamFate {
  const { index, codec, kind } = stream;
  const ability = ABILITIES[container];
  const copy: StreamFate = { plan: { index, action: 'copy' }, lost: false };
  const drop = (reason: string): StreamFate => ({ plan: { index, action: 'drop', reason }, lost: true });
  const refused = `${codec} ${isCover(stream) ? 'cover' : kind} cannot be stored in this container and is left out.`;
  if (index === media.video.streamIndex) return { plan: { index, action: 'restore' }, lost: false };
  if (stream.undescribed) {
    const reason = `${codec} ${kind} is announced, but nothing of it was found; it is left out.`;
    return { plan: { index, action: 'drop', reason }, lost: false };
  }
  switch (kind) {
    case 'video':
      return ability.video(stream) ? copy : drop(refused);
    case 'audio': {
      if (holdsSound(container, codec)) return copy;
      const target = losslessSound(container, codec);
      if (target === undefined) return drop(refused);
      const reason = `${codec} sound becomes ${target}, a lossless form that this container has.`;
      // Another container may hold it as it is; where Matroska does not, nobody does.
      return { plan: { index, action: 'convert', codec: target, reason }, lost: container !== 'mkv' };
    }
    case 'subtitle': {
      if (ability.subtitles.has(codec)) return copy;
      const target = ability.textTarget;
      if (target === undefined || !TEXT_SUBTITLES.has(codec)) return drop(refused);
      const reason = `${codec} subtitles become ${target}, which is the text form that this container has.`;
      return { plan: { index, action: 'convert', codec: target, reason }, lost: false };
    }
    case 'data': {
      const rewritten = isRewritten(stream, media);
      if (rewritten !== undefined) return { plan: { index, action: 'drop', reason: rewritten }, lost: false };
      return ability.data(stream) ? copy : drop(refused);
    }
    case 'attachment':
      return ability.attachments ? copy : drop('attachments cannot be stored in this container; it is left out.');
    case 'unknown':
      return drop('its kind is not known to FFmpeg; it is left out.');
  }
}

/** What happens to every stream of the source in `container`, in the source's order. Pure. */
export const planStreams = (media: MediaInfo, container: Container): StreamPlan[] =>
  media.streams.map((stream) => planStream(stream, media, container).plan);

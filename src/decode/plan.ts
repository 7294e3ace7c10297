import { pixelFormatName, type ChromaLocation, type FrameFormat, type PixelFormat } from '../core/format.ts';
import type { MediaInfo, Rect, VideoInfo } from '../core/media.ts';
import type { DecodePlan } from '../core/plan.ts';
import { ownClock } from '../core/probing.ts';
import { rational, toNumber, type Rational } from '../core/rational.ts';
import { workingFormat } from './pixel-format.ts';

export interface PlanDecodeOptions {
  /** 'auto' follows what the probe found; 'on' deinterlaces whatever the source says; 'off' leaves fields (and telecine) as they are. */
  readonly deinterlace: 'auto' | 'off' | 'on';
  /** Part of the coded picture (before rotation) to work on, as `Diagnosis.activeArea` gives it. */
  readonly crop: Rect | undefined;
  readonly bakeRotation: boolean;
  readonly startSeconds?: number;
  readonly durationSeconds?: number;
}

type Turn = VideoInfo['rotation'];

/** Where the chroma samples lie after a turn; the places that have no name become 'unspecified'. */
const TURNED_LOCATION: Readonly<Record<ChromaLocation, Readonly<Record<Turn, ChromaLocation>>>> = {
  left: { 0: 'left', 90: 'top', 180: 'unspecified', 270: 'bottom' },
  center: { 0: 'center', 90: 'center', 180: 'center', 270: 'center' },
  topleft: { 0: 'topleft', 90: 'unspecified', 180: 'unspecified', 270: 'bottomleft' },
  top: { 0: 'top', 90: 'unspecified', 180: 'bottom', 270: 'left' },
  bottomleft: { 0: 'bottomleft', 90: 'topleft', 180: 'unspecified', 270: 'unspecified' },
  bottom: { 0: 'bottom', 90: 'left', 180: 'top', 270: 'unspecified' },
  unspecified: { 0: 'unspecified', 90: 'unspecified', 180: 'unspecified', 270: 'unspecified' },
};

/** What lies at the left comes to the right, which has no name. */
const mirroredLocation = (location: ChromaLocation): ChromaLocation =>
  location.endsWith('left') ? 'unspecified' : location;

function turnRect(rect: Rect, width: number, height: number, turn: Turn): Rect {
  const [right, bottom] = [width - rect.x - rect.width, height - rect.y - rect.height];
  switch (turn) {
    case 0:
      return rect;
    case 90:
      return { x: bottom, y: rect.x, width: rect.height, height: rect.width };
    case 180:
      return { x: right, y: bottom, width: rect.width, height: rect.height };
    case 270:
      return { x: rect.y, y: right, width: rect.height, height: rect.width };
  }
}

/** Cuts a rectangle to the picture and to whole chroma samples: never outside, at least one sample large. */
function fitRect(rect: Rect, width: number, height: number, { sampling }: PixelFormat): Rect | undefined {
  const stepX = sampling === '420' || sampling === '422' ? 2 : 1;
  const stepY = sampling === '420' ? 2 : 1;
  const axis = (from: number, size: number, limit: number, step: number): [number, number] => {
    const start = Math.floor(Math.max(0, from) / step) * step;
    const end = Math.min(limit, Math.ceil((from + size) / step) * step);
    return [start, end - start];
  };
  const [x, fitWidth] = axis(rect.x, rect.width, width, stepX);
  const [y, fitHeight] = axis(rect.y, rect.height, height, stepY);
  if (fitWidth < stepX || fitHeight < stepY) return undefined;
  return fitWidth === width && fitHeight === height ? undefined : { x, y, width: fitWidth, height: fitHeight };
}

/** The rate of the film under 3:2 pulldown: 30000/1001 gives 24000/1001. */
const filmRate = (rate: Rational): Rational =>
  Math.abs(toNumber(rate) - 30) < 0.01 || Math.abs(toNumber(rate) - 24) < 0.01 ? rational(24) : rational(24000, 1001);

/** Film frames have a whole length in it at 24000/1001 and at 24; fine enough to keep the first pts. */
const TELECINE_TIME_BASE = rational(1, 24000);

/** How the film is decoded: pure, from what the probe found and what the user wants. */
export function planDecode(media: MediaInfo, options: PlanDecodeOptions): DecodePlan {
  const { video } = media;
  const turn = options.bakeRotation ? video.rotation : 0;
  const mirror = options.bakeRotation && video.mirrored === true;
  const sideways = turn === 90 || turn === 270;
  const telecine = options.deinterlace === 'auto' ? video.telecine : 'none';
  const interlaced = video.fieldOrder === 'tff' || video.fieldOrder === 'bff';
  const deinterlace =
    options.deinterlace === 'on' || (options.deinterlace === 'auto' && interlaced && telecine === 'none');
  // Lying on its side, 4:2:2 would be 4:4:0, which is no working format.
  const pixelFormat: PixelFormat =
    sideways && video.pixelFormat.sampling === '422' ? { ...video.pixelFormat, sampling: '444' } : video.pixelFormat;
  const full = { width: sideways ? video.height : video.width, height: sideways ? video.width : video.height };
  const turned = options.crop && turnRect(options.crop, video.width, video.height, turn);
  const crop = turned && fitRect(turned, full.width, full.height, pixelFormat);
  const sar = video.sampleAspectRatio;
  const format: FrameFormat = {
    width: crop?.width ?? full.width,
    height: crop?.height ?? full.height,
    pixelFormat,
    color: video.color,
    sampleAspectRatio: sideways && sar.num > 0 ? rational(sar.den, sar.num) : sar,
    chromaLocation: TURNED_LOCATION[mirror ? mirroredLocation(video.chromaLocation) : video.chromaLocation][turn],
  };
  const film = filmRate(video.frameRate);
  return {
    path: media.path,
    streamIndex: video.streamIndex,
    sourcePixelFormat: video.sourcePixelFormat,
    ...(media.startTime === 0 && ownClock(media.container).length > 0 ? { container: media.container } : {}),
    startTime: media.startTime,
    deinterlace: deinterlace ? 'bwdif' : 'off',
    parity: interlaced ? (video.fieldOrder === 'tff' ? 'tff' : 'bff') : 'auto',
    telecine,
    // Decimation has a phase: which frame of five goes depends on where it began.
    seekUnsafe: telecine === 'hard' || video.seekUnsafe === true,
    crop,
    ...(crop ? { sourceSize: { width: video.width, height: video.height } } : {}),
    bakeRotation: turn,
    ...(mirror ? { mirror } : {}),
    format,
    timeBase: telecine === 'none' ? video.timeBase : TELECINE_TIME_BASE,
    frameRate: telecine === 'none' ? video.frameRate : film,
    variableFrameRate: telecine === 'none' && video.variableFrameRate,
    startSeconds: options.startSeconds,
    durationSeconds: options.durationSeconds,
  };
}

/** VP8 and VP9 keep transparency in pictures of their own, which their decoders here pass over. */
const hasAlphaTrack = ({ streams, video }: MediaInfo): boolean =>
  streams.find(({ index }) => index === video.streamIndex)?.tags['alpha_mode'] === '1';

/** Sentences for the user about what decoding does to the source beyond reading it. */
export function decodeNotes(media: MediaInfo, plan: DecodePlan): string[] {
  const working = workingFormat(media.video.sourcePixelFormat);
  const notes: string[] = [];
  if (working.alpha || hasAlphaTrack(media)) notes.push('The transparency (alpha) of the source is dropped.');
  if (working.rgb)
    notes.push(`The RGB source is worked on as luma and chroma (${pixelFormatName(plan.format.pixelFormat)}).`);
  if (plan.mirror) notes.push('The source is shown mirrored, which FFmpeg does not state: its pictures are mirrored.');
  if (plan.telecine === 'hard') notes.push('The source is telecined film: its 3:2 pulldown is undone.');
  if (plan.telecine === 'soft')
    notes.push('The source is telecined film with repeat flags: its frames are shown at the rate of film.');
  if (plan.deinterlace === 'bwdif') {
    const { fieldOrder } = media.video;
    const why =
      fieldOrder === 'tff' || fieldOrder === 'bff'
        ? 'The source is interlaced: it'
        : 'The source looks progressive and';
    notes.push(`${why} is deinterlaced, one frame for two fields.`);
  }
  return notes;
}

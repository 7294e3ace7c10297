import path from 'node:path';
import { RestorationError } from '../core/errors.ts';
import type { MediaInfo, MediaStream } from '../core/media.ts';
import type { Codec, Container } from '../core/plan.ts';
import { codecOf } from './codecs.ts';
import { planStream } from './streams.ts';

const BY_EXTENSION: Readonly<Record<string, Container>> = {
  '.mp4': 'mp4',
  '.m4v': 'mp4',
  '.mov': 'mov',
  '.qt': 'mov',
  '.mkv': 'mkv',
  '.webm': 'webm',
  '.avi': 'avi',
  '.ts': 'mpegts',
  '.m2ts': 'mpegts',
  '.mts': 'mpegts',
  '.nut': 'nut',
};

/** Which codecs of ours a container holds in a way that players read and FFmpeg writes, timestamps exact. */
const VIDEO: Readonly<Record<Container, readonly Codec[]>> = {
  mp4: ['hevc', 'h264', 'av1'],
  mov: ['hevc', 'h264', 'prores', 'ffv1'],
  mkv: ['hevc', 'h264', 'av1', 'prores', 'ffv1'],
  webm: ['av1'],
  // AVI counts frames instead of timing them, so that reordered frames and variable rates are lost.
  avi: ['ffv1'],
  mpegts: ['hevc', 'h264'],
  nut: ['hevc', 'h264', 'av1', 'prores', 'ffv1'],
};

const NAMES: Readonly<Record<Container, string>> = {
  mp4: 'MP4',
  mov: 'QuickTime',
  mkv: 'Matroska',
  webm: 'WebM',
  avi: 'AVI',
  mpegts: 'MPEG-TS',
  nut: 'NUT',
};
export const containerName = (container: Container): string => NAMES[container];

/** MP4 and QuickTime state how a player turns the picture; the others' way is not written by every FFmpeg. */
export const holdsRotation = (container: Container): boolean => container === 'mp4' || container === 'mov';

/** The container of the source in our terms; undefined where we do not write that kind. */
function ownContainer(media: MediaInfo): Container | undefined {
  const names = media.container.split(',');
  const extension = BY_EXTENSION[path.extname(media.path).toLowerCase()];
  if (names.includes('mp4')) {
    if (extension === 'mp4' || extension === 'mov') return extension;
    return media.tags['major_brand']?.trim() === 'qt' ? 'mov' : 'mp4';
  }
  if (names.includes('matroska')) return extension === 'webm' ? 'webm' : 'mkv';
  const others: readonly Container[] = ['mpegts', 'avi', 'nut'];
  return others.find((name) => names.includes(name));
}

/** AVI lets all streams begin together: only within a frame of each other are they in step there. */
function beginTogether({ streams, video }: MediaInfo): boolean {
  const start = streams.find(({ index }) => index === video.streamIndex)?.startTime ?? 0;
  const frame = video.frameRate.den / video.frameRate.num;
  return streams.every(({ kind, startTime = start }) => kind !== 'audio' || Math.abs(startTime - start) <= frame);
}

function fits(media: MediaInfo, codec: Codec, container: Container): boolean {
  if (!VIDEO[container].includes(codec)) return false;
  if (container === 'avi') return !media.video.variableFrameRate && beginTogether(media);
  // QuickTime does not state the range of a codec that does not state it itself.
  return !(container === 'mov' && codec === 'ffv1' && media.video.color.range === 'full');
}

const losses = (media: MediaInfo, container: Container): MediaStream[] =>
  media.streams.filter((stream) => planStream(stream, media, container).lost);

export interface ContainerChoice {
  readonly container: Container;
  /** Sentences for the user: why it is not the source's own container. */
  readonly notes: readonly string[];
  /** Whether a rotated or mirrored source must be turned in the pictures, because the output cannot state it. */
  readonly bakeRotation: boolean;
}

/**
 * The container of the output. An extension of `output` decides; without one it is the source's own where that holds the
 * video codec and loses no stream that Matroska would keep, else Matroska with a note. `codec` is a codec or the name of
 * an encoder. Throws USAGE when the extension is unknown or its container cannot hold the codec.
 */
export function chooseContainer(media: MediaInfo, output: string | undefined, codec: string): ContainerChoice {
  const kind = codecOf(codec);
  const { container, notes } = chosen(media, output, kind);
  const { rotation, mirrored } = media.video;
  // FFmpeg 5 states a rotation by its angle, which cannot mirror.
  return { container, notes, bakeRotation: mirrored === true || (rotation !== 0 && !holdsRotation(container)) };
}

function chosen(
  media: MediaInfo,
  output: string | undefined,
  codec: Codec,
): { container: Container; notes: readonly string[] } {
  const extension = output === undefined || /[\\/]$/.test(output) ? '' : path.extname(output).toLowerCase();
  if (extension !== '') {
    const container = BY_EXTENSION[extension];
    if (!container) {
      throw new RestorationError('USAGE', `The output's extension "${extension}" is not a container that is written.`, {
        hint: `Use one of ${Object.keys(BY_EXTENSION).join(', ')}.`,
      });
    }
    if (!fits(media, codec, container)) {
      if (container === 'avi' && VIDEO.avi.includes(codec)) {
        throw new RestorationError(
          'USAGE',
          'AVI has no times, and this film needs them: its rate varies, or sound and picture begin apart.',
          { hint: 'Name an output that ends in .mkv.' },
        );
      }
      throw new RestorationError('USAGE', `${containerName(container)} cannot hold this ${codec} video as it is.`, {
        hint: 'Name an output that ends in .mkv, or choose another --codec.',
      });
    }
    return { container, notes: [] };
  }
  const own = ownContainer(media);
  if (own === 'mkv') return { container: 'mkv', notes: [] };
  if (own === undefined) {
    return { container: 'mkv', notes: [`The output is Matroska (.mkv): ${media.container} is not written.`] };
  }
  const label = containerName(own);
  // What one family of players and editors reads stays in it.
  const candidates: readonly Container[] = own === 'mp4' && codec === 'prores' ? ['mov'] : [own];
  const container = candidates.find((name) => fits(media, codec, name));
  if (!container) {
    return { container: 'mkv', notes: [`The output is Matroska (.mkv): ${label} cannot hold this ${codec} video.`] };
  }
  const lost = losses(media, container);
  if (lost.length > losses(media, 'mkv').length) {
    const what = lost.map((stream) => `stream ${stream.index} (${stream.codec} ${stream.kind})`).join(', ');
    return {
      container: 'mkv',
      notes: [`The output is Matroska (.mkv): ${containerName(container)} cannot hold ${what}.`],
    };
  }
  if (container === own) return { container, notes: [] };
  return { container, notes: [`The output is ${containerName(container)}: ${label} cannot hold ${codec} video.`] };
}

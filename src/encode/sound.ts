import type { Container } from '../core/plan.ts';

const anyOf = (...names: string[]): ReadonlySet<string> => new Set(names);

const MP4_AUDIO = anyOf(
  ...['aac', 'ac3', 'eac3', 'mp3', 'mp2', 'mp1', 'alac', 'flac', 'opus', 'vorbis', 'dts', 'mp4als', 'qcelp', 'evrc'],
);
const MOV_AUDIO = anyOf(
  ...['aac', 'ac3', 'eac3', 'mp3', 'mp2', 'mp1', 'alac', 'amr_nb', 'amr_wb', 'qdm2', 'qdmc', 'adpcm_ima_qt'],
);
const MOV_PCM = /^pcm_(s16|s24|s32|f32|f64)(le|be)$|^pcm_(u8|s8|alaw|mulaw)$/;
const TS_AUDIO = anyOf('aac', 'mp1', 'mp2', 'mp3', 'ac3', 'eac3', 'dts', 'opus', 's302m');
const AVI_AUDIO = anyOf(
  ...['mp1', 'mp2', 'mp3', 'ac3', 'aac', 'dts', 'flac', 'wmav1', 'wmav2', 'adpcm_ms', 'adpcm_ima_wav'],
);
const AVI_PCM = /^pcm_(s16|s24|s32|f32|f64)le$|^pcm_(u8|alaw|mulaw)$/;
/** What has a name of its own in Matroska, and what has one in Windows' list, which Matroska can refer to. */
const MKV_AUDIO = anyOf(
  ...['aac', 'ac3', 'alac', 'dts', 'eac3', 'flac', 'mlp', 'mp1', 'mp2', 'mp3', 'opus', 'qdm2', 'ra_144', 'ra_288'],
  ...['atrac1', 'atrac3', 'cook', 'sipr', 'truehd', 'tta', 'vorbis', 'wavpack'],
  ...['adpcm_ct', 'adpcm_g722', 'adpcm_g726', 'adpcm_ima_dk3', 'adpcm_ima_dk4', 'adpcm_ima_oki', 'adpcm_ima_wav'],
  ...['adpcm_ms', 'adpcm_swf', 'adpcm_yamaha', 'amr_nb', 'amr_wb', 'atrac3p', 'g723_1', 'gsm_ms', 'iac', 'imc'],
  ...['metasound', 'speex', 'truespeech', 'wmalossless', 'wmapro', 'wmav1', 'wmav2', 'wmavoice'],
);
const MKV_PCM = /^pcm_(s16|s24|s32)(le|be)$|^pcm_(s64|f32|f64)le$|^pcm_(u8|alaw|mulaw)$/;

/** Sound that each container holds as it is when FFmpeg 5.1 and newer writes it; found by trying. */
export function holdsSound(container: Container, codec: string): boolean {
  switch (container) {
    case 'mp4':
      return MP4_AUDIO.has(codec);
    case 'mov':
      return MOV_AUDIO.has(codec) || MOV_PCM.test(codec);
    case 'mkv':
      return MKV_AUDIO.has(codec) || MKV_PCM.test(codec);
    case 'webm':
      return codec === 'opus' || codec === 'vorbis';
    case 'avi':
      return AVI_AUDIO.has(codec) || AVI_PCM.test(codec);
    case 'mpegts':
      return TS_AUDIO.has(codec);
    case 'nut':
      return true;
  }
}

/** Sound that FFmpeg names and cannot decode. */
const UNDECODABLE = anyOf('4gv', 'ac4', 'celt', 'codec2', 'mpegh_3d_audio', 'smv', 'unknown', 'none');

/**
 * The lossless codec that sound becomes which the container cannot hold as it is; undefined where it has none. FLAC takes
 * the depth that the decoder gives, up to 24 bits: whole for the packings of DVD, Blu-ray and broadcast.
 */
export function losslessSound(container: Container, codec: string): string | undefined {
  if (UNDECODABLE.has(codec)) return undefined;
  const isWide = /^pcm_([suf](32|64)|f(16|24))/.test(codec);
  switch (container) {
    case 'mkv':
    case 'mov':
      if (isWide)
        return codec.startsWith('pcm_f64') ? 'pcm_f64le' : codec.startsWith('pcm_f') ? 'pcm_f32le' : 'pcm_s32le';
      return container === 'mov' ? 'pcm_s24le' : 'flac';
    case 'mp4':
    case 'avi':
      return isWide ? undefined : 'flac';
    case 'webm':
    case 'mpegts':
    case 'nut':
      return undefined;
  }
}

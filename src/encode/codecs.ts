import { RestorationError } from '../core/errors.ts';
import type { BitDepth, ChromaSampling, PixelFormat } from '../core/format.ts';
import type { Codec } from '../core/plan.ts';

const CODECS: readonly Codec[] = ['hevc', 'h264', 'av1', 'prores', 'ffv1'];
export const isCodec = (name: string): name is Codec => (CODECS as readonly string[]).includes(name);

/** What can be asked of one FFmpeg encoder. */
export interface EncoderTraits {
  readonly codec: Codec;
  /** Samplings that are kept; others become the first. */
  readonly samplings: readonly ChromaSampling[];
  readonly depths: readonly BitDepth[];
  /** 4:2:0 and 4:2:2 pictures must have an even size where chroma is halved. */
  readonly evenSize: boolean;
  /** Smallest side that is taken. */
  readonly minSide: number;
  /** Constant quality when the user names none; undefined where the encoder has no such scale. */
  readonly crf: number | undefined;
  /** Speed setting when the user names none. */
  readonly preset: string | undefined;
  readonly hardware: boolean;
}

const software = { hardware: false, minSide: 1 } as const;
const hardware = {
  samplings: ['420'],
  evenSize: true,
  minSide: 1,
  crf: undefined,
  preset: undefined,
  hardware: true,
} as const;

const ENCODERS: Readonly<Record<string, EncoderTraits>> = {
  libx265: {
    ...software,
    codec: 'hevc',
    samplings: ['420', '422', '444'],
    depths: [10, 12],
    evenSize: true,
    minSide: 32,
    crf: 18,
    preset: 'medium',
  },
  libx264: {
    ...software,
    codec: 'h264',
    samplings: ['420', '422', '444'],
    depths: [8, 10],
    evenSize: true,
    crf: 17,
    preset: 'medium',
  },
  libsvtav1: {
    ...software,
    codec: 'av1',
    samplings: ['420'],
    depths: [10],
    evenSize: true,
    minSide: 64,
    crf: 24,
    preset: '6',
  },
  'libaom-av1': {
    ...software,
    codec: 'av1',
    samplings: ['420', '422', '444'],
    depths: [10, 12],
    evenSize: false,
    crf: 24,
    preset: '4',
  },
  prores_ks: {
    ...software,
    codec: 'prores',
    samplings: ['422', '444'],
    depths: [10],
    evenSize: false,
    crf: undefined,
    preset: undefined,
  },
  ffv1: {
    ...software,
    codec: 'ffv1',
    samplings: ['420', '422', '444', 'gray'],
    depths: [8, 10, 12, 16],
    evenSize: false,
    crf: undefined,
    preset: undefined,
  },
};

/** Families of hardware encoders by the ending of their name; quality is asked for in each one's own words. */
const HARDWARE = ['nvenc', 'qsv', 'vaapi', 'amf', 'videotoolbox', 'v4l2m2m', 'mf', 'vulkan'] as const;
export type HardwareFamily = (typeof HARDWARE)[number];

export const hardwareFamily = (encoder: string): HardwareFamily | undefined =>
  HARDWARE.find((family) => encoder.endsWith(`_${family}`));

const unknownCodec = (name: string): RestorationError =>
  new RestorationError('USAGE', `"${name}" is neither a codec nor an encoder that is known.`, {
    hint: `Use one of ${CODECS.join(', ')}, or an FFmpeg encoder such as hevc_nvenc or h264_videotoolbox.`,
  });

/** What an encoder takes. Throws USAGE for a name that is not known. */
export function encoderTraits(encoder: string): EncoderTraits {
  const known = Object.hasOwn(ENCODERS, encoder) ? ENCODERS[encoder] : undefined;
  if (known) return known;
  const codec = encoder.slice(0, Math.max(0, encoder.indexOf('_')));
  if (hardwareFamily(encoder) === undefined || !isCodec(codec) || codec === 'ffv1') throw unknownCodec(encoder);
  if (codec === 'prores') return { ...hardware, codec, samplings: ['422'], depths: [10] };
  return { ...hardware, codec, depths: codec === 'h264' ? [8] : [10] };
}

/** The codec that a `--codec` value stands for: itself, or the one of a named encoder. Throws USAGE. */
export const codecOf = (name: string): Codec => (isCodec(name) ? name : encoderTraits(name).codec);

/** Encoders to try for a codec, best first. */
export const CANDIDATES: Readonly<Record<Codec, readonly string[]>> = {
  hevc: ['libx265'],
  h264: ['libx264'],
  av1: ['libsvtav1', 'libaom-av1'],
  prores: ['prores_ks'],
  ffv1: ['ffv1'],
};

/** The format that an encoder is given: the frames' own where it takes that, else the next that loses least. */
export function encodedPixelFormat({ samplings, depths }: EncoderTraits, frames: PixelFormat): PixelFormat {
  const sampling = samplings.includes(frames.sampling) ? frames.sampling : (samplings[0] ?? '420');
  const bitDepth = depths.find((depth) => depth >= frames.bitDepth) ?? depths.at(-1) ?? 8;
  return { sampling, bitDepth };
}

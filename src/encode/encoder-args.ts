import { pixelFormatName } from '../core/format.ts';
import type { EncodePlan } from '../core/plan.ts';
import type { Rational } from '../core/rational.ts';
import { hardwareFamily } from './codecs.ts';

/** Options that an encoder is asked to take, whoever asks: the user or a preset. */
export interface EncoderOptions {
  readonly crf: number | undefined;
  readonly encoderPreset: string | undefined;
}

/** Some rate: options are the same at any. */
const TWENTY_FIVE: Rational = { num: 25, den: 1 };

const fraction = ({ num, den }: Rational): string => `${num}/${den}`;

/** Where the option has another word than ffprobe and the filters. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  bt470m: 'gamma22',
  bt470bg: 'gamma28',
};

/**
 * Color tags of the encoded stream (`spec` is FFmpeg's stream specifier, with its colon); what the source does not state
 * is not stated by us either, except matrix and range.
 */
export function colorArgs({ format }: EncodePlan, spec = ''): string[] {
  const { color, chromaLocation } = format;
  const args = [`-color_range${spec}`, color.range === 'full' ? 'pc' : 'tv'];
  if (color.matrix !== 'unknown') args.push(`-colorspace${spec}`, color.matrix);
  if (color.primaries !== 'unknown') args.push(`-color_primaries${spec}`, color.primaries);
  if (color.transfer !== 'unknown') args.push(`-color_trc${spec}`, OPTION_NAMES[color.transfer] ?? color.transfer);
  if (format.pixelFormat.sampling === '420' && chromaLocation !== 'unspecified') {
    args.push(`-chroma_sample_location${spec}`, chromaLocation);
  }
  return args;
}

function x265Args(plan: EncodePlan, rate: Rational): string[] {
  const params = [
    'log-level=error',
    // The time base is finer than the rate and would pass for it.
    `fps=${fraction(rate)}`,
    'open-gop=0',
    // No note of version and options: the same pictures give the same bytes.
    'info=0',
  ];
  if (plan.masteringDisplay !== undefined || plan.contentLight !== undefined) params.push('hdr10=1');
  if (plan.masteringDisplay !== undefined) params.push(`master-display=${plan.masteringDisplay}`);
  if (plan.contentLight !== undefined) params.push(`max-cll=${plan.contentLight}`);
  return ['-x265-params', params.join(':')];
}

function hardwareQuality(encoder: string, crf: number | undefined): string[] {
  const quality = String(crf ?? 19);
  switch (hardwareFamily(encoder)) {
    case 'nvenc':
      return ['-rc', 'vbr', '-cq', quality, '-b:v', '0'];
    case 'qsv':
      return ['-global_quality', quality];
    case 'vaapi':
    case 'vulkan':
      return ['-qp', quality];
    case 'amf':
      return ['-rc', 'cqp', '-qp_i', quality, '-qp_p', quality];
    case 'videotoolbox':
      // Its scale runs the other way, 1 to 100.
      return ['-q:v', String(Math.max(1, Math.min(100, 100 - 2 * Number(quality))))];
    case 'v4l2m2m':
    case 'mf':
    case undefined:
      return ['-b:v', '20M'];
  }
}

function presetArgs({ encoder, encoderPreset }: EncodePlan): string[] {
  if (encoderPreset === undefined) return [];
  if (encoder === 'libaom-av1') return ['-cpu-used', encoderPreset];
  if (encoder === 'prores_ks' || encoder === 'prores_videotoolbox') return [];
  return encoder === 'ffv1' ? [] : ['-preset', encoderPreset];
}

const PRORES_PROFILES: readonly string[] = ['proxy', 'lt', 'standard', 'hq', '4444', '4444xq'];

function ownArgs(plan: EncodePlan, rate: Rational): string[] {
  const { encoder, crf, format } = plan;
  const quality = crf === undefined ? [] : ['-crf', String(crf)];
  switch (encoder) {
    case 'libx265':
      return [...quality, ...x265Args(plan, rate)];
    case 'libx264':
      return [...quality, '-flags:v', '+cgop'];
    case 'libsvtav1':
      // irefresh-type 2: every key frame is one that decoding can start at.
      return [...quality, '-g', '240', '-svtav1-params', 'irefresh-type=2'];
    case 'libaom-av1':
      return [...quality, '-b:v', '0', '-g', '240', '-row-mt', '1'];
    case 'prores_ks': {
      const asked = plan.encoderPreset ?? '';
      const usual = format.pixelFormat.sampling === '444' ? '4444' : 'hq';
      return ['-profile:v', PRORES_PROFILES.includes(asked) ? asked : usual, '-vendor', 'apl0'];
    }
    case 'ffv1': {
      // Slices end where chroma samples do; FFmpeg finds its own number for sizes that do not divide.
      const divides = format.width % 8 === 0 && format.height % 2 === 0 && format.height >= 32;
      const slices = divides ? ['-slices', format.height < 720 ? '4' : '16'] : [];
      return ['-level', '3', '-g', '1', '-slicecrc', '1', ...slices];
    }
    default:
      return hardwareQuality(encoder, crf);
  }
}

/** The encoder and everything that decides its bytes; the same for every segment, so that they join. */
export function encoderArgs(plan: EncodePlan, rate: Rational): string[] {
  return [
    ...['-c:v', plan.encoder, '-pix_fmt', pixelFormatName(plan.format.pixelFormat)],
    ...presetArgs(plan),
    ...ownArgs(plan, rate),
    ...colorArgs(plan),
    ...['-flags:v', '+bitexact'],
  ];
}

/** Sentences about options that were asked for and that the encoder of a plan has nothing for. */
export function ignoredOptions(plan: EncodePlan, { crf, encoderPreset }: EncoderOptions): string[] {
  const { encoder } = plan;
  const argsOf = (changes: Partial<EncodePlan>): string => encoderArgs({ ...plan, ...changes }, TWENTY_FIVE).join(' ');
  const sentences: string[] = [];
  if (crf !== undefined && argsOf({ crf }) === argsOf({ crf: crf + 1 })) {
    sentences.push(`--crf has no effect: ${encoder} has no such scale.`);
  }
  if (encoderPreset === undefined) return sentences;
  if (encoder === 'prores_ks') {
    if (!PRORES_PROFILES.includes(encoderPreset)) {
      sentences.push(`--encoder-preset has no effect: ${encoder} has ${PRORES_PROFILES.join(', ')}.`);
    }
  } else if (argsOf({ encoderPreset }) === argsOf({ encoderPreset: undefined })) {
    sentences.push(`--encoder-preset has no effect: ${encoder} has none.`);
  }
  return sentences;
}

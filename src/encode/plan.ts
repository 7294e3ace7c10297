import { RestorationError } from '../core/errors.ts';
import type { FrameFormat } from '../core/format.ts';
import type { MediaInfo, Rect } from '../core/media.ts';
import type { Container, EncodePlan } from '../core/plan.ts';
import { CANDIDATES, encodedPixelFormat, encoderTraits, isCodec, type EncoderTraits } from './codecs.ts';
import { availableEncoders, missingEncoder, tryEncoder } from './encoders.ts';

export interface EncodeRequest {
  readonly media: Pick<MediaInfo, 'video'>;
  /** Format of the frames that leave the stages. */
  readonly format: FrameFormat;
  /** Size of the whole picture, black bars included. */
  readonly frame: { readonly width: number; readonly height: number };
  /** Where the worked-on picture lies in it; undefined when it fills it. */
  readonly pad: Rect | undefined;
  /** A codec, or the name of one of FFmpeg's encoders. */
  readonly codec: string;
  readonly crf: number | undefined;
  readonly encoderPreset: string | undefined;
  readonly container: Container;
  readonly displayRotation: 0 | 90 | 180 | 270;
}

/** The number 22 of the standards' list: x265 refuses to start with it, x264 leaves it out without a word. */
const LATE_PRIMARIES: readonly string[] = ['ebu3213', 'jedec-p22'];
const statesPrimaries = ({ codec }: EncoderTraits, primaries: string): boolean =>
  (codec !== 'hevc' && codec !== 'h264') || !LATE_PRIMARIES.includes(primaries);

const even = (value: number): number => value + (value % 2);

/** Whether an encoder keeps this picture as it is: its sampling, and an odd or tiny size. */
function suits(traits: EncoderTraits, { format, frame }: EncodeRequest): boolean {
  const { sampling } = encodedPixelFormat(traits, format.pixelFormat);
  if (format.pixelFormat.sampling !== 'gray' && sampling !== format.pixelFormat.sampling) return false;
  if (Math.min(frame.width, frame.height) < traits.minSide) return false;
  return !traits.evenSize || sampling === '444' || (frame.width % 2 === 0 && frame.height % 2 === 0);
}

function chooseEncoder(request: EncodeRequest, available: ReadonlySet<string>): string {
  const { codec } = request;
  if (!isCodec(codec)) {
    encoderTraits(codec);
    if (available.has(codec)) return codec;
    throw missingEncoder(codec, `This ffmpeg has no encoder ${codec}.`);
  }
  const present = CANDIDATES[codec].filter((name) => available.has(name));
  const first = present[0];
  if (first === undefined) {
    throw missingEncoder(codec, `This ffmpeg has no encoder for ${codec} (${CANDIDATES[codec].join(' or ')}).`);
  }
  return present.find((name) => suits(encoderTraits(name), request)) ?? first;
}

/**
 * Encoder, format and quality of the output, from what `available` encoders there are. Pure. Sampling and depth of the
 * frames are kept where the encoder takes them, HEVC and AV1 have at least 10 bits; odd sizes grow by one line only for
 * encoders that refuse them. Throws ENCODER_UNAVAILABLE, or USAGE for a name that is not known.
 */
export function encodePlanFor(request: EncodeRequest, available: ReadonlySet<string>): EncodePlan {
  const { format, frame, pad, container, displayRotation, media } = request;
  const encoder = chooseEncoder(request, available);
  const traits = encoderTraits(encoder);
  const pixelFormat = encodedPixelFormat(traits, format.pixelFormat);
  if (Math.min(frame.width, frame.height) < traits.minSide) {
    throw new RestorationError(
      'USAGE',
      `${encoder} takes no picture smaller than ${traits.minSide} pixels; this one is ${frame.width}x${frame.height}.`,
      { hint: 'Enlarge it with --upscale, or use --codec ffv1.' },
    );
  }
  const evenWidth = traits.evenSize && pixelFormat.sampling !== '444';
  const evenHeight = traits.evenSize && pixelFormat.sampling === '420';
  // ProRes states no range; every reader takes it for limited.
  const range = traits.codec === 'prores' ? 'limited' : format.color.range;
  const primaries = statesPrimaries(traits, format.color.primaries) ? format.color.primaries : 'unknown';
  return {
    codec: traits.codec,
    encoder,
    crf: traits.crf === undefined && !traits.hardware ? undefined : (request.crf ?? traits.crf),
    encoderPreset: request.encoderPreset ?? traits.preset,
    format: {
      ...format,
      width: evenWidth ? even(frame.width) : frame.width,
      height: evenHeight ? even(frame.height) : frame.height,
      pixelFormat,
      color: { ...format.color, range, primaries },
    },
    pad,
    container,
    displayRotation,
    masteringDisplay: media.video.masteringDisplay,
    contentLight: media.video.contentLight,
  };
}

/** As `encodePlanFor`, with the encoders of this machine; hardware and options that were asked for are tried on a few frames. */
export async function planEncode(request: EncodeRequest): Promise<EncodePlan> {
  const plan = encodePlanFor(request, await availableEncoders());
  await tryEncoder(plan, request);
  return plan;
}

/** What an encoder cannot keep of `frames`, whose size is that of the whole picture, in sentences. */
export function encodeNotes(plan: EncodePlan, frames: FrameFormat): string[] {
  const { encoder, format } = plan;
  const notes: string[] = [];
  if (format.width !== frames.width || format.height !== frames.height) {
    notes.push(
      `${encoder} takes no odd sizes: the last line or column is repeated (${format.width}x${format.height}).`,
    );
  }
  if (format.pixelFormat.bitDepth < frames.pixelFormat.bitDepth) {
    notes.push(
      `${encoder} has ${format.pixelFormat.bitDepth} bits: the ${frames.pixelFormat.bitDepth} bits of the picture are rounded.`,
    );
  }
  if (format.color.primaries !== frames.color.primaries) {
    notes.push(`${encoder} cannot state the color primaries ${frames.color.primaries}; the result states none.`);
  }
  const states = plan.masteringDisplay !== undefined || plan.contentLight !== undefined;
  if (states && encoder !== 'libx265') {
    notes.push(
      'What the source says of its mastering display and brightest light (HDR10) is kept with --codec hevc only.',
    );
  }
  return notes;
}

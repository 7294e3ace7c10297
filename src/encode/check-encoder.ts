import type { EncodePlan } from '../core/plan.ts';
import { CANDIDATES, encodedPixelFormat, encoderTraits, isCodec } from './codecs.ts';
import type { EncoderOptions } from './encoder-args.ts';
import { availableEncoders, missingEncoder, tryEncoder } from './encoders.ts';

/** Large enough for every encoder, hardware's too. */
const TRIAL = { width: 320, height: 240 } as const;

export interface EncoderWish extends EncoderOptions {
  /** A codec, or the name of one of FFmpeg's encoders. */
  readonly codec: string;
}

/**
 * Whether this machine encodes as wished, whatever the film; options that are asked for, and hardware, are tried on a few
 * black frames. Throws USAGE for a codec that is not known and for options that the encoder does not take,
 * ENCODER_UNAVAILABLE for an encoder that is not here.
 */
export async function checkEncoder({ codec, crf, encoderPreset }: EncoderWish): Promise<void> {
  const names = isCodec(codec) ? CANDIDATES[codec] : [codec];
  // Names are looked at before any program is run.
  for (const name of names) encoderTraits(name);
  const available = await availableEncoders();
  const encoder = names.find((name) => available.has(name));
  if (encoder === undefined) {
    throw missingEncoder(codec, `This ffmpeg has no encoder ${names.join(' or ')}.`);
  }
  const traits = encoderTraits(encoder);
  const plan: EncodePlan = {
    codec: traits.codec,
    encoder,
    crf: traits.crf === undefined && !traits.hardware ? undefined : (crf ?? traits.crf),
    encoderPreset: encoderPreset ?? traits.preset,
    format: {
      ...TRIAL,
      pixelFormat: encodedPixelFormat(traits, { sampling: '420', bitDepth: 8 }),
      color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: 'limited' },
      sampleAspectRatio: { num: 1, den: 1 },
      chromaLocation: 'left',
    },
    pad: undefined,
    container: 'mkv',
    displayRotation: 0,
    masteringDisplay: undefined,
    contentLight: undefined,
  };
  await tryEncoder(plan, { crf, encoderPreset });
}

import type { Codec } from '../core/plan.ts';
import { CANDIDATES, encoderTraits, hardwareFamily } from './codecs.ts';
import { availableEncoders } from './encoders.ts';

/** An encoder that `--codec` can lead to. */
export interface EncoderInfo {
  readonly encoder: string;
  readonly codec: Codec;
  /** Whether this ffmpeg was built with it; a hardware encoder's device may still be absent. */
  readonly builtIn: boolean;
  readonly hardware: boolean;
}

function known(encoder: string): Codec | undefined {
  try {
    return hardwareFamily(encoder) === undefined ? undefined : encoderTraits(encoder).codec;
  } catch {
    return undefined;
  }
}

/** The encoders of every codec, best first, then the hardware encoders of this ffmpeg. Throws FFMPEG_MISSING. */
export async function listEncoders(): Promise<EncoderInfo[]> {
  const built = await availableEncoders();
  const software = Object.values(CANDIDATES).flatMap((names) =>
    names.map((encoder) => ({
      encoder,
      codec: encoderTraits(encoder).codec,
      builtIn: built.has(encoder),
      hardware: false,
    })),
  );
  const hardware = [...built].flatMap((encoder) => {
    const codec = known(encoder);
    return codec === undefined ? [] : [{ encoder, codec, builtIn: true, hardware: true }];
  });
  return [...software, ...hardware];
}

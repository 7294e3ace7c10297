import { RestorationError } from '../core/errors.ts';
import { pixelFormatName } from '../core/format.ts';
import type { EncodePlan } from '../core/plan.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import { encoderArgs, type EncoderOptions } from './encoder-args.ts';
import { encoderTraits } from './codecs.ts';
import { firstReason, lastLine } from './messages.ts';

let listed: Promise<ReadonlySet<string>> | undefined;

async function list(): Promise<ReadonlySet<string>> {
  const { ffmpeg } = await findFfmpeg();
  const { stdout } = await capture(ffmpeg, ['-hide_banner', '-encoders'], { timeoutMs: 20_000 });
  const names = stdout.split('\n').map((line) => /^ V[.A-Z]{5} (\S+)/.exec(line)?.[1]);
  return new Set(names.filter((name) => name !== undefined));
}

/** Names of the video encoders that this ffmpeg was built with; asked once a process. */
export function availableEncoders(): Promise<ReadonlySet<string>> {
  listed ??= list().catch((error: unknown) => {
    listed = undefined;
    throw error;
  });
  return listed;
}

/** An encoder that this ffmpeg does not have; `message` says which. */
export const missingEncoder = (codec: string, message: string): RestorationError =>
  new RestorationError('ENCODER_UNAVAILABLE', message, {
    hint: `Choose another --codec than ${codec}, or install an ffmpeg that has it (\`ffmpeg -encoders\` lists them).`,
  });

/** Enough of a picture for a processor's encoder to say what it thinks of its options. */
const TRIED_SIDE = 256;

/**
 * Encodes a few black frames where something can be wrong. A hardware encoder that was built in need not have its device:
 * throws ENCODER_UNAVAILABLE. Others have scales of quality and names of presets of their own: throws USAGE.
 */
export async function tryEncoder(plan: EncodePlan, { crf, encoderPreset }: EncoderOptions): Promise<void> {
  const asked: string[] = [];
  if (crf !== undefined) asked.push(`a crf of ${crf}`);
  if (encoderPreset !== undefined) asked.push(`the preset ${encoderPreset}`);
  const { hardware } = encoderTraits(plan.encoder);
  if (asked.length === 0 && !hardware) return;
  const { ffmpeg } = await findFfmpeg();
  const { pixelFormat } = plan.format;
  const [width, height] = [plan.format.width, plan.format.height].map((side) =>
    hardware ? side : Math.min(side, TRIED_SIDE),
  ) as [number, number];
  const source = `color=black:size=${width}x${height}:rate=25:duration=0.2,format=${pixelFormatName(pixelFormat)}`;
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', source],
    ...encoderArgs(plan, { num: 25, den: 1 }),
    ...['-f', 'null', '-'],
  ];
  const { code, stderr } = await capture(ffmpeg, args, { timeoutMs: 60_000 });
  if (code === 0) return;
  if (!hardware) {
    throw new RestorationError(
      'USAGE',
      `${plan.encoder} does not take ${asked.join(' with ')}: ${firstReason(stderr)}`,
      {
        hint: `Leave --crf and --encoder-preset away for good ones; \`ffmpeg -h encoder=${plan.encoder}\` lists them.`,
      },
    );
  }
  throw new RestorationError('ENCODER_UNAVAILABLE', `${plan.encoder} does not work here: ${lastLine(stderr)}`, {
    hint: `Check its driver, or leave the work to the processor with --codec ${plan.codec}.`,
  });
}

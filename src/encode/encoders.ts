import { RestorationError } from '../core/errors.ts';
import { pixelFormatName } from '../core/format.ts';
import type { EncodePlan } from '../core/plan.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import { encoderArgs } from './encoder-args.ts';
import { lastLine } from './messages.ts';

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

/** Encodes a few black frames: a hardware encoder that was built in need not have its device. Throws ENCODER_UNAVAILABLE. */
export async function tryEncoder(plan: EncodePlan): Promise<void> {
  const { ffmpeg } = await findFfmpeg();
  const { width, height, pixelFormat } = plan.format;
  const source = `color=black:size=${width}x${height}:rate=25:duration=0.2,format=${pixelFormatName(pixelFormat)}`;
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', source],
    ...encoderArgs(plan, { num: 25, den: 1 }),
    ...['-f', 'null', '-'],
  ];
  const { code, stderr } = await capture(ffmpeg, args, { timeoutMs: 60_000 });
  if (code === 0) return;
  throw new RestorationError('ENCODER_UNAVAILABLE', `${plan.encoder} does not work here: ${lastLine(stderr)}`, {
    hint: `Check its driver, or leave the work to the processor with --codec ${plan.codec}.`,
  });
}

import path from 'node:path';
import type { FrameIndex, MediaInfo } from '../../src/core/media.ts';
import type { Container, EncodePlan, Plan } from '../../src/core/plan.ts';
import { probeMedia } from '../../src/decode/index.ts';
import { joinAndMux, planStreams, verifyOutput, type VerifyReport } from '../../src/encode/index.ts';
import { availableEncoders } from '../../src/encode/encoders.ts';
import { encodePlanFor } from '../../src/encode/plan.ts';
import { encodeSegments, format, indexOf, never, planOf, run } from './encode-kit.ts';

export const shape = format({
  color: { matrix: 'unknown', transfer: 'unknown', primaries: 'unknown', range: 'limited' },
});

export interface Film {
  readonly media: MediaInfo;
  readonly plan: Plan;
  readonly index: FrameIndex;
  readonly output: string;
  readonly report: VerifyReport;
}

export const ffmpeg = (...args: string[]): string => run('ffmpeg', '-v', 'error', '-y', ...args);

/** Inputs of a drawn picture and a tone; both have the size of what `putFilm` writes. */
export const drawn = (seconds: number): string[] => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=96x64:r=24:d=${seconds}`, '-f', 'lavfi', '-i', `sine=d=${seconds}`],
];

/** Seconds at which the decoded pictures are shown; packets of some containers have no times of their own. */
const pictureTimes = (file: string): number[] =>
  run(
    'ffprobe',
    ...['-v', 'error', '-select_streams', 'v:0'],
    ...['-show_entries', 'frame=best_effort_timestamp_time', '-of', 'csv=p=0', file],
  )
    .split('\n')
    .map(Number.parseFloat)
    .filter((time) => !Number.isNaN(time));

/** How the film of patterns is encoded. */
export const patternPlan = async (media: MediaInfo, container: Container): Promise<EncodePlan> =>
  encodePlanFor(
    {
      media,
      format: shape,
      frame: shape,
      pad: undefined,
      codec: 'h264',
      crf: undefined,
      encoderPreset: 'ultrafast',
      container,
      displayRotation: 0,
    },
    await availableEncoders(),
  );

/**
 * Puts an H.264 film of patterns in place of the picture of `source`, whose other streams go to a file of `container`, and
 * verifies it. `from` cuts so many frames off the beginning.
 */
export async function putFilm(
  source: string,
  container: Container,
  name: string,
  { from = 0, times }: { readonly from?: number; readonly times?: readonly number[] } = {},
): Promise<Film> {
  const media = await probeMedia(source);
  const encode = await patternPlan(media, container);
  const { timeBase } = media.video;
  // The source's own times, as the decoder would give them.
  const seconds = (times ?? pictureTimes(source)).slice(from);
  const pts = seconds.map((time) => BigInt(Math.round((time * timeBase.den) / timeBase.num)));
  const index = indexOf(pts, BigInt(Math.round(timeBase.den / timeBase.num / 24)));
  const folder = path.dirname(source);
  const segments = await encodeSegments(encode, shape, { folder, timeBase, pts, cuts: [], name });
  const whole = planOf(encode, media, timeBase, { streams: planStreams(media, container) });
  const trim = from === 0 ? {} : { startSeconds: from / 24 };
  const plan = { ...whole, decode: { ...whole.decode, ...trim } };
  const output = path.join(folder, name);
  await joinAndMux({ plan, index, segments, output, signal: never });
  const report = await verifyOutput({ plan, index, path: output, signal: never, level: 'full' });
  return { media, plan, index, output, report };
}

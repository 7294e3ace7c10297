import { pixelFormatName } from '../core/format.ts';
import type { FrameIndex } from '../core/media.ts';
import type { EncodePlan, Plan } from '../core/plan.ts';
import { parseRational, rational, rescale, ticksToSeconds, toNumber, type Rational } from '../core/rational.ts';
import type { OutputStream } from './probe-output.ts';
import { filmSpan, outputPts } from './span.ts';

/** What was found out about the timestamps of the film's pictures. */
export interface TimingResult {
  readonly problems: readonly string[];
  /** Seconds by which the container moved all streams (Matroska has no negative times); 0 where it moves none. */
  readonly moved: number;
}

/** Largest deviation of a pts in seconds: nothing in MP4 and QuickTime, rounding elsewhere. */
function tolerance(plan: Plan): number {
  switch (plan.encode.container) {
    case 'mp4':
    case 'mov':
    case 'nut':
      return 0;
    case 'mkv':
    case 'webm':
      return 0.001;
    case 'mpegts':
      return 1 / 90_000;
    case 'avi':
      return 0.5 / toNumber(plan.decode.frameRate);
  }
}

/** Compares presentation times (in ticks of `timeBase`, in order) with the film's index. Pure. */
export function checkTiming(
  plan: Plan,
  index: FrameIndex,
  found: readonly bigint[],
  timeBase: Rational,
  durationTicks: number | undefined,
): TimingResult {
  const span = filmSpan(plan, index);
  const wanted = Array.from(index.pts, (pts) => outputPts(pts, span, plan.decode.timeBase, timeBase));
  const problems: string[] = [];
  if (found.length !== wanted.length) problems.push(`it has ${found.length} frames instead of ${wanted.length}`);
  const [first, firstWanted] = [found[0], wanted[0]];
  if (first === undefined || firstWanted === undefined) return { problems, moved: 0 };
  const { container } = plan.encode;
  // Matroska and its kin shift everything when some stream starts before zero; by as much for all, which is checked there.
  const mayMove = container !== 'mp4' && container !== 'mov';
  const shift = mayMove ? first - firstWanted : 0n;
  const slack = tolerance(plan);
  for (let at = 0; at < Math.min(found.length, wanted.length); at++) {
    const [has, wants] = [found[at] ?? 0n, (wanted[at] ?? 0n) + shift];
    const off = ticksToSeconds(has - wants, timeBase);
    if (Math.abs(off) > slack + 1e-9) {
      const when = (ticks: bigint): string => ticksToSeconds(ticks, timeBase).toFixed(6);
      problems.push(`frame ${at} is shown at ${when(has)} s instead of ${when(wants)} s`);
      break;
    }
  }
  for (let at = 1; at < found.length; at++) {
    if ((found[at] ?? 0n) > (found[at - 1] ?? 0n)) continue;
    // Less than one tick of the container apart in the source itself: Matroska counts in milliseconds.
    if (mayMove && found[at] === found[at - 1] && (wanted[at] ?? 0n) - (wanted[at - 1] ?? 0n) <= 0n) continue;
    problems.push(`frame ${at} has the same time as the one before`);
    break;
  }
  // The track's length in these counts from decoding times, which differ from presentation where the rate varies.
  if (!mayMove && !plan.decode.variableFrameRate && durationTicks !== undefined) {
    const length = rescale(span.end - span.start, plan.decode.timeBase, timeBase);
    // A stream that starts before zero is cut there by the edit list; rounding of start and end is a tick each.
    if (Math.abs(durationTicks - Number(length)) > 2) {
      problems.push(
        `its video lasts ${ticksToSeconds(BigInt(durationTicks), timeBase).toFixed(4)} s instead of ${ticksToSeconds(length, timeBase).toFixed(4)} s`,
      );
    }
  }
  return { problems, moved: ticksToSeconds(shift, timeBase) };
}

const CODEC_NAMES = { hevc: 'hevc', h264: 'h264', av1: 'av1', prores: 'prores', ffv1: 'ffv1' } as const;

/** Whether the container states what the codec itself does not. */
const statesColor = (plan: Plan): boolean => {
  const { codec, container } = plan.encode;
  return codec === 'hevc' || codec === 'h264' || codec === 'av1' || container === 'mkv';
};

/**
 * FFmpeg's name of a stream's samples in the terms of a plan. Its older names say full range, which is compared on its own.
 * ProRes states no depth: its kinds for 4:4:4 are read back with 12 bits, whatever went in.
 */
function samplesOf({ pix_fmt: name = '' }: OutputStream, { codec }: EncodePlan): string {
  const plain = name.replace(/^yuvj/, 'yuv');
  return codec === 'prores' ? plain.replace('p12le', 'p10le') : plain;
}

/** Compares what the output's video stream says about itself with the plan. Pure. */
export function checkVideoTags(plan: Plan, stream: OutputStream): string[] {
  const { encode } = plan;
  const { format, container } = encode;
  const problems: string[] = [];
  const expect = (what: string, has: string | number | undefined, wants: string | number): void => {
    if (has !== wants) problems.push(`its ${what} is ${has ?? 'not stated'} instead of ${wants}`);
  };
  expect('codec', stream.codec_name, CODEC_NAMES[encode.codec]);
  expect('size', `${stream.width ?? 0}x${stream.height ?? 0}`, `${format.width}x${format.height}`);
  expect('pixel format', samplesOf(stream, encode), pixelFormatName(format.pixelFormat));
  if ((container === 'mp4' || container === 'mov') && encode.codec === 'hevc') {
    expect('codec tag', stream.codec_tag_string, 'hvc1');
  }
  const { matrix, primaries, transfer, range } = format.color;
  // Limited is what the absence of a statement means.
  const isFull = stream.color_range === 'pc';
  if (statesColor(plan) && isFull !== (range === 'full')) problems.push(`its color range is not ${range}`);
  if (container !== 'avi' && container !== 'nut') {
    if (matrix !== 'unknown') expect('color matrix', stream.color_space, matrix);
    if (primaries !== 'unknown') expect('color primaries', stream.color_primaries, primaries);
    if (transfer !== 'unknown') expect('color transfer', stream.color_transfer, transfer);
  }
  const siting = format.chromaLocation;
  const isH26x = encode.codec === 'hevc' || encode.codec === 'h264';
  if (isH26x && format.pixelFormat.sampling === '420' && siting !== 'unspecified') {
    expect('chroma location', stream.chroma_location, siting);
  }
  const aspect = parseRational(stream.sample_aspect_ratio);
  const has = aspect && aspect.num > 0 ? aspect : rational(1);
  const wants = format.sampleAspectRatio.num > 0 ? format.sampleAspectRatio : rational(1);
  // Matroska stores a display size in whole pixels.
  if (Math.abs(toNumber(has) / toNumber(wants) - 1) > 0.005) {
    problems.push(`its sample aspect ratio is ${has.num}:${has.den} instead of ${wants.num}:${wants.den}`);
  }
  const counterclockwise = stream.side_data_list.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0;
  expect('rotation', (((-counterclockwise % 360) + 360) % 360) + 0, encode.displayRotation);
  return problems;
}

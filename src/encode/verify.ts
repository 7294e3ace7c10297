import { RestorationError } from '../core/errors.ts';
import { parseRational, rational, ticksToSeconds } from '../core/rational.ts';
import { readPresentationTimes } from './packets.ts';
import { probeOutput } from './probe-output.ts';
import { filmSpan } from './span.ts';
import { checkChapters } from './verify-chapters.ts';
import { decodeAgain } from './verify-decode.ts';
import { checkCopies, pairStreams } from './verify-streams.ts';
import type { VerifyOptions } from './verify-options.ts';
import { checkTiming, checkVideoTags } from './verify-video.ts';

export interface VerifyReport {
  readonly frames: number;
  readonly decodedFrames: number;
  /** Packets of copied streams that were compared with the source's. */
  readonly copiedPackets: number;
  /** Seconds by which the container moved all streams together. */
  readonly moved: number;
}

function fail(path: string, problems: readonly string[]): never {
  const shown = problems.slice(0, 4).join('; ');
  const rest = problems.length > 4 ? `; and ${problems.length - 4} more` : '';
  throw new RestorationError('VERIFY_FAILED', `The finished file ${path} is not what was planned: ${shown}${rest}.`, {
    hint: 'It was not given its final name. Run the same command again: finished segments are kept.',
    retryable: true,
  });
}

/**
 * Reads a finished file back and compares it with the plan, the film's index and the source: number and times of frames,
 * what the stream says about itself, every copied packet and its time against the picture, chapters, attachments, and that
 * it decodes without complaint. Throws VERIFY_FAILED with what differs.
 */
export async function verifyOutput(options: VerifyOptions): Promise<VerifyReport> {
  const { plan, index, path, signal } = options;
  const output = await probeOutput(path, signal);
  const { video, pairs, problems: pairing } = pairStreams(plan, output);
  const problems = [...pairing];
  if (!video) return fail(path, [...problems, 'it has no video']);
  problems.push(...checkVideoTags(plan, video));
  const timeBase = parseRational(video.time_base) ?? rational(1, 1000);
  const times = await readPresentationTimes(path, video.index, signal);
  const timing = checkTiming(plan, index, times, timeBase, video.duration_ts);
  problems.push(...timing.problems);
  const span = filmSpan(plan, index);
  const copies = await checkCopies(plan, span, pairs, { output: path, moved: timing.moved, signal });
  problems.push(...copies.problems);
  problems.push(...(await checkChapters(plan, span, output, timing.moved, signal)));
  if (problems.length > 0) fail(path, problems);
  const decoded = await decodeAgain(options, {
    streamIndex: video.index,
    frames: times.length,
    end: ticksToSeconds(times.at(-1) ?? 0n, timeBase),
  });
  if (decoded.problems.length > 0) fail(path, decoded.problems);
  return {
    frames: times.length,
    decodedFrames: decoded.frames,
    copiedPackets: copies.packets,
    moved: timing.moved,
  };
}

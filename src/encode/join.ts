import { once } from 'node:events';
import { RestorationError } from '../core/errors.ts';
import type { FrameIndex, MediaStream } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import type { FrameRange } from '../core/range.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { removeFile } from '../platform/files.ts';
import { capture, startProcess, type RunningProcess } from '../platform/process.ts';
import { writeText } from '../platform/streams.ts';
import { chapterFile, readChapters } from './chapters.ts';
import { isDiskFull, lastLine, writeFailure } from './messages.ts';
import { coversToAttach, muxArgs, type CoverFile } from './mux-args.ts';
import { opusLags } from './opus-lag.ts';
import { commonTimeBase, joinedBytes } from './segment-file.ts';
import { filmSpan } from './span.ts';
import { foreignTags, usesFreeTags } from './tags.ts';
import { encodingWarning, textEncodings } from './text-encoding.ts';
import { Watchdog } from './watchdog.ts';

export interface JoinOptions {
  readonly plan: Plan;
  readonly index: FrameIndex;
  /** Finished segments, in order and without gaps over the whole film. */
  readonly segments: readonly { readonly path: string; readonly range: FrameRange }[];
  /** Temporary path; the caller gives the file its name once it is verified. */
  readonly output: string;
  readonly signal: AbortSignal;
  /** Milliseconds without any progress after which the program counts as hung; default 120 s. */
  readonly stallMs?: number;
}

function checkComplete({ segments, index }: JoinOptions): void {
  let next = 0;
  for (const { range, path } of segments) {
    if (range.start !== next) {
      throw new RestorationError('ENCODE_FAILED', `${path} starts at frame ${range.start} instead of ${next}.`);
    }
    next = range.end;
  }
  if (next !== index.pts.length) {
    throw new RestorationError('ENCODE_FAILED', `The segments end at frame ${next} of ${index.pts.length}.`);
  }
}

/**
 * Joins the segments without encoding again and puts them together with the source's other streams, chapters,
 * attachments, covers and tags. Returns warnings for the user. Throws ENCODE_FAILED or DISK_FULL; nothing is left under
 * `output` then.
 */
export async function joinAndMux(options: JoinOptions): Promise<string[]> {
  const { plan, index, segments, output, signal } = options;
  checkComplete(options);
  const paths = segments.map(({ path }) => path);
  const segmentTimeBase = await commonTimeBase(paths);
  const { ffmpeg, version } = await findFfmpeg();
  const span = filmSpan(plan, index);
  const helpers: string[] = [];
  try {
    const warnings = tagWarnings(plan);
    let chapters: string | undefined;
    if (plan.media.chapters > 0 && (span.trimmed || span.shiftMicros !== 0n)) {
      chapters = `${output}.chapters`;
      helpers.push(chapters);
      await writeText(chapters, chapterFile(await readChapters(plan.media.path, signal), plan, span));
    }
    const covers: CoverFile[] = [];
    for (const stream of coversToAttach(plan)) {
      const cover = await extractCover(stream, options);
      if (typeof cover === 'string') {
        warnings.push(cover);
      } else {
        covers.push(cover);
        helpers.push(cover.path);
      }
    }
    const lags = await opusLags(plan, output, signal);
    const encodings = await textEncodings(plan, signal);
    warnings.push(...[...encodings].map(([stream, encoding]) => encodingWarning(stream, encoding)));
    const rest = { chapters, covers, lags, encodings };
    const args = muxArgs({ plan, index, output, segmentTimeBase, major: version[0], ...rest });
    await runMux(ffmpeg, args, options, joinedBytes(paths));
    return warnings;
  } catch (error) {
    await removeFile(output).catch(() => undefined);
    throw error;
  } finally {
    for (const path of helpers) await removeFile(path).catch(() => undefined);
  }
}

async function runMux(
  ffmpeg: string,
  args: readonly string[],
  { output, signal, stallMs = 120_000 }: JoinOptions,
  bytes: AsyncIterable<Buffer>,
): Promise<void> {
  const process = startProcess(ffmpeg, args, { stdin: 'pipe', stdout: 'pipe', signal });
  const watchdog = new Watchdog(stallMs, () => process.kill());
  process.stdout?.on('data', () => watchdog.alive());
  try {
    const { code } = await watchdog.watch(feed(process, bytes, watchdog).then(() => process.exited));
    signal.throwIfAborted();
    if (watchdog.fired) {
      throw new RestorationError('ENCODE_FAILED', `Putting ${output} together hung: no progress for ${stallMs} ms.`, {
        retryable: true,
      });
    }
    const stderr = process.stderrTail();
    if (code !== 0 || isDiskFull(stderr)) throw writeFailure(output, stderr);
  } finally {
    process.kill();
    await process.exited;
  }
}

/** Sends everything to the program's stdin at its own speed; ends early when it is gone, which its exit code explains. */
async function feed(
  { stdin, exited }: RunningProcess,
  bytes: AsyncIterable<Buffer>,
  watchdog: Watchdog,
): Promise<void> {
  if (!stdin) return;
  const state = { gone: false };
  const ended = exited.then(() => {
    state.gone = true;
  });
  for await (const piece of bytes) {
    if (state.gone) return;
    if (!stdin.write(piece)) await Promise.race([once(stdin, 'drain').catch(() => undefined), ended]);
    watchdog.alive();
  }
  stdin.end();
}

const IMAGE_TYPES: Readonly<Record<string, readonly [extension: string, mimeType: string]>> = {
  mjpeg: ['.jpg', 'image/jpeg'],
  png: ['.png', 'image/png'],
  bmp: ['.bmp', 'image/bmp'],
  gif: ['.gif', 'image/gif'],
  webp: ['.webp', 'image/webp'],
};

/** Writes a cover beside the output; a sentence for the user where it cannot be read. */
async function extractCover(stream: MediaStream, { plan, output, signal }: JoinOptions): Promise<CoverFile | string> {
  const { ffmpeg } = await findFfmpeg();
  const [extension, mimeType] = IMAGE_TYPES[stream.codec] ?? ['.bin', 'application/octet-stream'];
  const path = `${output}.cover-${stream.index}${extension}`;
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', '-i', `file:${plan.media.path}`],
    ...['-map', `0:${stream.index}`, '-c', 'copy', '-frames:v', '1', '-f', 'data', `file:${path}`],
  ];
  const { code, stderr } = await capture(ffmpeg, args, { signal, timeoutMs: 60_000 });
  if (code !== 0) {
    await removeFile(path).catch(() => undefined);
    return `The cover (stream ${stream.index}) could not be read and is left out: ${lastLine(stderr)}`;
  }
  const fileName = stream.tags['filename'] ?? stream.tags['FILENAME'] ?? `cover${extension}`;
  return { path, fileName, mimeType: stream.tags['mimetype'] ?? stream.tags['MIMETYPE'] ?? mimeType };
}

function tagWarnings(plan: Plan): string[] {
  const { container } = plan.encode;
  const foreign = foreignTags(plan);
  if ((container !== 'mp4' && container !== 'mov') || foreign.length === 0 || usesFreeTags(plan)) return [];
  return [`MP4 has no room for these tags beside a cover, so that they are left out: ${foreign.join(', ')}.`];
}

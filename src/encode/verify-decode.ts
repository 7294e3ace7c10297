import { findFfmpeg } from '../platform/ffmpeg.ts';
import { capture, startProcess } from '../platform/process.ts';
import { complaints } from './messages.ts';
import type { VerifyOptions } from './verify-options.ts';

/** Seconds at each end that a fast check decodes. */
const END_SECONDS = 2;

interface Decoded {
  readonly problems: string[];
  readonly frames: number;
}

interface Film {
  readonly streamIndex: number;
  readonly frames: number;
  /** Time of the last frame in seconds. */
  readonly end: number;
}

/** Decodes the output's video and counts frames; whatever its decoder or the demuxer says is a problem. */
export async function decodeAgain(options: VerifyOptions, film: Film): Promise<Decoded> {
  if (options.level === 'full' || film.end < 2 * END_SECONDS) {
    const { problems, frames } = await decodePart(options, film, []);
    if (problems.length === 0 && frames !== film.frames) {
      problems.push(`it decodes to ${frames} frames instead of ${film.frames}`);
    }
    return { problems, frames };
  }
  const start = await decodePart(options, film, ['-t', String(END_SECONDS)]);
  const from = ['-seek_timestamp', '1', '-ss', (film.end - END_SECONDS).toFixed(3)];
  const end = await decodePart(options, film, from);
  const problems = [...start.problems, ...end.problems];
  if (problems.length === 0 && (start.frames === 0 || end.frames === 0)) {
    problems.push(`nothing decodes at its ${start.frames === 0 ? 'beginning' : 'end'}`);
  }
  return { problems, frames: start.frames + end.frames };
}

async function decodePart(
  { path, signal, onProgress }: VerifyOptions,
  { streamIndex }: Film,
  window: readonly string[],
): Promise<Decoded> {
  const { ffmpeg } = await findFfmpeg();
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'repeat+error', '-copyts', ...window, '-i', `file:${path}`],
    ...[
      '-map',
      `0:${streamIndex}`,
      // Times are compared elsewhere; here two pictures within one millisecond would be a complaint.
      '-vf',
      'setpts=N',
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      '-1',
      '-progress',
      'pipe:1',
      '-f',
      'null',
      '-',
    ],
  ];
  let frames = 0;
  const process = startProcess(ffmpeg, args, { stdout: 'pipe', signal });
  process.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const match of text.matchAll(/^frame=\s*(\d+)/gm)) frames = Number(match[1]);
    onProgress?.(frames);
  });
  const { code } = await process.exited;
  signal.throwIfAborted();
  const all = complaints(process.stderrTail());
  const said = all.length === 0 ? all : without(all, await openingComplaints(ffmpeg, path, streamIndex, signal));
  if (code !== 0 || said.length > 0) {
    return {
      problems: [`decoding it again complains: ${said.slice(0, 2).join(' / ') || `exit code ${code ?? 'none'}`}`],
      frames,
    };
  }
  return { problems: [], frames };
}

/**
 * What ffmpeg says when it only opens the file: it looks into every stream then, so that damaged sound, which is copied as
 * it is, has its say although nobody decodes it.
 */
async function openingComplaints(
  ffmpeg: string,
  path: string,
  streamIndex: number,
  signal: AbortSignal,
): Promise<string[]> {
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'repeat+error', '-copyts', '-i', `file:${path}`],
    ...['-map', `0:${streamIndex}`, '-c', 'copy', '-frames:0', '0', '-f', 'null', '-'],
  ];
  return complaints((await capture(ffmpeg, args, { signal })).stderr);
}

/** Lines of `all` that are left when each of `known` is taken away once; the addresses in them are other ones each time. */
function without(all: readonly string[], known: readonly string[]): string[] {
  const plain = (line: string): string => line.replace(/ @ 0x[0-9a-f]+\]/gi, ']');
  const left = known.map(plain);
  return all.filter((line) => {
    const at = left.indexOf(plain(line));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

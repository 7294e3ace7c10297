import { findFfmpeg } from '../platform/ffmpeg.ts';
import { startProcess } from '../platform/process.ts';
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

/** Decodes the output's video and counts frames; whatever the decoder says is a problem. */
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
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-copyts', ...window, '-i', `file:${path}`],
    ...[
      '-map',
      `0:${streamIndex}`,
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
  const said = complaints(process.stderrTail());
  if (code !== 0 || said.length > 0) {
    return {
      problems: [`decoding it again complains: ${said.slice(0, 2).join(' / ') || `exit code ${code ?? 'none'}`}`],
      frames,
    };
  }
  return { problems: [], frames };
}

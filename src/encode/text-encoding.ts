import { TextDecoder } from 'node:util';
import type { Plan } from '../core/plan.ts';
import { deepProbing } from '../core/probing.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { startProcess } from '../platform/process.ts';

/** Packets of these are more than their text (lengths, styles, control codes), whose encoding their standards fix. */
const OWN_FORM: ReadonlySet<string> = new Set(['mov_text', 'eia_608']);
/** Bytes that Windows-1252 has no letters for. */
const UNUSED = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/**
 * For text subtitles that are converted and are no UTF-8, by the stream's index: what to read them as, a name that iconv
 * knows. FFmpeg leaves out every line that it cannot read, without an error. Which of the old encodings it is nobody says; this
 * one is the most usual, and no line is lost.
 */
export async function textEncodings(plan: Plan, signal: AbortSignal): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const { index, action } of plan.streams) {
    const source = plan.media.streams.find((stream) => stream.index === index);
    if (action !== 'convert' || source?.kind !== 'subtitle' || OWN_FORM.has(source.codec)) continue;
    const encoding = await encodingOf(plan, index, signal);
    if (encoding !== undefined) found.set(index, encoding);
  }
  return found;
}

async function encodingOf(plan: Plan, index: number, signal: AbortSignal): Promise<string | undefined> {
  const { ffmpeg } = await findFfmpeg();
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', ...deepProbing(plan.media.container)],
    ...['-i', `file:${plan.media.path}`, '-map', `0:${index}`, '-c', 'copy', '-f', 'data', 'pipe:1'],
  ];
  const process = startProcess(ffmpeg, args, { stdout: 'pipe', signal });
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let [isUtf8, isWindows] = [true, true];
    for await (const piece of (process.stdout ?? []) as AsyncIterable<Buffer>) {
      isWindows &&= !piece.some((byte) => UNUSED.has(byte));
      isUtf8 &&= decodes(decoder, piece);
    }
    // What cannot be read at all is told with its reason by the real attempt.
    const { code } = await process.exited;
    signal.throwIfAborted();
    if (code !== 0 || isUtf8) return undefined;
    return isWindows ? 'CP1252' : 'ISO-8859-1';
  } finally {
    process.kill();
    await process.exited;
  }
}

function decodes(decoder: TextDecoder, piece: Buffer): boolean {
  try {
    decoder.decode(piece, { stream: true });
    return true;
  } catch {
    return false;
  }
}

export const encodingWarning = (index: number, encoding: string): string =>
  `Stream ${index}: its subtitles are no UTF-8 and were read as ${encoding}. If letters are wrong, write .mkv, which keeps them as they are.`;

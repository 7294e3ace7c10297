import { z } from 'zod';
import type { Plan } from '../core/plan.ts';
import { ticksToSeconds } from '../core/rational.ts';
import { findFfmpeg, JSON_OUTPUT } from '../platform/ffmpeg.ts';
import { capture } from '../platform/process.ts';
import type { Span } from './span.ts';

const chaptersSchema = z.object({
  chapters: z.array(
    z.object({ start_time: z.string(), end_time: z.string(), tags: z.record(z.string(), z.string()).default({}) }),
  ),
});
export type Chapter = z.infer<typeof chaptersSchema>['chapters'][number];

/** Chapters of a media file, times in seconds of its own clock. */
export async function readChapters(path: string, signal: AbortSignal): Promise<Chapter[]> {
  const { ffprobe } = await findFfmpeg();
  const args = ['-v', 'error', '-show_chapters', ...JSON_OUTPUT, '-i', `file:${path}`];
  const { stdout, code } = await capture(ffprobe, args, { signal });
  return code === 0 ? chaptersSchema.parse(JSON.parse(stdout)).chapters : [];
}

const escaped = (text: string): string => text.replace(/[=;#\\\n]/g, (sign) => `\\${sign}`);

/** Whether a chapter has a part in the film: all have in a whole one, even those without length. */
export function isInFilm({ start_time, end_time }: Chapter, { decode }: Pick<Plan, 'decode'>, span: Span): boolean {
  if (!span.trimmed) return true;
  const [first, last] = [ticksToSeconds(span.start, decode.timeBase), ticksToSeconds(span.end, decode.timeBase)];
  const [start, end] = [Number(start_time), Number(end_time)];
  return start < last && (end > first || start >= first);
}

/** Chapters as an ffmetadata file: cut to the film's span and moved with its clock. Pure. */
export function chapterFile(chapters: readonly Chapter[], { decode }: Pick<Plan, 'decode'>, span: Span): string {
  const shift = Number(span.shiftMicros);
  const micros = (seconds: string): number => Math.round(Number(seconds) * 1e6);
  const first = span.trimmed ? ticksToSeconds(span.start, decode.timeBase) * 1e6 : -Infinity;
  const last = span.trimmed ? ticksToSeconds(span.end, decode.timeBase) * 1e6 : Infinity;
  const lines = [';FFMETADATA1'];
  for (const chapter of chapters) {
    if (!isInFilm(chapter, { decode }, span)) continue;
    const { start_time, end_time, tags } = chapter;
    const start = Math.max(micros(start_time), first);
    const end = Math.min(micros(end_time), last);
    lines.push('[CHAPTER]', 'TIMEBASE=1/1000000');
    lines.push(`START=${Math.max(0, Math.round(start - shift))}`, `END=${Math.max(0, Math.round(end - shift))}`);
    for (const [key, value] of Object.entries(tags)) lines.push(`${escaped(key)}=${escaped(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

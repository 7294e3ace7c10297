import type { Plan } from '../core/plan.ts';
import { ticksToSeconds } from '../core/rational.ts';
import { isInFilm, readChapters } from './chapters.ts';
import type { OutputInfo } from './probe-output.ts';
import type { Span } from './span.ts';

/** Containers that have chapters in FFmpeg's hands. */
const holdsChapters = (plan: Plan): boolean => ['mp4', 'mov', 'mkv', 'webm', 'nut'].includes(plan.encode.container);

/** Compares the chapters with the source's: number, start and title. */
export async function checkChapters(
  plan: Plan,
  span: Span,
  output: OutputInfo,
  moved: number,
  signal: AbortSignal,
): Promise<string[]> {
  if (plan.media.chapters === 0 || !holdsChapters(plan)) return [];
  const first = ticksToSeconds(span.start, plan.decode.timeBase);
  const wanted = (await readChapters(plan.media.path, signal)).filter((own) => isInFilm(own, plan, span));
  if (output.chapters.length !== wanted.length) {
    return [`it has ${output.chapters.length} chapters instead of ${wanted.length}`];
  }
  const shift = Number(span.shiftMicros) / 1e6;
  for (const [at, { start_time, tags }] of wanted.entries()) {
    const has = output.chapters[at];
    const start = Math.max(0, (span.trimmed ? Math.max(Number(start_time), first) : Number(start_time)) - shift);
    // Chapters of some containers follow a shift of the streams, those of others do not.
    const off = Math.abs(Number(has?.start_time) - start);
    if (off > 0.0015 && Math.abs(off - Math.abs(moved)) > 0.0015) {
      return [`chapter ${at + 1} starts at ${has?.start_time ?? ''} s instead of ${start.toFixed(3)} s`];
    }
    if (tags['title'] !== undefined && has?.tags['title'] !== tags['title']) {
      return [`chapter ${at + 1} is called "${has?.tags['title'] ?? ''}" instead of "${tags['title']}"`];
    }
  }
  return [];
}

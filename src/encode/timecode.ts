import type { Plan } from '../core/plan.ts';
import { ticksToSeconds, toNumber } from '../core/rational.ts';
import type { Span } from './span.ts';

/** Frames a second of film under 3:2 pulldown, whose time code counts 30. */
const FILM_FRAMES = 24;

/** Labels that a time code of this nominal rate leaves out each minute except every tenth, to keep step with 1000/1001 of it. */
const dropped = (nominal: number): number => nominal / 15;

function countOf([hours, minutes, seconds, frames]: readonly number[], nominal: number, drops: boolean): number {
  const inMinutes = (hours ?? 0) * 60 + (minutes ?? 0);
  const left = drops ? dropped(nominal) * (inMinutes - Math.floor(inMinutes / 10)) : 0;
  return (inMinutes * 60 + (seconds ?? 0)) * nominal + (frames ?? 0) - left;
}

function labelOf(count: number, nominal: number, drops: boolean): number[] {
  let at = count;
  if (drops) {
    const perMinute = 60 * nominal - dropped(nominal);
    const perTen = 10 * perMinute + dropped(nominal);
    const [tens, rest] = [Math.floor(at / perTen), at % perTen];
    const later = Math.max(0, Math.floor((rest - dropped(nominal)) / perMinute));
    at += dropped(nominal) * (9 * tens + later);
  }
  const seconds = Math.floor(at / nominal);
  return [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60, at % nominal];
}

/**
 * The time code of the film's first frame, from that of the source's. A part of a film begins later. Film that was freed from
 * its pulldown counts 24 frames: the drop of 29.97 is none there, and FFmpeg leaves out the whole code of such a track. What
 * cannot be read, or has no rate to count in, stays as it is. Pure.
 */
export function movedTimecode(text: string, { decode, media }: Plan, span: Span): string {
  const [, numbers = '', separator = ':', frames = ''] = /^(\d+:\d+:\d+)([:;.])(\d+)$/.exec(text) ?? [];
  if (numbers === '' || media.video.variableFrameRate) return text;
  const rate = toNumber(media.video.frameRate);
  const nominal = Math.round(rate);
  const drops = separator !== ':' && nominal % 30 === 0;
  const first = media.streams.find(({ index }) => index === media.video.streamIndex)?.startTime ?? media.startTime;
  const skipped = span.trimmed ? Math.max(0, ticksToSeconds(span.start, decode.timeBase) - first) : 0;
  const isFilm = decode.telecine !== 'none' && nominal === 30;
  if ((skipped === 0 && !isFilm) || nominal === 0) return text;
  const given = [...numbers.split(':'), frames].map(Number);
  const label = labelOf(countOf(given, nominal, drops) + Math.round(skipped * rate), nominal, drops);
  if (isFilm) label[3] = Math.floor(((label[3] ?? 0) * FILM_FRAMES) / nominal);
  const [hours, minutes, seconds, last] = label.map((part) => String(part).padStart(2, '0'));
  return `${hours ?? ''}:${minutes ?? ''}:${seconds ?? ''}${isFilm ? ':' : separator}${last ?? ''}`;
}

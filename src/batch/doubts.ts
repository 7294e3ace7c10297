import type { Doubt } from '../core/events.ts';

/** Places of one kind that a person is sent to: more are not looked at. */
const WORST = 3;
/** Two places nearer than this are one. */
const APART_SECONDS = 2;

const SAID: Readonly<Record<Doubt['kind'], string>> = {
  flicker: 'brightness still flickers',
  'color-change': 'color still changes',
  'unsure-color': 'color is most of a guess',
};

/** The worst places of each kind, apart from each other, by time. */
export function worstDoubts(doubts: readonly Doubt[]): Doubt[] {
  const chosen: Doubt[] = [];
  for (const doubt of [...doubts].sort((a, b) => b.value - a.value || a.frame - b.frame)) {
    const same = chosen.filter(({ kind }) => kind === doubt.kind);
    if (same.length >= WORST) continue;
    if (same.every(({ seconds }) => Math.abs(seconds - doubt.seconds) >= APART_SECONDS)) chosen.push(doubt);
  }
  return chosen.sort((a, b) => a.frame - b.frame);
}

/** 'HH:MM:SS'. */
export function timecode(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** '00:12:07 color still changes (0.052)'. */
export const doubtText = ({ kind, seconds, value }: Doubt): string => `${timecode(seconds)} ${SAID[kind]} (${value})`;

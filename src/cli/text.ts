import { cellWidth, padToCells } from './cells.ts';

/** Characters that would move the cursor, break the line or reorder text in a terminal. */
// eslint-disable-next-line no-control-regex -- these are the characters to be shown
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text from outside (file names, messages with file names in them) on one line, with control characters made visible. */
export const visible = (text: string): string =>
  text.replace(UNSAFE, (char) => SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** A file name for a message: as it is, or JSON-quoted where it holds anything that could be misread. */
export function quoteName(name: string): string {
  const plain = visible(name) === name && name.trim() === name && name !== '' && !/["\\]/.test(name);
  return plain ? name : visible(JSON.stringify(name));
}

/** `1:02:03`, `2:03` or `0:03`. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `1:02:03.5`: a place in a film, to the millisecond. */
export function formatPlace(seconds: number): string {
  const ms = Math.round(seconds * 1000);
  const rest = ms % 1000;
  return formatDuration((ms - rest) / 1000) + (rest === 0 ? '' : formatNumber(rest / 1000).slice(1));
}

/** `45 s`, `4 min`, `1 h`: how long something is waited for. */
export function formatWait(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${formatNumber(minutes / 60, 1)} h`;
}

/** Decimal units, as file managers and disks count: `999 B`, `1.2 MB`, `35 GB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** At most `digits` digits after the point, none that say nothing: `25`, `23.976`. */
export const formatNumber = (value: number, digits = 3): string => String(Number(value.toFixed(digits)));

/** Columns padded to the widest cell, two spaces apart; no trailing blanks. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cellWidth(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => padToCells(cell, widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Breaks text at blanks into lines of at most `width` cells of a terminal; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && cellWidth(line) + 1 + cellWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

import { pino, type Logger } from 'pino';
import type { LogLevel } from './flags.ts';
import { visible } from './text.ts';

export type Log = Logger;

interface Entry {
  readonly level: string;
  readonly msg?: string;
  readonly [key: string]: unknown;
}

const PREFIXES: Readonly<Record<string, string>> = { fatal: 'error: ', error: 'error: ', warn: 'warning: ', info: '' };

/** A log entry as a person reads it: the message, and below info what else the entry carries. */
function readable({ level, msg = '', ...fields }: Entry): string {
  const prefix = PREFIXES[level];
  if (prefix !== undefined) return prefix + msg;
  return `${level}: ${msg}${Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`}`;
}

/** Level as its word, not as pino's number. */
const formatters = { level: (label: string) => ({ level: label }) };

/** Log for people: one line an entry, handed to `print`. */
export const createTextLog = (level: LogLevel, print: (line: string) => void): Log =>
  pino(
    { level, base: null, timestamp: false, formatters },
    {
      write: (text: string) => {
        print(visible(readable(JSON.parse(text) as Entry)));
      },
    },
  );

/** Log for programs: pino's own JSON lines. */
export const createJsonLog = (level: LogLevel, write: (text: string) => void): Log =>
  pino({ level, base: null, formatters, timestamp: pino.stdTimeFunctions.isoTime }, { write });

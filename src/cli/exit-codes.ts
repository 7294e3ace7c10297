import { EXIT_CODES } from '../index.ts';

/** What every exit code says; `--help` and docs/cli.md show this table. */
export const EXIT_CODE_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT_CODES.done, 'done'],
  [EXIT_CODES.usage, 'wrong usage: an option, a preset or an output that makes no sense; nothing was touched'],
  [EXIT_CODES.badInput, 'bad input: the file is not a film, or cannot be decoded'],
  [EXIT_CODES.noInput, 'no input: the file is missing or cannot be read'],
  [EXIT_CODES.unavailable, 'not available: ffmpeg, an encoder, a device or a model'],
  [EXIT_CODES.internal, 'internal: a part failed in spite of retries'],
  [EXIT_CODES.cannotCreate, 'the output cannot be written, exists already, or the disk is full'],
  [EXIT_CODES.stopped, 'stopped; the same command goes on where it stopped'],
  [EXIT_CODES.interrupted, 'interrupted at once'],
];

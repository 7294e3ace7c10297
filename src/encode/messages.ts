import { RestorationError } from '../core/errors.ts';

/** What encoders tell about themselves even when asked for errors only. */
const CHATTER = /^Svt\[info\]|^x26[45] \[info\]|^\s*$|^\s*Last message repeated/;

/** Complaints of ffmpeg, without what is only talk. */
export const complaints = (stderr: string): string[] =>
  stderr
    .split(/\r?\n|\r/)
    .map((line) => line.trim())
    .filter((line) => !CHATTER.test(line));

/** The lines that say most, on one line. */
export const lastLine = (stderr: string, lines = 2): string =>
  complaints(stderr).slice(-lines).join(' / ').slice(0, 500) || 'it said nothing.';

/** What an encoder said first, without its name: the lines after it only say that there was an error. */
export const firstReason = (stderr: string): string =>
  (complaints(stderr)[0] ?? 'it said nothing.').replace(/^(\[\S+( encoder)? @ 0x[0-9a-f]+\]|x26[45] \[error\]:) /i, '');

/** Whether a program ran out of disk: ffmpeg may end with success even so when only the end of a file was refused. */
export const isDiskFull = (stderr: string): boolean => /No space left on device|Disk quota exceeded/i.test(stderr);

/** A failed write of ffmpeg in our words. */
export function writeFailure(what: string, stderr: string): RestorationError {
  if (isDiskFull(stderr)) {
    return new RestorationError('DISK_FULL', `There is no space left to write ${what}.`, {
      hint: 'Free some space, or name another place with --workdir, and run the same command again: finished segments are kept.',
    });
  }
  return new RestorationError('ENCODE_FAILED', `Writing ${what} failed: ${lastLine(stderr)}`, {
    hint: 'Run the same command again: finished segments are kept.',
    retryable: true,
  });
}

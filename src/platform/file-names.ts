import path from 'node:path';

/** What disks take as a name; in characters on some, in bytes on most. */
const LONGEST_NAME_BYTES = 255;

/** As much of the beginning of a text as fits into so many bytes, in whole characters as people count them. */
function beginning(text: string, most: number): string {
  const fitting = (units: Iterable<string>): string => {
    let cut = '';
    for (const unit of units) {
      if (Buffer.byteLength(cut + unit) > most) break;
      cut += unit;
    }
    return cut;
  };
  if (Buffer.byteLength(text) <= most) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  // One character can be a whole name's worth of marks.
  return fitting(characters) || fitting(text);
}

/**
 * `stem` and `tail` as one file name that a disk takes: of a long stem only as much as fits, in whole characters. `spare` bytes
 * are left for what others put around it. Names that are short enough stay as they are.
 */
export const fittingName = (stem: string, tail: string, spare = 0): string =>
  beginning(stem, LONGEST_NAME_BYTES - spare - Buffer.byteLength(tail)) + tail;

/** Whether a name on the disk is no UTF-8 (old disks, Latin-1): Node replaces such bytes, and what it names then is not there. */
export const isMisread = (name: string): boolean => name.includes('\uFFFD');

/** What comes after the last dot is an extension as long as it is short. */
const LONGEST_EXTENSION = 16;

/** A file's name without its folder and extension, and the extension with its dot. */
export function splitName(file: string): { readonly stem: string; readonly extension: string } {
  const { base, name, ext } = path.parse(file);
  return ext.length > LONGEST_EXTENSION ? { stem: base, extension: '' } : { stem: name, extension: ext };
}

/** Marks that stand on the character before them, and characters that only join or vary others. */
const NO_CELL = /[\p{Mn}\p{Me}\u200b-\u200f\u2060-\u2064\ufeff\u1160-\u11ff\ud7b0-\ud7ff]/u;

/** East Asian Width W and F (Unicode 16), beside the emoji that are wide by themselves. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]/u;

/** The two letters of a flag take a cell each. */
const FLAG_LETTER = /[\u{1f1e6}-\u{1f1ff}]/u;
/** Makes an emoji, two cells wide, of the character before it. */
const AS_EMOJI = '\ufe0f';

function cellsOf(character: string): number {
  let cells = 0;
  for (const part of character) {
    if (NO_CELL.test(part)) continue;
    cells += WIDE.test(part) && !FLAG_LETTER.test(part) ? 2 : 1;
  }
  return character.includes(AS_EMOJI) ? Math.max(2, cells) : cells;
}

const characters = (text: string): string[] => Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);

/** How many cells of a terminal a text takes: where terminals differ (joined emoji), the most. */
export const cellWidth = (text: string): number =>
  characters(text).reduce((sum, character) => sum + cellsOf(character), 0);

/** As much of the beginning of a text as fits into so many cells, in whole characters as people count them. */
export function cutToCells(text: string, most: number): string {
  let cut = '';
  let cells = 0;
  for (const character of characters(text)) {
    cells += cellsOf(character);
    if (cells > most) break;
    cut += character;
  }
  return cut;
}

/** As `padEnd`, in cells. */
export const padToCells = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - cellWidth(text)));

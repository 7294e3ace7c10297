import { expect, test } from 'vitest';
import { cellWidth, cutToCells, padToCells } from '../../../src/cli/cells.ts';

test.each([
  ['film.mp4', 8],
  ['', 0],
  ['映画', 4],
  ['ﾌｨﾙﾑ', 4],
  ['ＦＩＬＭ', 8],
  ['한국', 4],
  ['한국'.normalize('NFD'), 4],
  ['が'.normalize('NFD'), 2],
  ['é'.normalize('NFD'), 1],
  ['ünï', 3],
  ['фильм', 5],
  ['🎬', 2],
  ['❤️', 2],
  ['🇩🇪', 2],
  ['𠮷', 2],
  ['…', 1],
])('%s takes %d cells', (text, cells) => {
  expect(cellWidth(text)).toBe(cells);
});

test('text is cut between characters and padded in cells', () => {
  expect(cutToCells('映画館', 5)).toBe('映画');
  expect(cutToCells('e\u0301e\u0301', 1)).toBe('e\u0301');
  expect(cutToCells('🇩🇪🇫🇷', 3)).toBe('🇩🇪');
  expect(cutToCells('ab', 0)).toBe('');
  expect(padToCells('映', 4)).toBe('映  ');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatPlace,
  formatTable,
  formatWait,
  quoteName,
  visible,
  wrap,
} from '../../../src/cli/text.ts';

test('file names are shown as they are, or quoted where they could be misread', () => {
  expect(quoteName('old film (1).mp4')).toBe('old film (1).mp4');
  expect(quoteName("it's.mp4")).toBe("it's.mp4");
  expect(quoteName('日本.mp4')).toBe('日本.mp4');
  expect(quoteName('a\nb.mp4')).toBe('"a\\nb.mp4"');
  expect(quoteName('say "x".mp4')).toBe('"say \\"x\\".mp4"');
  expect(quoteName(' x ')).toBe('" x "');
  expect(quoteName('\u001b[2Jx')).toBe('"\\u001b[2Jx"');
  expect(quoteName('safe\u202Egpj.mp4')).toBe('"safe\\u202egpj.mp4"');
});

test('no text can break its line or move the cursor', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      expect(visible(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }),
  );
});

test('durations, sizes and tables read well', () => {
  expect([0, 59.4, 59.6, 3599.7, 7384].map(formatDuration)).toEqual(['0:00', '0:59', '1:00', '1:00:00', '2:03:04']);
  expect([0, 1.5, 59.9996, 3723.25].map(formatPlace)).toEqual(['0:00', '0:01.5', '1:00', '1:02:03.25']);
  expect([6, 60, 240, 3600].map(formatWait)).toEqual(['6 s', '60 s', '4 min', '1 h']);
  expect([0, 999, 1000, 12_345_678, 999_999_999, 2.5e12].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '12.3 MB',
    '1.0 GB',
    '2.5 TB',
  ]);
  expect(
    formatTable([
      ['a', 'bb', ''],
      ['ccc', 'd', 'e'],
    ]),
  ).toEqual(['a    bb', 'ccc  d   e']);
  expect(
    formatTable([
      ['映画', 'x'],
      ['film', 'y'],
    ]),
  ).toEqual(['映画  x', 'film  y']);
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('averylongword x', 4)).toEqual(['averylongword', 'x']);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellWidth } from '../../../src/cli/cells.ts';
import { formatBar, formatProgressLine, type Progress } from '../../../src/cli/progress.ts';

const half: Progress = {
  name: 'old film.mp4',
  phase: undefined,
  framesDone: 120,
  framesTotal: 240,
  framesPerSecond: 3.456,
  etaSeconds: 35,
  bottleneck: 'upscale',
};

test('the bar tells frames, speed, time left and the bottleneck', () => {
  expect(formatBar(half, 120)).toBe(
    'old film.mp4  [############------------]  120/240 frames  3.46 fps  ETA 0:35  slowest: upscale',
  );
  expect(formatProgressLine(half)).toBe('old film.mp4: 50%, 120/240 frames, 3.46 fps, ETA 0:35, slowest: upscale');
});

test('an ordinary terminal has room for all of it', () => {
  expect(formatBar(half, 80)).toMatch(/^old film\.mp4 {2}\[#+-+\] {2}120\/240 frames .* slowest: upscale$/);
});

test.each([
  ['Japanese', '黒澤明監督作品七人の侍完全版一九五四年.mp4'],
  ['Korean, as macOS writes it', '오래된영화오래된영화오래된영화.mp4'.normalize('NFD')],
  ['emoji', '🎬🎞️📽️👨‍👩‍👧‍👦🇩🇪🎬🎬🎬🎬.mp4'],
  ['marks', `${'e\u0301\u0323'.repeat(60)}.mp4`],
])('the line of a %s name fits the terminal and is shortened between characters', (_about, name) => {
  const bar = formatBar({ ...half, name }, 100);
  expect(cellWidth(bar)).toBeLessThan(100);
  // As much as there is room for: 20 cells, one less where half a character would be left.
  const shown = bar.slice(0, bar.indexOf('…'));
  expect([18, 19]).toContain(cellWidth(shown));
  expect(name.startsWith(shown)).toBe(true);
  expect(bar).toContain('slowest: upscale');
});

test('before the first frame nothing is divided by nothing', () => {
  const start = { ...half, framesDone: 0, framesTotal: 0, framesPerSecond: undefined, etaSeconds: undefined };
  expect(formatBar(start, 80)).toContain('[------------------------]  0/0 frames');
});

test('a bar never wraps, however narrow the terminal and long the name', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 })),
      fc.nat(1e7),
      fc.nat(1e7),
      (columns, name, framesDone, framesTotal) => {
        const bar = formatBar({ ...half, name, framesDone, framesTotal }, columns);
        expect(cellWidth(bar)).toBeLessThan(Math.max(columns, 1));
        // eslint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(bar).not.toMatch(/[\u0000-\u001f]/);
      },
    ),
  );
});

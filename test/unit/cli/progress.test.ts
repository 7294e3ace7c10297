import fc from 'fast-check';
import { expect, test } from 'vitest';
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

test('before the first frame nothing is divided by nothing', () => {
  const start = { ...half, framesDone: 0, framesTotal: 0, framesPerSecond: undefined, etaSeconds: undefined };
  expect(formatBar(start, 80)).toContain('[------------------------]  0/0 frames');
});

test('a bar never wraps, however narrow the terminal and long the name', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.string({ maxLength: 80 }),
      fc.nat(1e7),
      fc.nat(1e7),
      (columns, name, framesDone, framesTotal) => {
        const bar = formatBar({ ...half, name, framesDone, framesTotal }, columns);
        expect(bar.length).toBeLessThan(Math.max(columns, 1));
        // eslint-disable-next-line no-control-regex -- control characters are what must not be there
        expect(bar).not.toMatch(/[\u0000-\u001f]/);
      },
    ),
  );
});

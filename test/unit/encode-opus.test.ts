import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { scratch, showTimes } from './encode-kit.ts';
import { drawn, ffmpeg, putFilm } from './encode-film-kit.ts';

const folder = scratch();
const at = (name: string): string => path.join(folder, name);

beforeAll(() => {
  const opus = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-bf', '0', '-c:a', 'libopus'];
  ffmpeg(...drawn(1), ...opus, at('film.mkv'));
  ffmpeg(...drawn(1), ...opus, at('film.mp4'));
  ffmpeg(
    '-i',
    at('film.mkv'),
    '-itsoffset',
    '0.4',
    '-i',
    at('film.mkv'),
    ...['-map', '0:v', '-map', '1:a'],
    '-c',
    'copy',
    at('late.mkv'),
  );
});

test.each([
  ['film.mkv', 'mkv', 0],
  ['film.mkv', 'mkv', 5],
  ['film.mp4', 'mkv', 0],
  ['late.mkv', 'mkv', 0],
] as const)(
  'Opus sound of %s stays in step with the picture in %s, %s frames cut off',
  async (source, container, from) => {
    const { output } = await putFilm(at(source), container, `${source}-${from}.${container}`, { from });
    if (from > 0) return;
    const apart = (file: string): number => showTimes(file, 'a:0')[0]! - showTimes(file, 'v:0')[0]!;
    expect(Math.abs(apart(output) - apart(at(source)))).toBeLessThan(0.0011);
  },
);

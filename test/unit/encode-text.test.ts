import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { textEncodings } from '../../src/encode/text-encoding.ts';
import { drawn, ffmpeg, putFilm } from './encode-film-kit.ts';
import { never, run, scratch } from './encode-kit.ts';

const folder = scratch();
const at = (name: string): string => path.join(folder, name);

/** A Matroska film whose subtitles are these bytes, as they are. */
function filmWith(name: string, first: Buffer): string {
  const cue = (number: number, from: number, text: Buffer): Buffer[] => [
    Buffer.from(`${number}\n00:00:0${from},000 --> 00:00:0${from},800\n`),
    text,
    Buffer.from('\n\n'),
  ];
  writeFileSync(at('cues.srt'), Buffer.concat([...cue(1, 0, first), ...cue(2, 1, Buffer.from('plain'))]));
  const subtitles = ['-i', at('cues.srt'), '-map', '0', '-map', '1', '-map', '2', '-c:s', 'copy'];
  ffmpeg(...drawn(2), ...subtitles, '-c:v', 'libx264', '-c:a', 'aac', at(name));
  return at(name);
}

const textOf = (file: string): string[] =>
  run('ffmpeg', '-v', 'error', '-i', file, '-map', '0:s', '-f', 'srt', '-')
    .split('\n')
    .filter((line) => /^[^\d]/.test(line));

test.each([
  ['Windows-1252', Buffer.from('Caf\xe9 \x93cr\xe8me\x94', 'latin1'), 'CP1252', 'Café “crème”'],
  ['bytes that it has not', Buffer.from('Caf\xe9 \x81', 'latin1'), 'ISO-8859-1', 'Café \u0081'],
  ['UTF-8', Buffer.from('Čaj ☕'), undefined, 'Čaj ☕'],
])('subtitles in %s lose no line where they are converted', async (kind, bytes, encoding, text) => {
  const film = await putFilm(filmWith(`${kind}.mkv`, bytes), 'mp4', `${kind}.mp4`);
  expect(textOf(film.output)).toEqual([text, 'plain']);
  expect([...(await textEncodings(film.plan, never))]).toEqual(encoding === undefined ? [] : [[2, encoding]]);
});

test('long lines of MP4, whose lengths are bytes that no text has, come through', async () => {
  const line = 'Über Bücher und Käse. '.repeat(12).trim();
  const source = filmWith('long.mkv', Buffer.from(line));
  ffmpeg('-i', source, '-map', '0', '-c', 'copy', '-c:s', 'mov_text', at('long.mp4'));
  const film = await putFilm(at('long.mp4'), 'mkv', 'from-mp4.mkv');
  expect(textOf(film.output)).toEqual([line, 'plain']);
});

test('subtitles that are copied are not looked at', async () => {
  const film = await putFilm(filmWith('copied.mkv', Buffer.from('Caf\xe9', 'latin1')), 'mkv', 'copy.mkv');
  expect(await textEncodings(film.plan, never)).toEqual(new Map());
});

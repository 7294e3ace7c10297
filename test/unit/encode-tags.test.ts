import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Container } from '../../src/core/plan.ts';
import { probeMedia } from '../../src/decode/index.ts';
import { decodeText } from '../../src/platform/text.ts';
import { drawn, ffmpeg, putFilm } from './encode-film-kit.ts';
import { scratch } from './encode-kit.ts';

const folder = scratch();
const at = (name: string): string => path.join(folder, name);

test('lines that are no UTF-8 are Windows-1252, others are not touched', () => {
  const bytes = [Buffer.from('Grün\n'), Buffer.from([0x47, 0xfc, 0x80, 0x9f, 0x81, 0x0a]), Buffer.from('”')];
  expect(decodeText(Buffer.concat(bytes))).toBe('Grün\nGü€Ÿ\u0081\n”');
});

test.each<Container>(['mkv', 'mp4', 'mov'])(
  'tags of an AVI file in Windows-1252 are UTF-8 in %s',
  async (container) => {
    const tags = ['title=Caf* .na*ve"', 'artist=Zoë', 'comment=plain'].flatMap((tag) => ['-metadata', tag]);
    const named = [...tags, '-metadata:s:v', 'title=B*ld', '-metadata:s:a', 'title=T*ne'];
    ffmpeg(...drawn(1), ...named, '-c:v', 'mpeg4', '-c:a', 'mp2', at('plain.avi'));
    const text = readFileSync(at('plain.avi'), 'latin1');
    const foreign = [
      ['Caf* .na*ve"', 'Caf\xe9 \x93na\xefve\x94'],
      ['B*ld', 'B\xe4ld'],
      ['T*ne', 'T\xf6ne'],
    ] as const;
    const patched = foreign.reduce((before, [from, to]) => before.replace(from, to), text);
    writeFileSync(at('old.avi'), patched, 'latin1');
    const { output, media } = await putFilm(at('old.avi'), container, `old.${container}`);
    const wanted = { title: 'Café “naïve”', artist: 'Zoë' };
    expect(media.tags).toMatchObject(wanted);
    const written = readFileSync(output);
    for (const value of Object.values(wanted)) expect(written.includes(value)).toBe(true);
    const { tags: found, streams } = await probeMedia(output);
    const names = Object.fromEntries(Object.entries(found).map(([key, value]) => [key.toLowerCase(), value]));
    expect(names).toMatchObject({ ...wanted, comment: 'plain' });
    if (container === 'mkv') expect(streams.map(({ title }) => title)).toEqual(['Bäld', 'Töne']);
  },
);

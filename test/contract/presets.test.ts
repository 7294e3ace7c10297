import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CODECS, listModels, listPresets, loadPreset } from '../../src/index.ts';

const folder = new URL('../../presets/', import.meta.url);
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));

test('the presets that people were promised are there', async () => {
  const names = (await listPresets()).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['bw-film', 'grainy-tv', 'vhs', 'home-video', 'animation', 'clean', 'none']),
  );
});

describe.each(files)('%s', (file) => {
  const name = file.replace(/\.json$/, '');

  test('is named like its file, and says in one sentence what it is for', async () => {
    const preset = await loadPreset(name);
    expect(preset.name).toBe(name);
    expect(preset.summary).toMatch(/^[A-Z].*[^.]\.$/);
    expect(preset.summary.match(/[.!?](\s|$)/g)).toHaveLength(1);
  });

  test('runs every stage at most once, in an order that works', async () => {
    const order = (await loadPreset(name)).stages.map(({ kind }) => kind);
    expect(new Set(order).size).toBe(order.length);
    const place = (kind: (typeof order)[number]): number => order.indexOf(kind);
    // Colorizing looks at the source's own picture; its color is brought to whatever size the luma has at the end.
    expect(place('colorize')).toBeLessThan(place('chroma-anchor'));
    expect(place('chroma-anchor')).toBeLessThan(place('chroma-smooth'));
    expect(place('chroma-smooth')).toBeLessThan(place('apply-chroma'));
    expect(place('colorize')).toBeLessThan(place('upscale'));
    expect(place('upscale')).toBeLessThan(place('apply-chroma'));
  });

  test('names models that exist, of the right kind and scale, and a codec that exists', async () => {
    const { models, encode } = await loadPreset(name);
    const known = new Map((await listModels()).map((model) => [model.id, model]));
    const wanted = {
      denoise: ['denoise', 1],
      colorize: ['colorize'],
      upscale2: ['upscale', 2],
      upscale4: ['upscale', 4],
    };
    for (const [use, id] of Object.entries(models)) {
      const [kind, scale] = wanted[use as keyof typeof wanted];
      expect(known.get(id), `${use}: ${id}`).toMatchObject({ kind, ...(scale === undefined ? {} : { scale }) });
    }
    if (encode.codec !== undefined) expect(CODECS).toContain(encode.codec);
  });

  test.each(['README.md', 'docs/presets.md'])('has its sentence in %s', async (document) => {
    const text = await readFile(new URL(`../../${document}`, import.meta.url), 'utf8');
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain((await loadPreset(name)).summary);
  });
});

test('`none` brings no strength of its own', async () => {
  const none = await loadPreset('none');
  expect(none.stages.every((stage) => stage.when === 'asked')).toBe(true);
  expect([none.denoise, none.deflicker, none.saturation, none.encode]).toEqual([undefined, undefined, undefined, {}]);
});

import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { listModels } from '../../src/restore/index.ts';
import { ADAPTERS, isAdapter } from '../../src/restore/models/adapters.ts';
import { catalogEntrySchema, listCatalog } from '../../src/restore/models/catalog-entries.ts';

// What every entry of the catalog promises. Whether its address still answers, only a download can tell.

const entries = await listCatalog();
const files = await readdir(new URL('../../models/catalog/', import.meta.url));

test('every file of the folder is an entry', () => {
  expect(entries.map(({ id }) => `${id}.json`)).toEqual(files.sort());
});

test('no two entries share a name on a mirror, and none hides a model of the package', async () => {
  expect(new Set(entries.map(({ file }) => file)).size).toBe(entries.length);
  const embedded = (await listModels()).map(({ id }) => id);
  expect(entries.filter(({ id }) => embedded.includes(id))).toEqual([]);
});

describe.each(entries.map((entry) => [entry.id, entry] as const))('%s', (_, entry) => {
  test('says where it comes from and under which licence', () => {
    expect(entry.licence).toMatch(/^[A-Za-z0-9.-]+$/);
    expect(entry.source.length).toBeGreaterThan(20);
    if (entry.kind === 'upscale') expect(entry.scale).toBeGreaterThan(0);
  });

  test('names an adapter of its kind', () => {
    expect(isAdapter(entry.adapter) && ADAPTERS[entry.adapter].kind).toBe(entry.kind);
  });

  test('is of a fixed revision, or of a release', () => {
    expect(entry.url).toMatch(/\/(resolve|raw)\/[0-9a-f]{40}\/|\/releases\/download\//);
  });
});

test('a mistake in an entry is refused', () => {
  const [entry] = entries;
  for (const wrong of [
    { url: 'http://example.org/x.onnx' },
    { sha256: 'abc' },
    { sizeBytes: 0 },
    { licence: '' },
    { more: 1 },
  ]) {
    expect(catalogEntrySchema.safeParse({ ...entry, ...wrong }).success).toBe(false);
  }
});

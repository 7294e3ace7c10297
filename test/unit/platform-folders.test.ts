import { mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureFolder } from '../../src/platform/files.ts';

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'restore-folders-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);

test('a folder is made with its parents, and one that is there is left as it is', async () => {
  await ensureFolder(at('a/b/c'));
  await writeFile(at('a/b/c/file'), '');
  await ensureFolder(at('a/b/c'));
  await ensureFolder('/');
  expect((await stat(at('a/b/c/file'))).isFile()).toBe(true);
});

test('a file in the way is said', async () => {
  await writeFile(at('file'), '');
  for (const name of ['file', 'file/below']) {
    await expect(ensureFolder(at(name))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  }
});

test.skipIf(process.platform !== 'linux')(
  'where no folder can be made, that is said and not tried for ever',
  async () => {
    for (const name of ['/proc/restore', '/proc/restore/a/b']) {
      await expect(ensureFolder(name)).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
        message: `The folder ${name} cannot be made (ENOENT).`,
      });
    }
  },
);

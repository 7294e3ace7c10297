import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planOutput, resultStem } from '../../src/pipeline/output.ts';
import { lookAhead } from '../../src/pipeline/together.ts';

let folder = '';
beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'restore-output-')));
  await writeFile(path.join(folder, 'film.mp4'), 'a film');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
const planned = (output: string, overwrite = false): Promise<string> =>
  planOutput({ input: at('film.mp4'), output, overwrite }, 'mp4', () => Promise.resolve(false));

test('a name is taken by a link that leads nowhere too, and that is found before any work', async () => {
  await symlink(at('nowhere.mp4'), at('dangling.mp4'));
  await expect(planned(at('dangling.mp4'))).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  expect(await planned(at('dangling.mp4'), true)).toBe(at('dangling.mp4'));
});

test('a name that is too long for the disk is refused with the advice to name a shorter one', async () => {
  const error = { code: 'OUTPUT_UNWRITABLE', hint: expect.stringContaining('shorter') as string };
  await expect(planned(at(`${'x'.repeat(300)}.mp4`))).rejects.toMatchObject(error);
});

test.each([
  ['Latin', `${'x'.repeat(251)}.mp4`],
  ['Chinese', `${'電'.repeat(83)}.mp4`],
  ['signs of several code points', `${'👩🏽‍🚒'.repeat(16)}.webm`],
  ['one letter under many marks', `e${'\u0301'.repeat(120)}.mp4`],
])('the default name of a long name fits the disk and ends at a whole character: %s', async (_about, name) => {
  const stem = resultStem(name);
  const kept = stem.slice(0, -'.restored'.length);
  expect(stem).toMatch(/.\.restored$/);
  expect(name.startsWith(kept)).toBe(true);
  expect(kept).not.toMatch(/[\u200d\ud800-\udbff]$/);
  await writeFile(at(`${stem} (2).webm`), '');
});

test('a name that fits is kept whole', () => {
  expect(resultStem('/films/old film.vol 1.mp4')).toBe('old film.vol 1.restored');
});

test('a result is told as that of the film of its own container, where there are several of one name', async () => {
  for (const name of ['two.mkv', 'two.mp4', 'two.restored.mp4', 'two.restored.mov'])
    await writeFile(at(name), 'a film');
  const skipOf = async (name: string): Promise<string | undefined> => (await lookAhead([{ input: at(name) }]))[0]?.skip;
  expect(await skipOf('two.restored.mp4')).toContain('the result of two.mp4');
  expect(await skipOf('two.restored.mov')).toMatch(/the result of two\.m(kv|p4)/);
});

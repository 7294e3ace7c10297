import { copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { degradeMedia, listDegradations, RestorationError } from '../../src/index.ts';
import { capture } from '../../src/platform/process.ts';
import { makeFolder } from './cli-helpers.ts';

const OLD_FILM = path.resolve(import.meta.dirname, '../fixtures/old-film.mp4');
let folder = '';
let remove = (): Promise<void> => Promise.resolve();
const hasPython = await listDegradations().then(
  () => true,
  () => false,
);
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

const hashes = async (film: string): Promise<string> => {
  const { stdout } = await capture('ffmpeg', ['-v', 'error', '-i', film, '-map', '0:v', '-f', 'framehash', '-']);
  return stdout;
};

test.skipIf(!hasPython)('makes a film old, the same way for the same seed, with its frames and its sound', async () => {
  const outputs = [1, 1, 2].map((seed, i) => ({ seed, output: path.join(folder, `old-${i}.mkv`) }));
  const input = path.join(folder, 'short.mkv');
  const cut = ['-v', 'error', '-i', OLD_FILM, '-t', '0.3', '-c:v', 'ffv1', '-c:a', 'copy', input];
  expect((await capture('ffmpeg', cut)).code).toBe(0);
  for (const { seed, output } of outputs) {
    await degradeMedia({ input, output, seed, operations: ['grain=0.6', 'scratches', 'weave=0.5'] });
  }
  const [first, again, other] = await Promise.all(outputs.map(({ output }) => hashes(output)));
  expect(first).toBe(again);
  expect(first).not.toBe(other);
  expect(first).not.toBe(await hashes(input));
  const show = [
    '-v',
    'error',
    '-show_entries',
    'stream=codec_type,nb_read_packets',
    '-count_packets',
    '-of',
    'csv=p=0',
  ];
  const streams = await Promise.all(
    [input, outputs[0]!.output].map(async (film) => (await capture('ffprobe', [...show, film])).stdout),
  );
  expect(streams[1]).toBe(streams[0]);
});

test.skipIf(!hasPython)('says what is wrong and leaves nothing behind', async () => {
  const output = path.join(folder, 'never.mkv');
  const fails = async (input: string, operations: string[], to = output): Promise<string> => {
    const error: unknown = await degradeMedia({ input, output: to, operations }).catch((caught: unknown) => caught);
    if (!(error instanceof RestorationError)) throw new Error('it did not fail as it should');
    return error.code;
  };
  expect(await fails(OLD_FILM, ['sepia=0.5'])).toBe('USAGE');
  expect(await fails(OLD_FILM, ['grain=2'])).toBe('USAGE');
  expect(await fails(path.join(folder, 'nothing.mkv'), ['grain'])).toBe('INPUT_MISSING');
  expect(await fails(import.meta.filename, ['grain'])).toBe('INPUT_UNDECODABLE');
  const mine = path.join(folder, 'mine.mkv');
  await copyFile(OLD_FILM, mine);
  expect(await fails(OLD_FILM, ['grain'], mine)).toBe('OUTPUT_EXISTS');
  expect(await fails(mine, ['grain'], mine)).toBe('OUTPUT_IS_INPUT');
  expect((await readdir(folder)).filter((name) => name.includes('never'))).toEqual([]);
});

test('an output that cannot be written is refused before anything is computed, with or without Python', async () => {
  const to = (output: string): Promise<void> => degradeMedia({ input: OLD_FILM, output, operations: ['grain'] });
  await expect(to(path.join(folder, 'nowhere', 'o.mp4'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  await expect(to(path.join(folder, 'o.xyz'))).rejects.toMatchObject({ code: 'USAGE' });
  await expect(to(path.join(folder, 'o'))).rejects.toMatchObject({ code: 'USAGE' });
  await mkdir(path.join(folder, 'folder.mp4'));
  await expect(to(path.join(folder, 'folder.mp4'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test('without Python it says what to install', async () => {
  const before = process.env['RESTORE_PYTHON'];
  process.env['RESTORE_PYTHON'] = path.join(folder, 'no-python');
  try {
    await expect(listDegradations()).rejects.toMatchObject({ code: 'PYTHON_MISSING', exitCode: 69 });
  } finally {
    if (before === undefined) delete process.env['RESTORE_PYTHON'];
    else process.env['RESTORE_PYTHON'] = before;
  }
});

import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asNobody, cli, expectRefusal, makeFolder } from './cli-helpers.ts';

let folder = '';
let remove = (): Promise<void> => Promise.resolve();
beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
  await chmod(folder, 0o755);
});
afterEach(() => remove());

async function addJob(where: string): Promise<string> {
  const work = path.join(folder, where);
  await mkdir(work, { recursive: true });
  const plan = { planHash: 'abc', source: '/films/a.mp4', output: '/films/a.restored.mp4', preset: 'none' };
  await writeFile(path.join(work, 'plan.json'), JSON.stringify(plan));
  return work;
}

test('a folder that may not be looked into is passed over, and one that is named is refused', async () => {
  const closed = path.join(folder, 'lost+found');
  await mkdir(closed, { mode: 0o700 });
  if (asNobody.uid === undefined) await chmod(closed, 0);
  await addJob('.restore/abc');
  const { exitCode, stdout } = await cli(['jobs', folder], asNobody);
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('a.mp4')]);
  expectRefusal(await cli(['jobs', closed], asNobody), 66, /cannot be read \(EACCES\)/);
});

test('what may not be removed is said so, with what to do', async () => {
  const work = await addJob('work/abc');
  if (asNobody.uid === undefined) await chmod(work, 0o555);
  const { exitCode, stdout, stderr } = await cli(['jobs', 'clean', folder], asNobody);
  expect(exitCode).toBe(73);
  expect(stdout).toMatch(/^left what was made of a\.mp4 .*cannot be removed \(EACCES\)/);
  expect(stderr).toMatch(/1 of 1 could not be removed\. Check the permissions/);
  if (asNobody.uid !== undefined) await chown(work, asNobody.uid, 0);
  await chmod(work, 0o755);
});

test('a folder that is not there, or is none, is refused', async () => {
  expectRefusal(await cli(['jobs', path.join(folder, 'nowhere')]), 66, /There is no folder .*nowhere\./);
  expectRefusal(await cli(['jobs', 'clean', path.join(folder, 'nowhere')]), 66, /There is no folder .*nowhere\./);
  await writeFile(path.join(folder, 'file'), '');
  expectRefusal(await cli(['jobs', path.join(folder, 'file')]), 2, /is not a folder/);
});

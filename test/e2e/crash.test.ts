import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { faultRuns } from '../crash/fault-runs.ts';
import { killRuns } from '../crash/kill-runs.ts';
import { makeFolder } from './cli-helpers.ts';

const { folder, remove } = await makeFolder();
afterAll(remove);

test.skipIf(!existsSync('/proc/self/task'))(
  'a run that is killed at random moments gives the same file, and does no segment twice',
  async () => {
    const args = [
      '--preset',
      'none',
      '--upscale',
      '1.5',
      '--degrain',
      '0.5',
      '--codec',
      'ffv1',
      '--segment-frames',
      '4',
    ];
    const figures = await killRuns({ folder: path.join(folder, 'kills'), kills: 4, seed: 20_261_121, args });
    expect(figures.problems).toEqual([]);
    expect(figures.segments).toBeGreaterThanOrEqual(12);
    expect(Math.min(figures.mainKills, figures.childKills, figures.workerKills)).toBeGreaterThan(0);
    expect(figures.mainKills + figures.childKills + figures.workerKills).toBe(4);
    expect(figures.results).toBeGreaterThanOrEqual(1);
  },
  1_200_000,
);

test('a run that is killed over the removal of what is not needed any more knows its own result', async () => {
  const args = ['--preset', 'none', '--codec', 'ffv1', '--segment-frames', '24'];
  const faults = [['remove', 'KILL', 'plan.json']] as const;
  const figures = await faultRuns({ folder: path.join(folder, 'ends'), args, faults, at: [1] });
  expect(figures.problems).toEqual([]);
  expect(figures.finished).toBe(1);
}, 1_200_000);

test('a call that fails once is survived, or the next run gives the same file', async () => {
  const args = ['--preset', 'none', '--codec', 'ffv1', '--segment-frames', '24'];
  const faults = [
    ['write', 'ENOSPC'],
    ['rename', 'EACCES'],
  ] as const;
  const figures = await faultRuns({ folder: path.join(folder, 'faults'), args, faults, at: [3] });
  expect(figures.problems).toEqual([]);
  expect(figures.points).toBe(faults.length);
}, 1_200_000);

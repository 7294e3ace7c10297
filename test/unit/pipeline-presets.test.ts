import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPreset } from '../../src/pipeline/presets.ts';
import { checkStageOptions } from '../../src/pipeline/stage-options.ts';
import { presetSchema } from '../../src/pipeline/presets.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'presets-'));
});
afterAll(() => rm(folder, { recursive: true }));

const base = { name: 'mine', summary: 'A preset with a mistake.' };

test.each([
  ['a stage twice', { stages: [{ kind: 'upscale' }, { kind: 'upscale' }] }, 'upscale is there twice'],
  ['color applied early', { stages: [{ kind: 'apply-chroma' }, { kind: 'colorize' }] }, 'comes after colorize'],
  ['no strength', { stages: [{ kind: 'dust', when: 'always' }] }, 'needs its strength ("dust": 0 to 1)'],
])('%s is refused with its place', async (_, mistake, said) => {
  const file = path.join(folder, 'mine.json');
  await writeFile(file, JSON.stringify({ ...base, ...mistake }));
  await expect(loadPreset(file)).rejects.toMatchObject({
    code: 'PRESET_INVALID',
    message: expect.stringContaining(said) as string,
  });
});

test('options that a stage does not take are refused, whether their name or their value is wrong', () => {
  const preset = presetSchema.parse({ ...base, stages: [] });
  const check = (options: object): void =>
    checkStageOptions(preset, { kind: 'colorize', options: options as Record<string, unknown> });
  check({ seed: 3, temperature: 0.001 });
  expect(() => check({ temperature: 'hot' })).toThrow(/wrong at "options\.temperature" of the stage colorize/);
  expect(() => check({ temprature: 1 })).toThrow(/temprature/);
});

import { expect, test } from 'vitest';
import { checkIdleModels, noEffectNotes, type Running } from '../../src/pipeline/no-effect.ts';
import type { RestoreOptions } from '../../src/pipeline/options.ts';
import { presetSchema, type Preset } from '../../src/pipeline/presets.ts';

const presetOf = (stages: object[]): Preset =>
  presetSchema.parse({ name: 'test', summary: 'A preset for a test.', stages });
const plain = presetOf([]);
const nothing: Running = { colorize: false, upscale: false, denoise: false, upscalerDenoises: false };
const notes = (options: Partial<RestoreOptions>, runs: Partial<Running> = {}, preset = plain): string[] =>
  noEffectNotes({ input: 'film.mp4', ...options }, preset, { ...nothing, ...runs });

test('options for color say that they do nothing without color', () => {
  expect(notes({ saturation: 2, colorTemperature: 0.5, colorSeed: 5 })).toEqual([
    '--saturation has no effect without --colorize.',
    '--color-temperature has no effect without --colorize.',
    '--color-seed has no effect without --colorize.',
  ]);
  // With --colorize, or a preset that always colorizes.
  expect(notes({ saturation: 2, colorSeed: 5 }, { colorize: true })).toEqual([]);
});

test('a model of a stage that does not run is said, with what would make it run', () => {
  const models = { colorize: 'colorize', upscale: 'old-x2', denoise: 'denoise' };
  expect(notes({ models })).toEqual([
    '--model colorize=colorize has no effect without --colorize.',
    '--model upscale=old-x2 has no effect without --upscale or --to.',
    '--model denoise=denoise has no effect: nothing is denoised (--denoise).',
  ]);
  expect(notes({ models: { upscale: 'old-x2' }, to: '1080p' })).toEqual([
    '--model upscale=old-x2 has no effect: the picture is not enlarged.',
  ]);
  expect(notes({ models, to: '4k' }, { colorize: true, upscale: true, upscalerDenoises: true })).toEqual([
    '--model denoise=denoise has no effect: the upscaler takes noise away itself.',
  ]);
});

test('what a preset bars is said', () => {
  const barred = presetOf(['colorize', 'upscale'].map((kind) => ({ kind, when: 'never' })));
  expect(notes({ colorize: true, upscale: 2 }, {}, barred)).toEqual([
    '--colorize has no effect: the preset test never colorizes.',
    '--upscale has no effect: the preset test never enlarges.',
  ]);
});

test('a strength that a preset bars is said, unless the upscaler takes it', () => {
  const barred = presetOf([{ kind: 'denoise', when: 'never' }]);
  const said = ['--denoise has no effect: the preset test never does that.'];
  expect(notes({ denoise: 0.5, dust: 0.5 }, {}, barred)).toEqual(said);
  expect(notes({ denoise: 0.5 }, { upscale: true, upscalerDenoises: true }, barred)).toEqual([]);
});

test('a model that does not exist is refused although it would not run', async () => {
  const options = { input: 'film.mp4', models: { colorize: 'nope' } };
  await expect(checkIdleModels(options, nothing)).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  await checkIdleModels({ input: 'film.mp4', models: { colorize: 'colorize' } }, nothing);
});

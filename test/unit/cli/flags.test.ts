import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { commanderOptions } from '../../../src/cli/flags.ts';
import { optionsForInputs, type Flags } from '../../../src/cli/settings.ts';
import { parseBytes, parseTime } from '../../../src/cli/values.ts';
import { RestorationError, restoreOptionsSchema } from '../../../src/index.ts';

function parse(...args: string[]): Flags {
  const command = new Command().exitOverride().argument('[inputs...]');
  for (const option of commanderOptions()) command.addOption(option);
  return command.parse(args, { from: 'user' }).opts();
}

const options = (...args: string[]): unknown => optionsForInputs(['film.mp4'], parse(...args))[0];

function refusal(...args: string[]): RestorationError {
  try {
    options(...args);
  } catch (error) {
    if (error instanceof RestorationError) return error;
    throw error;
  }
  throw new Error(`${args.join(' ')} was taken`);
}

test('without flags nothing is decided here', () => {
  expect(options()).toEqual({ input: 'film.mp4' });
});

test('every flag reaches the API under its name and passes its schema', () => {
  const all = options(
    ...['-o', 'out.mkv', '--preset', 'vhs', '--colorize', '--upscale', '2.5', '--no-cap', '--denoise', '0.5'],
    ...['--deflicker', '1', '--deinterlace', 'on', '--model', 'upscale=old-x4', '--model', 'colorize=my net.onnx'],
    ...['--device', 'cpu', '--codec', 'hevc_nvenc', '--crf', '20.5', '--encoder-preset', 'slow', '--start', '1:30'],
    ...['--duration', '00:00:02.5', '--workdir', 'w', '--overwrite', '--fresh', '--saturation', '1.2'],
    ...['--color-seed', '7', '--color-temperature', '0.4', '--input-color', 'bt601:full', '--workers', '2'],
    ...['--tile-size', '256', '--segment-frames', '48', '--verify', 'fast'],
  );
  expect(all).toEqual({
    input: 'film.mp4',
    output: 'out.mkv',
    preset: 'vhs',
    colorize: true,
    upscale: 2.5,
    cap: false,
    denoise: 0.5,
    deflicker: 1,
    deinterlace: 'on',
    models: { upscale: 'old-x4', colorize: 'my net.onnx' },
    device: 'cpu',
    codec: 'hevc_nvenc',
    crf: 20.5,
    encoderPreset: 'slow',
    startSeconds: 90,
    durationSeconds: 2.5,
    workdir: 'w',
    overwrite: true,
    fresh: true,
    saturation: 1.2,
    colorSeed: 7,
    colorTemperature: 0.4,
    inputColor: 'bt601:full',
    workers: 2,
    tileSize: 256,
    segmentFrames: 48,
    verify: 'fast',
  });
  expect(restoreOptionsSchema.parse(all)).toEqual(all);
});

test('sizes are in decimal units, or in binary ones where they say so', () => {
  expect(['20GB', '1.5t', '500 MB', '8GiB', '2TiB'].map(parseBytes)).toEqual([
    ...[20e9, 1.5e12, 500e6, 8 * 2 ** 30, 2 * 2 ** 40],
  ]);
});

test('every option of the API has its flag', () => {
  const reached = new Set(commanderOptions().map((option) => option.attributeName()));
  const names: Record<string, string> = { models: 'model', startSeconds: 'start', durationSeconds: 'duration' };
  const missing = Object.keys(restoreOptionsSchema.shape).filter(
    (key) => key !== 'input' && !reached.has(names[key] ?? key),
  );
  expect(missing).toEqual([]);
});

describe('values that make no sense are refused in one sentence', () => {
  const nonsense: string[][] = [
    ...['abc', '', '1', '0', '-2', 'NaN', 'Infinity', '0x4', '1e9', '4x'].map((value) => ['--upscale', value]),
    ...['-0.1', '1.1', 'much', ''].map((value) => ['--denoise', value]),
    ...['2', 'x'].map((value) => ['--deflicker', value]),
    ...['AUTO', 'yes'].map((value) => ['--deinterlace', value]),
    ...['64', '-1', 'best'].map((value) => ['--crf', value]),
    ...['20', '20XB', '-1GB', '1kB', 'GB', ''].map((value) => ['--cache', value]),
    ...['5k', '1920', '0x0', '1921x1080', '99999x2', '1920x1080x3', ''].map((value) => ['--to', value]),
    ...['0', '1.5', '-1', '1000'].map((value) => ['--workers', value]),
    ...['31', '10000', 'big'].map((value) => ['--tile-size', value]),
    ...['0', '2.5'].map((value) => ['--segment-frames', value]),
    ...['soon', '-5', '1:60', '1:99:00', '1:2:3:4', ''].map((value) => ['--start', value]),
    ...['0', '0:00', '-1'].map((value) => ['--duration', value]),
    ...['upscale', 'upscale=', '=x', 'sharpen=x', ''].map((value) => ['--model', value]),
    ...['4', '-1'].map((value) => ['--saturation', value]),
    ...['0', '1.01'].map((value) => ['--color-temperature', value]),
    ...['-1', '0.5', '4294967296'].map((value) => ['--color-seed', value]),
    ...['', ' ', 'a b'].map((value) => ['--device', value]),
    ...['', '-i'].map((value) => ['--codec', value]),
    ...['half', ''].map((value) => ['--verify', value]),
    ...['verbose'].map((value) => ['--log-level', value]),
    ...['', ' '].map((value) => ['--preset', value]),
    ['--output', ''],
    ['--workdir', ''],
    ['--encoder-preset', ''],
    ['--input-color', ''],
  ];
  test.each(nonsense.map((args) => ({ args })))('$args', ({ args }) => {
    const error = refusal(`${args[0] ?? ''}=${args[1] ?? ''}`);
    expect(error.code).toBe('USAGE');
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(args[0]);
    expect(error.message).toMatch(/^[^\n]+\.$/);
    expect(error.hint).toMatch(/\S/);
  });
});

test('flags that contradict each other are refused', () => {
  expect(refusal('--upscale', '2', '--to', '4k').message).toContain('--upscale and --to');
  expect(refusal('--model', 'upscale=a', '--model', 'upscale=b').message).toContain('two models for upscale');
});

test('with several inputs the output is a folder', () => {
  const all = optionsForInputs(['a.mp4', 'b.mp4'], parse('-o', 'out'));
  expect(all.map(({ output }) => output)).toEqual([
    expect.stringMatching(/^out[\\/]$/),
    expect.stringMatching(/^out[\\/]$/),
  ]);
  expect(() => optionsForInputs(['a.mp4', ''], {})).toThrow('empty name');
  expect(() => optionsForInputs(['a.mp4', 'b.mp4'], parse('-o', 'out.MP4'))).toThrow('do not become one file');
  expect(optionsForInputs(['a.mp4', 'b.mp4'], parse('-o', 'out.mp4/'))[0]?.output).toBe('out.mp4/');
  expect(optionsForInputs(['a.mp4'], parse('-o', 'out.mp4'))[0]?.output).toBe('out.mp4');
});

test('times are seconds or clock times', () => {
  expect(['90', '0.25', '1:30', '01:02:03.5', '100:00', '0:59.999'].map(parseTime)).toEqual([
    90, 0.25, 90, 3723.5, 6000, 59.999,
  ]);
  expect(['', 'x', '1:', ':5', '1:60', '1:60:00', '-1', '1e3', '1:1:1:1'].map(parseTime)).toEqual(
    Array.from({ length: 9 }, () => undefined),
  );
});

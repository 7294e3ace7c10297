import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { planHash, type PlanIdentity } from '../../src/pipeline/hash.ts';
import { makePlan } from '../../src/pipeline/plan.ts';
import type { Preset } from '../../src/pipeline/presets.ts';
import { orderStages, wantedStages } from '../../src/pipeline/stages.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const preset: Preset = {
  name: 'test',
  summary: 'A preset that has everything.',
  stages: [
    { kind: 'denoise', when: 'asked', options: {} },
    { kind: 'upscale', when: 'asked', options: {} },
  ],
  models: {},
  deinterlace: 'auto',
  denoise: 0.5,
  deflicker: 0.3,
  encode: {},
};

test('colorize alone touches neither noise nor brightness when the preset was only suggested', () => {
  expect(wantedStages({ input: 'a', colorize: true }, preset, false, false, 5)).toEqual({
    colorize: true,
    upscale: false,
    denoise: 0,
    deflicker: 0,
    scratches: 0,
    dust: 0,
    degrain: 0,
    grain: 0,
  });
});

test('a preset that was named brings its strengths; flags win over it', () => {
  expect(wantedStages({ input: 'a', colorize: true }, preset, true, false, 8).denoise).toBe(0.5);
  expect(wantedStages({ input: 'a', denoise: 0 }, preset, true, false, 5).denoise).toBe(0);
  expect(wantedStages({ input: 'a' }, preset, false, false, 5).deflicker).toBe(0.3);
});

test('a source with little noise gets less of a preset strength, and all of an asked one', () => {
  expect(wantedStages({ input: 'a' }, preset, true, false, 0).denoise).toBe(0.2);
  expect(wantedStages({ input: 'a' }, preset, true, false, 3).denoise).toBe(0.35);
  expect(wantedStages({ input: 'a', denoise: 0.5 }, preset, true, false, 0).denoise).toBe(0.5);
});

test('what the preset forbids does not run, what it demands does', () => {
  const strict: Preset = {
    ...preset,
    stages: [
      { kind: 'colorize', when: 'always', options: {} },
      { kind: 'upscale', when: 'never', options: {} },
    ],
  };
  expect(wantedStages({ input: 'a', upscale: 2 }, strict, true, true, 5)).toMatchObject({
    colorize: true,
    upscale: false,
  });
});

test('a film with black bars keeps its size with a preset that never enlarges', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'plan-'));
  try {
    const file = path.join(folder, 'cleans.json');
    const stages = [{ kind: 'denoise' }, { kind: 'upscale', when: 'never' }];
    await writeFile(file, JSON.stringify({ name: 'cleans', summary: preset.summary, stages, denoise: 0.5 }));
    const input = path.join(folder, 'bars.mkv');
    const picture = ['-f', 'lavfi', '-i', 'testsrc2=size=80x60:rate=10:duration=0.5'];
    await ffmpeg(...picture, '-vf', 'format=yuv420p,pad=112:60:16:0', '-c:v', 'ffv1', input);
    const { media, decode, encode } = await makePlan({ input, preset: file, upscale: 2, codec: 'ffv1' });
    expect(media.diagnosis.activeArea).toBeDefined();
    expect(encode.pad).toEqual(decode.crop);
    expect(encode.format).toMatchObject({ width: media.video.width, height: media.video.height });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('stages run in the preset order; a missing one that is asked for gets its usual place', () => {
  const runs = {
    deflicker: false,
    scratches: false,
    dust: false,
    degrain: false,
    grain: false,
    denoise: true,
    colorize: true,
    'chroma-anchor': true,
    'chroma-smooth': true,
    upscale: true,
  };
  const kinds = orderStages(preset, { ...runs, 'apply-chroma': true }).map(({ kind }) => kind);
  expect(kinds).toEqual(['colorize', 'denoise', 'chroma-anchor', 'chroma-smooth', 'upscale', 'apply-chroma']);
});

test('the hash covers what decides the pictures and not where the files lie', () => {
  const format: PlanIdentity['decode']['format'] = {
    width: 4,
    height: 4,
    pixelFormat: { sampling: '420', bitDepth: 8 },
    color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: 'limited' },
    sampleAspectRatio: { num: 1, den: 1 },
    chromaLocation: 'left',
  };
  const identity: PlanIdentity = {
    fingerprint: { sizeBytes: 1, digest: 'd' },
    decode: {
      path: '/a/film.mp4',
      sourcePixelFormat: 'yuv420p',
      startTime: 0,
      streamIndex: 0,
      deinterlace: 'off',
      parity: 'auto',
      telecine: 'none',
      crop: undefined,
      bakeRotation: 0,
      format,
      timeBase: { num: 1, den: 24 },
      frameRate: { num: 24, den: 1 },
      variableFrameRate: false,
      startSeconds: undefined,
      durationSeconds: undefined,
    },
    stages: [{ kind: 'upscale', options: { width: 8, height: 8 }, model: { id: 'm', sha256: 'x', path: '/m' } }],
    encode: {
      codec: 'hevc',
      encoder: 'libx265',
      crf: 18,
      encoderPreset: undefined,
      format,
      pad: undefined,
      container: 'mp4',
      displayRotation: 0,
      masteringDisplay: undefined,
      contentLight: undefined,
    },
    precision: 'fp32',
    segmentFrames: 240,
    ffmpegBanner: 'ffmpeg',
  };
  const hash = planHash(identity);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  const moved = { ...identity, decode: { ...identity.decode, path: '/b/film.mp4' } };
  expect(planHash(moved)).toBe(hash);
  const otherWeights = identity.stages.map((stage) => ({ ...stage, model: { id: 'm', sha256: 'y', path: '/m' } }));
  expect(planHash({ ...identity, stages: otherWeights })).not.toBe(hash);
  expect(planHash({ ...identity, encode: { ...identity.encode, crf: 19 } })).not.toBe(hash);
});

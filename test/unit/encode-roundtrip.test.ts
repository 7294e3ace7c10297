import path from 'node:path';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FrameFormat } from '../../src/core/format.ts';
import type { EncodePlan } from '../../src/core/plan.ts';
import { joinAndMux, planStreams, verifyOutput, type JoinOptions } from '../../src/encode/index.ts';
import { availableEncoders } from '../../src/encode/encoders.ts';
import { encodePlanFor, type EncodeRequest } from '../../src/encode/plan.ts';
import {
  encodeSegments,
  format,
  indexOf,
  media,
  never,
  pictureHashes,
  planOf,
  run,
  scratch,
  showTimes,
  variableTimes,
} from './encode-kit.ts';

const folder = scratch();
const available = await availableEncoders();
const timeBase = { num: 1, den: 90_000 };
const LAST = 4321n;

/** A source that has nothing but what the container of the other streams would come from. */
const source = path.join(folder, "it's a film.mkv");
run('ffmpeg', '-v', 'error', '-y', '-f', 'lavfi', '-i', 'color=gray:s=96x64:r=24:d=0.2', '-c:v', 'ffv1', source);

const request = (codec: string, shape: FrameFormat): EncodeRequest => ({
  media: media(),
  format: shape,
  frame: shape,
  pad: undefined,
  codec,
  crf: undefined,
  encoderPreset: { hevc: 'ultrafast', h264: 'fast', av1: '10' }[codec],
  container: 'mkv',
  displayRotation: 0,
});

/** Puts finished segments together with the source. */
async function join(encode: EncodePlan, segments: JoinOptions['segments'], pts: readonly bigint[], name: string) {
  const sourceMedia = media({ path: source, container: 'matroska,webm' });
  const plan = planOf(encode, sourceMedia, timeBase, { streams: planStreams(sourceMedia, encode.container) });
  const output = path.join(folder, `${name}.${encode.container}`);
  const index = indexOf(pts, LAST);
  expect(await joinAndMux({ plan, index, segments, output, signal: never })).toEqual([]);
  return { plan, index, segments, output };
}

async function film(
  encode: EncodePlan,
  shape: FrameFormat,
  pts: readonly bigint[],
  cuts: readonly number[],
  name: string,
) {
  return join(encode, await encodeSegments(encode, shape, { folder, timeBase, pts, cuts, name }), pts, name);
}

/** B-frames, bursts and pauses across the seams, a first segment of one frame. */
const times = variableTimes(50);
const cuts = [1, 20, 37];

describe.each([
  ['hevc', ['mp4', 'mov', 'mkv', 'mpegts']],
  ['h264', ['mp4', 'mov', 'mkv']],
  ['av1', ['mp4', 'mkv', 'webm']],
  ['prores', ['mov', 'mkv']],
  ['ffv1', ['mov', 'mkv']],
] as const)('%s', (codec, containers) => {
  const shape = format();
  const encode = ((): EncodePlan | undefined => {
    try {
      return encodePlanFor(request(codec, shape), available);
    } catch {
      return undefined;
    }
  })();

  // Encoded once for all containers.
  let made: Promise<{ segments: JoinOptions['segments']; pictures: string[] }> | undefined;
  const make = async (plan: EncodePlan) => {
    const segments = await encodeSegments(plan, shape, { folder, timeBase, pts: times, cuts, name: codec });
    return { segments, pictures: segments.flatMap(({ path: file }) => pictureHashes(file)) };
  };

  test.skipIf(!encode).each(containers)(
    'segments join to the same pictures at their exact times in %s',
    async (container) => {
      made ??= make(encode!);
      const { segments, pictures } = await made;
      const { plan, index, output } = await join({ ...encode!, container }, segments, times, codec);
      const found = showTimes(output, 'v:0');
      const exact = container === 'mp4' || container === 'mov';
      const first = Number(times[0]) / 90_000;
      for (const [at, pts] of times.entries()) {
        const wanted = Number(pts) / 90_000;
        expect(Math.abs(found[at]! - (exact ? wanted : wanted - first + found[0]!))).toBeLessThan(
          exact ? 2e-6 : 0.001_01,
        );
      }
      expect(pictureHashes(output)).toEqual(pictures);
      expect(await verifyOutput({ plan, index, path: output, signal: never, level: 'full' })).toMatchObject({
        frames: 50,
        decodedFrames: 50,
      });
    },
  );
});

test.each([
  ['444', undefined],
  ['444', 'hq'],
  ['422', '4444'],
] as const)('ProRes of %s pictures is what was planned in its kind %s', async (sampling, encoderPreset) => {
  const shape = format({ pixelFormat: { sampling, bitDepth: 10 } });
  const encode: EncodePlan = {
    ...encodePlanFor({ ...request('prores', shape), encoderPreset }, available),
    container: 'mov',
  };
  const name = `prores-${sampling}-${encoderPreset ?? ''}`;
  const { plan, index, output } = await film(encode, shape, times.slice(0, 5), [], name);
  await verifyOutput({ plan, index, path: output, signal: never, level: 'full' });
});

test('the same frames give the same bytes, in segments and in the whole file', async () => {
  const shape = format();
  const encode: EncodePlan = { ...encodePlanFor(request('hevc', shape), available), container: 'mp4' };
  const [one, two] = [
    await film(encode, shape, times, [20], 'same-one'),
    await film(encode, shape, times, [20], 'same-two'),
  ];
  expect(readFileSync(one.segments[0]!.path).equals(readFileSync(two.segments[0]!.path))).toBe(true);
  expect(readFileSync(one.output).equals(readFileSync(two.output))).toBe(true);
});

test('frames before zero move the film as a whole', async () => {
  const shape = format();
  const encode: EncodePlan = { ...encodePlanFor(request('h264', shape), available), container: 'mp4' };
  const early = times.slice(0, 12).map((pts) => pts - 9000n);
  const { plan, index, output } = await film(encode, shape, early, [5], 'early');
  await verifyOutput({ plan, index, path: output, signal: never, level: 'full' });
  const found = showTimes(output, 'v:0');
  expect(found[0]!).toBeLessThan(0.000_05);
  expect(found[11]! - found[0]!).toBeCloseTo(Number(early[11]! - early[0]!) / 90_000, 4);
});

test('black bars and an odd size come out as planned', async () => {
  const shape = format({ width: 64, height: 48 });
  const bars = {
    ...request('hevc', shape),
    frame: { width: 97, height: 65 },
    pad: { x: 16, y: 8, width: 64, height: 48 },
  };
  const encode: EncodePlan = { ...encodePlanFor(bars, available), container: 'mp4' };
  const { plan, index, output } = await film(encode, shape, times.slice(0, 5), [], 'bars');
  expect(encode.format).toMatchObject({ width: 98, height: 66 });
  await verifyOutput({ plan, index, path: output, signal: never, level: 'fast' });
});

test('full range, another matrix, chroma place, pixel shape and rotation are stated', async () => {
  const shape = format({
    color: { matrix: 'bt470bg', transfer: 'bt470bg', primaries: 'bt470bg', range: 'full' },
    sampleAspectRatio: { num: 16, den: 15 },
    chromaLocation: 'topleft',
  });
  const encode: EncodePlan = {
    ...encodePlanFor({ ...request('hevc', shape), displayRotation: 90 }, available),
    container: 'mp4',
  };
  const { plan, index, output } = await film(encode, shape, times.slice(0, 5), [], 'tags');
  await verifyOutput({ plan, index, path: output, signal: never, level: 'full' });
  const tags = run('ffprobe', '-v', 'error', '-show_streams', '-of', 'flat', output);
  for (const [name, value] of [
    ['codec_tag_string', '"hvc1"'],
    ['color_range', '"pc"'],
    ['color_space', '"bt470bg"'],
    ['color_transfer', '"bt470bg"'],
    ['chroma_location', '"topleft"'],
    ['sample_aspect_ratio', '"16:15"'],
    ['rotation', '-90'],
  ]) {
    expect(tags).toContain(`${name!}=${value!}`);
  }
});

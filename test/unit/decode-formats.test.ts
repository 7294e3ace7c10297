import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { pixelFormatName, type PixelFormat } from '../../src/core/format.ts';
import type { Frame } from '../../src/core/frame.ts';
import type { MediaInfo } from '../../src/core/media.ts';
import type { DecodePlan } from '../../src/core/plan.ts';
import { PIXEL_FORMATS } from '../../src/core/nut/wire.ts';
import { decodeFrames, planDecode } from '../../src/decode/index.ts';
import { workingFormat } from '../../src/decode/pixel-format.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-formats-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;

/** A clip of random samples in a format, in NUT: nothing is compressed. */
async function noise(format: string, size = '48x32', frames = 3): Promise<string> {
  const path = join(folder, `${format}-${size}.nut`);
  const source = `nullsrc=size=${size}:rate=25,trim=end_frame=${frames},geq=random(1)*255:random(2)*255:random(3)*255`;
  await ffmpeg('-f', 'lavfi', '-i', source, '-pix_fmt', format, '-c:v', 'rawvideo', '-strict', '-2', path);
  return path;
}

function planFor(
  path: string,
  source: string,
  change: Partial<MediaInfo['video']> = {},
  options: object = {},
): DecodePlan {
  const working = workingFormat(source);
  const media: MediaInfo = {
    path,
    fingerprint: { sizeBytes: 0, digest: '' },
    ...{ container: 'nut', durationSeconds: undefined, startTime: 0, streams: [], chapters: 0, tags: {} },
    diagnosis: { blackAndWhite: false, activeArea: undefined, noiseSigma: 0, flicker: 0 },
    video: {
      ...{ streamIndex: 0, codec: 'rawvideo', profile: undefined, width: 48, height: 32, sourcePixelFormat: source },
      pixelFormat: working.pixelFormat,
      color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: working.fullRange ? 'full' : 'limited' },
      ...{ colorGuessed: false, chromaLocation: 'left', sampleAspectRatio: { num: 1, den: 1 }, rotation: 0 },
      ...{ timeBase: { num: 1, den: 25 }, frameRate: { num: 25, den: 1 }, variableFrameRate: false },
      ...{
        fieldOrder: 'progressive',
        telecine: 'none',
        estimatedFrames: 3,
        masteringDisplay: undefined,
        contentLight: undefined,
      },
      ...change,
    },
  };
  return planDecode(media, { deinterlace: 'auto', crop: undefined, bakeRotation: true, ...options });
}

async function frames(plan: DecodePlan): Promise<Frame[]> {
  const all: Frame[] = [];
  for await (const frame of decodeFrames(plan, { signal })) all.push(frame);
  return all;
}
const bytes = (frame: Frame): Buffer =>
  Buffer.concat(frame.planes.map((plane) => Buffer.from(plane.buffer, plane.byteOffset, plane.byteLength)));

/** The first picture of a file in a format, as ffmpeg writes it. */
const reference = (path: string, format: string): Buffer =>
  spawnSync('ffmpeg', ['-v', 'error', '-i', path, '-frames:v', '1', '-pix_fmt', format, '-f', 'rawvideo', '-'], {
    maxBuffer: 2 ** 26,
  }).stdout;

test.each(PIXEL_FORMATS.map(pixelFormatName))(
  '%s is passed on bit by bit',
  async (format) => {
    const path = await noise(format);
    const [first] = await frames(planFor(path, format));
    expect(bytes(first!)).toEqual(reference(path, format));
  },
  60_000,
);

/** Sources that only store the same samples in another order (and that NUT can carry). */
test.each([
  ['nv12', 'yuv420p'],
  ['yuyv422', 'yuv422p'],
  ['yuva444p', 'yuv444p'],
  ['yuv420p10be', 'yuv420p10le'],
])(
  '%s is only repacked: nothing is lost',
  async (source, target) => {
    const path = await noise(source);
    const plan = planFor(path, source);
    expect(pixelFormatName(plan.format.pixelFormat)).toBe(target);
    const [first] = await frames(plan);
    expect(bytes(first!)).toEqual(reference(path, target));
  },
  60_000,
);

test('8-bit RGB survives the way through 10-bit luma and chroma', async () => {
  const path = await noise('gbrp');
  const [first] = await frames(planFor(path, 'gbrp'));
  const original = reference(path, 'gbrp');
  const size = 48 * 32;
  const [y, cb, cr] = first!.planes as [Uint16Array, Uint16Array, Uint16Array];
  let worst = 0;
  for (let at = 0; at < size; at++) {
    const luma = (y[at]! - 64) / 876;
    const [blue, red] = [(cb[at]! - 512) / 896, (cr[at]! - 512) / 896];
    const r = luma + 2 * (1 - 0.2126) * red;
    const b = luma + 2 * (1 - 0.0722) * blue;
    const g = (luma - 0.2126 * r - 0.0722 * b) / 0.7152;
    [g, b, r].forEach((value, plane) => {
      worst = Math.max(worst, Math.abs(value * 255 - original[plane * size + at]!));
    });
  }
  expect(worst).toBeLessThan(0.75);
}, 60_000);

const SHAPES: readonly PixelFormat[] = PIXEL_FORMATS;
test.each(SHAPES.map((format) => [pixelFormatName(format)]))(
  '%s stays what it is through deinterlacing, a turn and a crop',
  async (format) => {
    const path = await noise(format);
    const plan = planFor(
      path,
      format,
      { fieldOrder: 'tff', rotation: 90 },
      { crop: { x: 4, y: 6, width: 24, height: 20 } },
    );
    const all = await frames(plan);
    expect(all.length).toBe(3);
    expect([plan.format.width, plan.format.height]).toEqual([20, 24]);
    expect(all[0]!.planes.map((plane) => plane.length)).toHaveLength(format.startsWith('gray') ? 1 : 3);
  },
  60_000,
);

test.each(['yuv420p', 'yuv420p10le', 'gray10le', 'gray'])(
  'telecine is undone in %s without a change of format',
  async (format) => {
    const path = join(folder, `telecine-${format}.mkv`);
    const luma = '128+50*sin((X+3*N)/5)+40*sin((Y-2*N+X/3)/4)';
    const source = `nullsrc=size=48x32:rate=24000/1001,trim=end_frame=20,geq=lum='${luma}':cb=128:cr=128,format=${format}`;
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `${source},telecine=pattern=23,setfield=tff`,
      '-c:v',
      'ffv1',
      '-strict',
      '-2',
      path,
    );
    const plan = planFor(path, format, {
      ...{ fieldOrder: 'tff', telecine: 'hard', timeBase: { num: 1, den: 1000 } },
      frameRate: { num: 30000, den: 1001 },
    });
    const all = await frames(plan);
    expect(all.length).toBe(20);
    const original = spawnSync(
      'ffmpeg',
      ['-v', 'error', '-f', 'lavfi', '-i', source, '-f', 'rawvideo', '-pix_fmt', format, '-'],
      { maxBuffer: 2 ** 26 },
    ).stdout;
    const size = bytes(all[0]!).length;
    const same = all.filter((frame, index) =>
      bytes(frame).equals(original.subarray(index * size, (index + 1) * size)),
    ).length;
    // The film's own frames come back bit by bit.
    expect(same).toBeGreaterThanOrEqual(18);
    expect(all.map((frame) => frame.pts - all[0]!.pts)).toEqual(all.map((_, index) => BigInt(index * 1001)));
  },
  60_000,
);

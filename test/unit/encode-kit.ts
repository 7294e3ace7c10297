import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { FrameFormat } from '../../src/core/format.ts';
import { chromaSize, planeSizes } from '../../src/core/format.ts';
import type { Frame, Plane } from '../../src/core/frame.ts';
import type { FrameIndex, MediaInfo, MediaStream } from '../../src/core/media.ts';
import type { EncodePlan, Plan } from '../../src/core/plan.ts';
import type { Rational } from '../../src/core/rational.ts';
import { encodePlanFor } from '../../src/encode/plan.ts';
import { openSegmentEncoder, segmentExtension, type JoinOptions } from '../../src/encode/index.ts';

/** A folder that is gone when the test file ends. */
export function scratch(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'encode '));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 });

export const never = new AbortController().signal;

export const format = (changes: Partial<FrameFormat> = {}): FrameFormat => ({
  width: 96,
  height: 64,
  pixelFormat: { sampling: '420', bitDepth: 8 },
  color: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709', range: 'limited' },
  sampleAspectRatio: { num: 1, den: 1 },
  chromaLocation: 'left',
  ...changes,
});

export const stream = (index: number, changes: Partial<MediaStream>): MediaStream => ({
  index,
  kind: 'audio',
  codec: 'aac',
  timeBase: { num: 1, den: 48_000 },
  startTime: 0,
  duration: undefined,
  language: undefined,
  title: undefined,
  tags: {},
  dispositions: [],
  ...changes,
});

/** What a probe would say of a plain MP4, with changes. */
export function media(changes: Partial<MediaInfo> = {}, video: Partial<MediaInfo['video']> = {}): MediaInfo {
  const picture = format();
  return {
    path: '/films/film.mp4',
    fingerprint: { sizeBytes: 1, digest: '0' },
    container: 'mov,mp4,m4a,3gp,3g2,mj2',
    durationSeconds: 1,
    startTime: 0,
    streams: [stream(0, { kind: 'video', codec: 'h264', timeBase: { num: 1, den: 24_000 } })],
    chapters: 0,
    tags: {},
    video: {
      streamIndex: 0,
      codec: 'h264',
      profile: undefined,
      width: picture.width,
      height: picture.height,
      sourcePixelFormat: 'yuv420p',
      pixelFormat: picture.pixelFormat,
      color: picture.color,
      colorGuessed: false,
      chromaLocation: 'left',
      sampleAspectRatio: { num: 1, den: 1 },
      rotation: 0,
      timeBase: { num: 1, den: 24_000 },
      frameRate: { num: 24, den: 1 },
      variableFrameRate: false,
      fieldOrder: 'progressive',
      telecine: 'none',
      estimatedFrames: 24,
      masteringDisplay: undefined,
      contentLight: undefined,
      ...video,
    },
    diagnosis: { blackAndWhite: false, activeArea: undefined, noiseSigma: 0, flicker: 0 },
    ...changes,
  };
}

/** Lossless encoding of pictures of one shape, in segments of Matroska. */
export const ffv1Plan = (shape: FrameFormat, available: ReadonlySet<string> = new Set(['ffv1'])): EncodePlan =>
  encodePlanFor(
    {
      media: media(),
      format: shape,
      frame: shape,
      pad: undefined,
      codec: 'ffv1',
      crf: undefined,
      encoderPreset: undefined,
      container: 'mkv',
      displayRotation: 0,
    },
    available,
  );

/** A whole plan around an encode plan; the source is `source`, whose video goes in at `timeBase`. */
export function planOf(encode: EncodePlan, source: MediaInfo, timeBase: Rational, changes: Partial<Plan> = {}): Plan {
  return {
    media: source,
    preset: 'none',
    decode: {
      path: source.path,
      streamIndex: source.video.streamIndex,
      sourcePixelFormat: source.video.sourcePixelFormat,
      startTime: source.startTime,
      deinterlace: 'off',
      parity: 'auto',
      telecine: 'none',
      crop: undefined,
      bakeRotation: 0,
      format: encode.format,
      timeBase,
      frameRate: source.video.frameRate,
      variableFrameRate: true,
      startSeconds: undefined,
      durationSeconds: undefined,
    },
    stages: [],
    encode,
    streams: [],
    output: '',
    workdir: '',
    overwrite: false,
    device: 'cpu',
    precision: 'fp32',
    segmentFrames: 24,
    notes: [],
    planHash: '',
    ...changes,
  };
}

/** A moving pattern with some texture, the same on every machine. */
export function pattern(at: number, shape: FrameFormat, pts: bigint): Frame {
  const { bitDepth, sampling } = shape.pixelFormat;
  const unit = 2 ** (bitDepth - 8);
  const chroma = chromaSize(shape.width, shape.height, sampling);
  const planes = planeSizes(shape).map(({ width, height }, index): Plane => {
    const samples = bitDepth === 8 ? new Uint8Array(width * height) : new Uint16Array(width * height);
    const scale = index === 0 ? 1 : shape.width / chroma.width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const wave = ((x * scale + 2 * at) % 64) * 2 + ((y * (index + 3)) % 32) + ((x * 7 + y * 13 + at * 5) % 5);
        samples[y * width + x] = (16 + (wave % 200)) * unit + (bitDepth === 8 ? 0 : (x + at) % unit);
      }
    }
    return samples;
  });
  return { index: at, pts, duration: 1n, format: shape, planes, dispose: () => undefined };
}

/** Times of a film whose rate varies: bursts, pauses, and a late start. Ticks of 1/90000 s. */
export const variableTimes = (count: number): bigint[] => {
  const steps = [3003n, 1500n, 9000n, 700n, 3003n, 40_000n, 3004n];
  let pts = 4507n;
  return Array.from({ length: count }, (_, at) => {
    const own = pts;
    pts += steps[at % steps.length] ?? 1n;
    return own;
  });
};

export const indexOf = (pts: readonly bigint[], lastDuration: bigint): FrameIndex => ({
  pts: BigInt64Array.from(pts),
  lastDuration,
  shots: [{ index: 0, range: { start: 0, end: pts.length } }],
  decodeErrors: 0,
});

/** Encodes patterns at `pts` in segments that end at `cuts` and at the end. */
export async function encodeSegments(
  encode: EncodePlan,
  shape: FrameFormat,
  options: { folder: string; timeBase: Rational; pts: readonly bigint[]; cuts: readonly number[]; name?: string },
): Promise<JoinOptions['segments']> {
  const segments: { path: string; range: { start: number; end: number } }[] = [];
  let start = 0;
  for (const end of [...options.cuts, options.pts.length]) {
    const file = path.join(options.folder, `${options.name ?? 'part'}-${start}${segmentExtension(encode)}`);
    const encoder = openSegmentEncoder(encode, {
      path: file,
      timeBase: options.timeBase,
      frameRate: { num: 24, den: 1 },
      signal: never,
    });
    for (let at = start; at < end; at++) await encoder.write(pattern(at, shape, options.pts[at]!));
    await encoder.finish();
    segments.push({ path: file, range: { start, end } });
    start = end;
  }
  return segments;
}

/** Checksums of the decoded pictures of a file's first video, in order. */
export const pictureHashes = (file: string): string[] =>
  run('ffmpeg', '-v', 'error', '-i', file, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)!.trim());

/** Seconds at which the packets of a stream are shown, in order. */
export const showTimes = (file: string, select: string): number[] =>
  run('ffprobe', '-v', 'error', '-select_streams', select, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file)
    .split('\n')
    .filter((line) => line !== '')
    .map(Number.parseFloat)
    .sort((a, b) => a - b);

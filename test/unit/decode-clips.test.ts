import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { pixelFormatName } from '../../src/core/format.ts';
import type { FrameIndex, MediaInfo } from '../../src/core/media.ts';
import type { DecodePlan } from '../../src/core/plan.ts';
import type { FrameRange } from '../../src/core/range.ts';
import { formatRational, ticksToSeconds, toNumber } from '../../src/core/rational.ts';
import { decodeFrames, planDecode, probeMedia, type DecodeOptions } from '../../src/decode/index.ts';
import { CLIP_NAMES, CLIPS, makeClip } from '../fixtures/media/clips.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-clips-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;
const AUTO = { deinterlace: 'auto', crop: undefined, bakeRotation: true } as const;

interface Seen {
  readonly index: number;
  readonly pts: bigint;
  readonly duration: bigint;
  readonly hash: string;
}

async function decode(plan: DecodePlan, options: Partial<DecodeOptions> = {}): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const frame of decodeFrames(plan, { signal, ...options })) {
    const hash = createHash('sha1');
    for (const plane of frame.planes) hash.update(plane);
    expect(frame.format.pixelFormat).toEqual(
      options.analysis ? { sampling: 'gray', bitDepth: 8 } : plan.format.pixelFormat,
    );
    seen.push({ index: frame.index, pts: frame.pts, duration: frame.duration, hash: hash.digest('hex') });
    frame.dispose();
    frame.dispose();
  }
  return seen;
}

const indexOf = (frames: readonly Seen[]): FrameIndex => ({
  pts: BigInt64Array.from(frames.map((frame) => frame.pts)),
  lastDuration: frames.at(-1)!.duration,
  shots: [],
  decodeErrors: 0,
});

/** Starts all over the film, one frame and some, seeking closer before them than is done outside of tests. */
async function checkRanges(plan: DecodePlan, whole: readonly Seen[], step = 4): Promise<void> {
  const index = indexOf(whole);
  const ranges: FrameRange[] = [];
  for (let start = 0; start < whole.length; start += step)
    ranges.push({ start, end: Math.min(whole.length, start + 1 + (start % 3)) });
  for (const range of ranges) {
    expect(await decode(plan, { index, range, seekMargins: [0.15, 0.5] })).toEqual(whole.slice(range.start, range.end));
  }
}

function checkMedia(name: (typeof CLIP_NAMES)[number], media: MediaInfo): void {
  const facts = CLIPS[name];
  const { video } = media;
  expect(media.streams.map((stream) => stream.kind)).toEqual(facts.streams);
  expect(media.chapters).toBe(facts.chapters ?? 0);
  expect([video.width, video.height, pixelFormatName(video.pixelFormat)]).toEqual([
    facts.width,
    facts.height,
    facts.pixelFormat,
  ]);
  expect(video.fieldOrder).toBe(facts.fieldOrder ?? 'progressive');
  expect(video.telecine).toBe(facts.telecine ?? 'none');
  expect(video.variableFrameRate).toBe(facts.variable ?? false);
  expect(formatRational(video.sampleAspectRatio)).toBe(facts.sar ?? '1/1');
  expect(video.rotation).toBe(facts.rotation ?? 0);
  expect(video.color.range).toBe(facts.range ?? 'limited');
  expect(video.colorGuessed).toBe(facts.matrix === undefined);
  expect(video.color.matrix).toBe(facts.matrix ?? 'smpte170m');
  expect(video.seekUnsafe).toBe(false);
  expect(media.diagnosis.activeArea).toBeUndefined();
  expect(media.diagnosis.blackAndWhite).toBe(facts.pixelFormat === 'gray');
}

describe.each(CLIP_NAMES)('%s', (name) => {
  const facts = CLIPS[name];
  test('is recognized, gives every frame at its time, and the same frames from the middle', async () => {
    const media = await probeMedia(await makeClip(name, folder));
    checkMedia(name, media);
    const plan = planDecode(media, AUTO);
    const turned = facts.rotation !== undefined;
    expect([plan.format.width, plan.format.height]).toEqual(
      turned ? [facts.height, facts.width] : [facts.width, facts.height],
    );
    if (facts.variable !== true) expect(formatRational(plan.frameRate)).toBe(facts.rate);

    const frames = await decode(plan);
    expect(frames.map((frame) => frame.index)).toEqual(frames.map((_, index) => index));
    expect(frames.length).toBe(facts.frames);
    expect(media.video.estimatedFrames - facts.frames).toBeLessThanOrEqual(1);
    const origin = frames[0]!.pts;
    frames.forEach((frame, index) => {
      const expected = facts.times?.[index] ?? index / toNumber(plan.frameRate);
      const time = ticksToSeconds(frame.pts - origin, plan.timeBase);
      expect(Math.abs(time - expected)).toBeLessThanOrEqual((facts.rounding ?? 0) + 1e-9);
      const next = frames[index + 1];
      if (next) expect(frame.duration).toBe(next.pts - frame.pts);
    });
    const last = ticksToSeconds(frames.at(-1)!.duration, plan.timeBase) * toNumber(plan.frameRate);
    expect(Math.abs(last - 1)).toBeLessThan(0.05);
    expect(new Set(frames.map((frame) => frame.hash)).size).toBeGreaterThan(0.8 * frames.length);
    await checkRanges(plan, frames);
  }, 120_000);
});

test('small gray pictures for the analysis come at the same times', async () => {
  const media = await probeMedia(await makeClip('cfr-23976', folder));
  const plan = planDecode(media, AUTO);
  const [whole, small] = [await decode(plan), await decode(plan, { analysis: { width: 32, height: 24 } })];
  expect(small.map((frame) => frame.pts)).toEqual(whole.map((frame) => frame.pts));
}, 60_000);

test('a trim holds the frames whose time is in it, the same however they are reached', async () => {
  const media = await probeMedia(await makeClip('cfr-23976', folder));
  const whole = await decode(planDecode(media, AUTO));
  // 0.5 s is after frame 11 (0.459) and before frame 12 (0.5005); 1.001 s is frame 24 itself.
  const plan = planDecode(media, { ...AUTO, startSeconds: 0.5, durationSeconds: 0.501 });
  const expected = whole.slice(12, 24).map((frame, index) => ({ ...frame, index }));
  expect(await decode(plan, { seekMargins: [] })).toEqual(expected);
  expect(await decode(plan, { seekMargins: [0.2] })).toEqual(expected);
  await checkRanges(plan, expected);
  const tail = planDecode(media, { ...AUTO, startSeconds: 1.4 });
  expect((await decode(tail)).map((frame) => frame.pts)).toEqual(whole.slice(34).map((frame) => frame.pts));
  await expect(decode(planDecode(media, { ...AUTO, startSeconds: 50 }))).rejects.toMatchObject({
    code: 'INPUT_UNDECODABLE',
  });
}, 120_000);

test('a trim of telecined film stays on the grid of the whole film', async () => {
  for (const name of ['telecine-soft', 'telecine-hard'] as const) {
    const media = await probeMedia(await makeClip(name, folder));
    const whole = await decode(planDecode(media, AUTO));
    const plan = planDecode(media, { ...AUTO, startSeconds: 0.6, durationSeconds: 0.5 });
    const part = await decode(plan);
    expect(part.map((frame) => frame.hash)).toEqual(whole.slice(15, 27).map((frame) => frame.hash));
    expect(part.map((frame) => frame.pts)).toEqual(whole.slice(15, 27).map((frame) => frame.pts));
    const index = indexOf(part);
    expect(await decode(plan, { index, range: { start: 4, end: 7 } })).toEqual(part.slice(4, 7));
  }
}, 120_000);

test('the crop is what the whole picture holds there', async () => {
  const media = await probeMedia(await makeClip('no-audio', folder));
  const rect = { x: 16, y: 10, width: 64, height: 40 };
  const first = async (crop: typeof rect | undefined): Promise<Uint8Array> => {
    for await (const frame of decodeFrames(planDecode(media, { ...AUTO, crop }), { signal }))
      return Uint8Array.from(frame.planes[0]!);
    throw new Error('no frame');
  };
  const [whole, part] = [await first(undefined), await first(rect)];
  for (let y = 0; y < rect.height; y++) {
    const from = (y + rect.y) * 128 + rect.x;
    expect(part.subarray(y * rect.width, (y + 1) * rect.width)).toEqual(whole.subarray(from, from + rect.width));
  }
}, 60_000);

test('film with intra refresh is decoded from its beginning, so that a range has whole pictures', async () => {
  const path = join(folder, 'refresh.mp4');
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=128x96:rate=25,trim=end_frame=60'];
  await ffmpeg(...source, '-c:v', 'libx264', '-x264-params', 'keyint=20:intra-refresh=1:bframes=0', path);
  const media = await probeMedia(path);
  expect(media.video.seekUnsafe).toBe(true);
  const plan = planDecode(media, AUTO);
  const whole = await decode(plan);
  expect(await decode(plan, { index: indexOf(whole), range: { start: 45, end: 48 } })).toEqual(whole.slice(45, 48));
}, 60_000);

test('a range of a film that was replaced ends with INPUT_CHANGED', async () => {
  const media = await probeMedia(await makeClip('no-audio', folder));
  const plan = planDecode(media, AUTO);
  const index = indexOf(await decode(plan));
  const other = { ...index, pts: index.pts.map((pts) => pts + 7n) };
  await expect(decode(plan, { index: other, range: { start: 2, end: 4 } })).rejects.toMatchObject({
    code: 'INPUT_CHANGED',
  });
  const longer = { ...index, pts: BigInt64Array.from([...index.pts, 10_000_000n]) };
  await expect(decode(plan, { index: longer, range: { start: 8, end: 11 } })).rejects.toMatchObject({
    code: 'INPUT_CHANGED',
  });
}, 60_000);

test('timestamps that fall back come out strictly rising', async () => {
  // Two joined recordings: the second starts again at the time of the first.
  const path = join(folder, 'joined.ts');
  const [one, two] = [join(folder, 'one.ts'), join(folder, 'two.ts')];
  const part = [
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=64x48:rate=25,trim=end_frame=30',
    '-c:v',
    'mpeg2video',
    '-g',
    '6',
    '-f',
    'mpegts',
  ];
  await ffmpeg(...part, one);
  await ffmpeg(...part, two);
  await writeFile(path, Buffer.concat([await readFile(one), await readFile(two)]));
  const plan = planDecode(await probeMedia(path), AUTO);
  const frames = await decode(plan);
  expect(frames.length).toBe(60);
  expect(frames.every((frame) => frame.duration > 0n)).toBe(true);
  await checkRanges(plan, frames, 13);
}, 120_000);

test('a stop leaves no work behind: an early return, and an abort, end the decoder', async () => {
  const media = await probeMedia(await makeClip('cfr-mkv', folder));
  const plan = planDecode(media, AUTO);
  for await (const frame of decodeFrames(plan, { signal })) {
    frame.dispose();
    break;
  }
  const stop = new AbortController();
  const reason = new Error('enough');
  const run = async (): Promise<void> => {
    for await (const frame of decodeFrames(plan, { signal: stop.signal })) {
      frame.dispose();
      stop.abort(reason);
    }
  };
  await expect(run()).rejects.toBe(reason);
  await expect(decode(plan, { signal: stop.signal })).rejects.toBe(reason);
}, 60_000);

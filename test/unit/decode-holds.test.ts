import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FrameIndex } from '../../src/core/media.ts';
import type { DecodePlan } from '../../src/core/plan.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-holds-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;

/** Slides of 0.5 s, 1 s and 4 s; their brightness is 40, 80 and 120. */
const slides = join(folder, 'slides.mp4');
await ffmpeg(
  ...['-f', 'lavfi', '-i', `color=s=64x48:r=1,trim=end_frame=3,geq=lum='40*(N+1)':cb=128:cr=128`],
  ...['-vf', "settb=1/1000,setpts='if(eq(N,0),0,if(eq(N,1),500,1500))'", '-fps_mode', 'passthrough'],
  ...[
    '-enc_time_base',
    '1:1000',
    '-c:v',
    'libx264',
    '-bf',
    '0',
    '-pix_fmt',
    'yuv420p',
    '-video_track_timescale',
    '1000',
  ],
  ...['-bsf:v', "setts=pts=PTS:dts=DTS:duration='if(gte(PTS,1500),4000,DURATION)'", slides],
);

async function planFor(part: object): Promise<DecodePlan> {
  const options = { deinterlace: 'auto', crop: undefined, bakeRotation: true, ...part } as const;
  return planDecode(await probeMedia(slides), options);
}

/** Brightness, time and length of the frames, in milliseconds. */
async function shown(plan: DecodePlan, of?: { index: FrameIndex; start: number; end: number }) {
  const all: { pts: bigint; duration: bigint; seen: number[] }[] = [];
  const range = of && { index: of.index, range: { start: of.start, end: of.end } };
  for await (const frame of decodeFrames(plan, { signal, ...range })) {
    const { pts, duration } = frame;
    const seen = [frame.planes[0]![0]!, Number(pts), Number(duration)];
    all.push({ pts, duration, seen });
    frame.dispose();
  }
  return all;
}

test('the last picture stays for as long as the file says', async () => {
  const frames = await shown(await planFor({}));
  expect(frames.map(({ seen }) => seen)).toEqual([
    [40, 0, 500],
    [80, 500, 1000],
    [120, 1500, 4000],
  ]);
});

test.each([
  [
    'begins in a held picture',
    { startSeconds: 0.7 },
    [
      [80, 700, 800],
      [120, 1500, 4000],
    ],
  ],
  [
    'ends in one',
    { durationSeconds: 2 },
    [
      [40, 0, 500],
      [80, 500, 1000],
      [120, 1500, 500],
    ],
  ],
  ['is in one', { startSeconds: 0.6, durationSeconds: 0.5 }, [[80, 600, 500]]],
  ['is in the last one', { startSeconds: 2, durationSeconds: 1 }, [[120, 2000, 1000]]],
  ['begins just before another', { startSeconds: 1.45 }, [[120, 1500, 4000]]],
  [
    'ends just behind another',
    { durationSeconds: 1.45 },
    [
      [40, 0, 500],
      [80, 500, 1000],
    ],
  ],
])('a part that %s', async (_, part, expected) => {
  const plan = await planFor(part);
  const frames = await shown(plan);
  expect(frames.map(({ seen }) => seen)).toEqual(expected);
  const pts = BigInt64Array.from(frames, (frame) => frame.pts);
  const index = { pts, lastDuration: frames.at(-1)!.duration, shots: [], decodeErrors: 0 };
  // The same again, one by one.
  for (const [at, { seen }] of frames.entries()) {
    expect((await shown(plan, { index, start: at, end: at + 1 })).map((frame) => frame.seen)).toEqual([seen]);
  }
  expect(await shown(plan, { index, start: 0, end: frames.length })).toEqual(frames);
});

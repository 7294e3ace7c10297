import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { DecodePlan } from '../../src/core/plan.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { makeClip } from '../fixtures/media/clips.ts';

// Before ffmpeg is looked up for the first time in this file.
process.env['FFMPEG_PATH'] = fileURLToPath(new URL('../fixtures/media/bad-decoder.mjs', import.meta.url));
process.env['BAD_DECODER'] = '';

const folder = await mkdtemp(join(tmpdir(), 'decode-dead-'));
const pidFile = join(folder, 'pid');
process.env['BAD_DECODER_PID'] = pidFile;
afterAll(() => rm(folder, { recursive: true }));

let plan: DecodePlan;
let pts: bigint[] = [];
const decode = async (
  options: { stallMs?: number; range?: { start: number; end: number } } = {},
): Promise<bigint[]> => {
  const seen: bigint[] = [];
  const index = { pts: BigInt64Array.from(pts), lastDuration: 512n, shots: [], decodeErrors: 0 };
  for await (const frame of decodeFrames(plan, { signal: new AbortController().signal, index, ...options })) {
    seen.push(frame.pts);
    frame.dispose();
  }
  return seen;
};

beforeEach(async () => {
  process.env['BAD_DECODER'] = '';
  if (pts.length > 0) return;
  plan = planDecode(await probeMedia(await makeClip('no-audio', folder)), {
    deinterlace: 'auto',
    crop: undefined,
    bakeRotation: true,
  });
  pts = await decode();
}, 60_000);

async function processIsGone(): Promise<boolean> {
  const pid = Number(await readFile(pidFile, 'utf8'));
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

/** A frame is 128 x 96 in 4:2:0; headers take some hundred bytes. */
const FRAME = (128 * 96 * 3) / 2;

test.each([
  ['quits between two pictures as if all were well', 'quits', 4],
  ['quits inside a picture as if all were well', 'quits', 4.5],
  ['quits before the end that FFmpeg writes', 'quits', undefined],
  ['fails with an exit code', 'fails', 4.5],
  ['is killed', 'dies', 4.5],
  ['is killed before its first byte', 'dies', 0],
  ['writes nonsense', 'babbles', 4],
])(
  'a decoder that %s is noticed',
  async (_, habit, frames) => {
    // The end of the stream is an index of some dozen bytes.
    process.env['BAD_DECODER'] = `${habit}:${frames === undefined ? -12 : Math.floor(frames * FRAME + 400)}`;
    await expect(decode()).rejects.toMatchObject({ code: 'DECODE_FAILED', retryable: true });
    expect(await processIsGone()).toBe(true);
  },
  60_000,
);

test('a decoder that hangs is ended', async () => {
  process.env['BAD_DECODER'] = `hangs:${3 * FRAME}`;
  await expect(decode({ stallMs: 2000 })).rejects.toMatchObject({
    code: 'DECODE_FAILED',
    retryable: true,
    message: expect.stringContaining('nothing for 2 seconds') as string,
  });
  expect(await processIsGone()).toBe(true);
}, 60_000);

test('a range fails when the decoder dies inside it, and does not care about what comes after it', async () => {
  process.env['BAD_DECODER'] = `dies:${Math.floor(6.5 * FRAME)}`;
  await expect(decode({ range: { start: 4, end: 9 } })).rejects.toMatchObject({ code: 'DECODE_FAILED' });
  expect(await decode({ range: { start: 1, end: 4 } })).toEqual(pts.slice(1, 4));
  expect(await processIsGone()).toBe(true);
}, 60_000);

test('the same decoder in good health gives every frame', async () => {
  expect(await decode()).toEqual(pts);
  expect(pts.length).toBe(10);
}, 60_000);

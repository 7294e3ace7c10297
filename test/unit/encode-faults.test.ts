import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSegmentEncoder, type SegmentEncoder } from '../../src/encode/index.ts';
import { ffv1Plan, format, pattern, scratch } from './encode-kit.ts';

const folder = scratch();
/** Stands in for ffmpeg: a program with one bad habit, or ffmpeg itself. */
const program = path.join(folder, 'ffmpeg');
writeFileSync(
  program,
  `#!/bin/sh
case "$*" in *-version*) exec ffmpeg "$@";; esac
case "$ENCODER_HABIT" in
  hang) exec sleep 600;;
  hang-at-end) cat >/dev/null; exec sleep 600;;
  die) head -c 20000 >/dev/null; kill -SEGV $$;;
  refuse) echo 'Error initializing output stream 0:0 -- no such thing' >&2; exit 1;;
  full) cat >/dev/null; echo 'Error writing trailer of segment: No space left on device' >&2; exit 0;;
  lose) cat >/dev/null; echo 'frame=2'; echo 'progress=end'; exit 0;;
  *) exec ffmpeg "$@";;
esac
`,
);
chmodSync(program, 0o755);
process.env['FFMPEG_PATH'] = program;

const shape = format({ width: 320, height: 240 });
const encode = ffv1Plan(shape);
const file = path.join(folder, 'segment.nut');

function open(habit: string, options: { stallMs?: number; signal?: AbortSignal } = {}): SegmentEncoder {
  process.env['ENCODER_HABIT'] = habit;
  return openSegmentEncoder(encode, {
    path: file,
    timeBase: { num: 1, den: 24 },
    frameRate: { num: 24, den: 1 },
    signal: new AbortController().signal,
    ...options,
  });
}

async function encodeAll(encoder: SegmentEncoder, frames = 30): Promise<{ frames: number; sizeBytes: number }> {
  for (let at = 0; at < frames; at++) await encoder.write(pattern(at, shape, BigInt(at)));
  return encoder.finish();
}

afterEach(() => {
  delete process.env['ENCODER_HABIT'];
});

test('without a bad habit all frames arrive', async () => {
  const result = await encodeAll(open(''));
  expect(result.frames).toBe(30);
  expect(result.sizeBytes).toBeGreaterThan(10_000);
});

test.each([
  ['hang', 'ENCODE_FAILED', 'hung', true],
  ['hang-at-end', 'ENCODE_FAILED', 'hung', true],
  ['die', 'ENCODE_FAILED', 'SIGSEGV', true],
  ['refuse', 'ENCODE_FAILED', 'no such thing', true],
  ['full', 'DISK_FULL', 'no space left', false],
  ['lose', 'ENCODE_FAILED', '2 of 30 frames', true],
])('an encoder that does this is noticed: %s', async (habit, code, message, retryable) => {
  const encoder = open(habit, habit.startsWith('hang') ? { stallMs: 300 } : {});
  await expect(encodeAll(encoder)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
    retryable,
  });
  await encoder.abort();
  expect(existsSync(file)).toBe(false);
});

test('an abort ends a waiting write with its reason', async () => {
  const stop = new AbortController();
  const encoder = open('hang', { signal: stop.signal });
  const work = encodeAll(encoder);
  setTimeout(() => stop.abort(new Error('enough')), 100);
  await expect(work).rejects.toThrow('enough');
  await encoder.abort();
});

test('abort removes what was written, before and after the first frame', async () => {
  const unused = open('');
  await unused.abort();
  const encoder = open('');
  await encoder.write(pattern(0, shape, 0n));
  await encoder.abort();
  expect(existsSync(file)).toBe(false);
});

test('a segment without frames is an error, and so is a frame of another size', async () => {
  await expect(open('').finish()).rejects.toMatchObject({ code: 'ENCODE_FAILED' });
  const encoder = open('');
  await encoder.write(pattern(0, shape, 0n));
  await expect(encoder.write(pattern(1, format(), 1n))).rejects.toMatchObject({ code: 'INTERNAL' });
  await encoder.abort();
});

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FrameIndex } from '../../src/core/media.ts';
import type { FrameRange } from '../../src/core/range.ts';
import type { DecodePlan } from '../../src/core/plan.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-size-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;

/** A recording of 64x64 for 3 seconds that goes on with 48x48. */
async function recording(): Promise<string> {
  const part = async (size: string, start: number): Promise<Buffer> => {
    const file = join(folder, `${size}.ts`);
    await ffmpeg(
      ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=3`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-bf', '0'],
      ...['-g', '12', '-threads', '1', '-output_ts_offset', String(start), '-f', 'mpegts', file],
    );
    return readFile(file);
  };
  const path = join(folder, 'recording.ts');
  await writeFile(path, Buffer.concat([await part('64x64', 0), await part('48x48', 3)]));
  return path;
}

async function decoded(plan: DecodePlan, part: { index?: FrameIndex; range?: FrameRange } = {}) {
  const found: { pts: bigint; hash: string }[] = [];
  for await (const frame of decodeFrames(plan, { signal, ...part })) {
    const hash = createHash('md5');
    for (const plane of frame.planes) hash.update(plane);
    found.push({ pts: frame.pts, hash: hash.digest('hex') });
    frame.dispose();
  }
  return found;
}

test.each([undefined, { x: 8, y: 8, width: 48, height: 32 }])(
  'a part after a change of size is the same when decoding begins there (crop %s)',
  async (crop) => {
    const media = await probeMedia(await recording());
    const plan = planDecode(media, { deinterlace: 'auto', bakeRotation: false, crop });
    const whole = await decoded(plan);
    expect(whole).toHaveLength(150);
    const pts = BigInt64Array.from(whole.map((frame) => frame.pts));
    const index = { pts, lastDuration: 3600n, shots: [], decodeErrors: 0 };
    expect(await decoded(plan, { index, range: { start: 120, end: 130 } })).toEqual(whole.slice(120, 130));
  },
);

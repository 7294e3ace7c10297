import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { chooseContainer } from '../../src/encode/index.ts';
import { turnMp4 } from '../fixtures/media/patch.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-mirrored-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;

const plain = join(folder, 'plain.mp4');
await ffmpeg(
  '-f',
  'lavfi',
  '-i',
  'testsrc2=s=64x48',
  '-frames:v',
  '1',
  '-pix_fmt',
  'yuv444p',
  '-c:v',
  'libx264',
  plain,
);

test.each(['hflip', 'vflip', 'transpose=cclock_flip', 'transpose=clock_flip'] as const)(
  'a picture that is shown mirrored comes out as it is shown: %s',
  async (filter) => {
    const path = join(folder, 'mirrored.mp4');
    await writeFile(path, turnMp4(await readFile(plain), filter));
    const media = await probeMedia(path);
    const { bakeRotation } = chooseContainer(media, undefined, 'h264');
    expect(bakeRotation).toBe(true);
    const plan = planDecode(media, { deinterlace: 'auto', crop: undefined, bakeRotation });
    const shown = execFileSync('ffmpeg', [
      ...['-v', 'error', '-i', plain, '-vf', `format=yuv444p,${filter}`, '-f', 'rawvideo', '-'],
    ]);
    for await (const frame of decodeFrames(plan, { signal })) {
      expect(Buffer.concat(frame.planes.map((plane) => Buffer.from(plane as Uint8Array))).equals(shown)).toBe(true);
      frame.dispose();
    }
  },
);

import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { RestorationError } from '../../src/core/errors.ts';
import { decodeFrames, planDecode, probeMedia } from '../../src/decode/index.ts';
import { BAD_CLIP_NAMES, BAD_CLIPS, makeClip } from '../fixtures/media/clips.ts';
import { ffmpeg } from '../fixtures/media/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'decode-input-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;
const AUTO = { deinterlace: 'auto', crop: undefined, bakeRotation: true } as const;

async function failure(path: string): Promise<RestorationError> {
  try {
    await probeMedia(path);
  } catch (error) {
    if (error instanceof RestorationError) return error;
    throw error;
  }
  throw new Error(`${path} was accepted`);
}

const refused = BAD_CLIP_NAMES.filter((name) => BAD_CLIPS[name].error !== undefined);

test.each(refused)(
  '%s input is refused in one sentence with what to do',
  async (name) => {
    const error = await failure(await makeClip(name, folder));
    expect(error.code).toBe(BAD_CLIPS[name].error);
    expect(error.message).toMatch(/^[^\n]+\.$/);
    expect(error.hint).toMatch(/\.$/);
  },
  60_000,
);

test('a cut-off MP4 is told from what never was a film', async () => {
  expect((await failure(await makeClip('truncated', folder))).message).toContain('table of contents (moov) is missing');
  expect((await failure(await makeClip('text', folder))).message).toContain('Invalid data found when processing input');
}, 60_000);

test('paths that are no readable file', async () => {
  expect((await failure(join(folder, 'nowhere.mp4'))).code).toBe('INPUT_MISSING');
  expect((await failure(join(folder, 'no', 'such', 'folder.mp4'))).code).toBe('INPUT_MISSING');
  expect((await failure(folder)).code).toBe('INPUT_NOT_A_FILE');
  expect((await failure('/dev/null')).code).toBe('INPUT_NOT_A_FILE');
});

test.skipIf(process.getuid?.() === 0)('a file that may not be read (not as root, who may)', async () => {
  const path = join(folder, 'secret.mp4');
  await writeFile(path, 'x');
  await chmod(path, 0);
  expect((await failure(path)).code).toBe('INPUT_UNREADABLE');
});

test('a video stream without one decodable picture', async () => {
  const path = join(folder, 'broken.mkv');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=25,trim=end_frame=3', '-c:v', 'libx264', path);
  const file = await readFile(path);
  // Everything after the headers of the stream, but for the structure of the container.
  const at = file.indexOf(Buffer.from([0x1f, 0x43, 0xb6, 0x75]));
  file.fill(0xff, at + 40, file.length - 60);
  await writeFile(path, file);
  expect((await failure(path)).code).toBe('INPUT_UNDECODABLE');
}, 60_000);

test('a file that is a playlist of others is not followed', async () => {
  const path = join(folder, 'list.mp4');
  await writeFile(path, "ffconcat version 1.0\nfile 'http://127.0.0.1:9/x.mp4'\n");
  expect((await failure(path)).code).toMatch(/INPUT_NOT_MEDIA|INPUT_UNDECODABLE|INPUT_NO_VIDEO/);
}, 60_000);

test.each([
  'with space.mp4',
  `both 'quotes" and \\.mp4`,
  'two\nlines.mp4',
  '-y.mp4',
  'percent%03d.mp4',
  'http:--x.mp4',
  'a:b,c;d[e].mp4',
])(
  'a film called %j is a film like any other',
  async (name) => {
    const place = join(folder, 'names');
    await mkdir(place, { recursive: true });
    await copyFile(await makeClip('no-audio', folder), join(place, name));
    const before = process.cwd();
    process.chdir(place);
    try {
      const media = await probeMedia(name);
      let frames = 0;
      for await (const frame of decodeFrames(planDecode(media, AUTO), { signal })) {
        frames++;
        frame.dispose();
      }
      expect(frames).toBe(10);
    } finally {
      process.chdir(before);
    }
  },
  60_000,
);

test('a damaged film is decoded as far as it goes, the same each time, and its complaints are heard once', async () => {
  const media = await probeMedia(await makeClip('corrupt', folder));
  const plan = planDecode(media, AUTO);
  const pass = async (): Promise<{ pts: bigint[]; sums: string[]; complaints: number }> => {
    const [pts, sums]: [bigint[], string[]] = [[], []];
    let complaints = 0;
    for await (const frame of decodeFrames(plan, { signal, onDamage: () => complaints++ })) {
      pts.push(frame.pts);
      const hash = createHash('sha1');
      for (const plane of frame.planes) hash.update(plane);
      sums.push(hash.digest('hex'));
      frame.dispose();
    }
    return { pts, sums, complaints };
  };
  const first = await pass();
  expect(first.pts.length).toBeGreaterThan(25);
  expect(first.complaints).toBeGreaterThan(0);
  expect(await pass()).toEqual(first);
  const index = { pts: BigInt64Array.from(first.pts), lastDuration: 512n, shots: [], decodeErrors: 1 };
  const middle: bigint[] = [];
  const onDamage = (): never => {
    throw new Error('heard twice');
  };
  for await (const frame of decodeFrames(plan, { signal, index, range: { start: 20, end: 24 }, onDamage }))
    middle.push(frame.pts);
  expect(middle).toEqual(first.pts.slice(20, 24));
}, 120_000);

test('the user may say what the color is, and covers are no film', async () => {
  const path = join(folder, 'cover.mkv');
  const [cover, film] = [join(folder, 'cover.jpg'), await makeClip('no-audio', folder)];
  await ffmpeg('-f', 'lavfi', '-i', 'color=red:size=32x32', '-frames:v', '1', cover);
  await ffmpeg('-i', film, '-map', '0', '-c', 'copy', '-attach', cover, '-metadata:s:t', 'mimetype=image/jpeg', path);
  const media = await probeMedia(path, { inputColor: 'bt709:full' });
  expect(media.video).toMatchObject({ width: 128, colorGuessed: false, color: { matrix: 'bt709', range: 'full' } });
  await expect(probeMedia(film, { inputColor: 'purple' })).rejects.toMatchObject({ code: 'USAGE' });
  expect((await probeMedia(film)).fingerprint).toEqual((await probeMedia(film)).fingerprint);
}, 60_000);

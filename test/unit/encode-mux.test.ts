import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FrameIndex } from '../../src/core/media.ts';
import type { Plan } from '../../src/core/plan.ts';
import { probeMedia } from '../../src/decode/index.ts';
import { joinAndMux, planStreams, verifyOutput, type JoinOptions } from '../../src/encode/index.ts';
import { ffmpeg, patternPlan, shape } from './encode-film-kit.ts';
import { encodeSegments, format, indexOf, never, planOf, run, scratch, showTimes } from './encode-kit.ts';

const folder = scratch();
const at = (name: string): string => path.join(folder, name);
const FRAMES = 72;

/** Two tones, subtitles, chapters, tags; a font and a cover in Matroska, a cover in MP4. */
function makeSources(): { mkv: string; mp4: string } {
  writeFileSync(at('a.srt'), '1\n00:00:00,500 --> 00:00:01,000\nHello\n\n2\n00:00:02,000 --> 00:00:02,800\nWorld\n');
  writeFileSync(at('font.ttf'), 'not really a font');
  const chapter = (start: number, end: number, title: string): string =>
    `[CHAPTER]\nTIMEBASE=1/1000\nSTART=${start}\nEND=${end}\ntitle=${title}\n`;
  const tags = ';FFMETADATA1\ntitle=The Film\nartist=Somebody\n';
  writeFileSync(at('tags.txt'), `${tags}${chapter(0, 1500, 'One \\= "1"')}${chapter(1500, 3000, 'Two')}`);
  ffmpeg('-f', 'lavfi', '-i', 'color=red:s=32x32', '-frames:v', '1', at('cover.jpg'));
  const inputs = [
    ...['-f', 'lavfi', '-i', 'testsrc2=s=96x64:r=24:d=3', '-f', 'lavfi', '-i', 'sine=440:d=3.3'],
    ...['-f', 'lavfi', '-i', 'sine=880:d=3.1', '-i', at('a.srt'), '-i', at('tags.txt'), '-i', at('cover.jpg')],
    ...['-map', '0', '-map', '1', '-map', '2', '-map', '3', '-map_metadata', '4', '-map_chapters', '4'],
    ...[
      '-c:v:0',
      'libx264',
      '-preset',
      'ultrafast',
      '-metadata:s:a:0',
      'language=eng',
      '-metadata:s:a:1',
      'language=deu',
    ],
    ...['-metadata:s:v:0', 'language=fra', '-metadata', 'house=own'],
  ];
  const attachments = ['-attach', at('font.ttf'), '-metadata:s:t:0', 'mimetype=font/ttf', '-attach', at('cover.jpg')];
  ffmpeg(
    ...[...inputs, ...attachments, '-metadata:s:t:1', 'mimetype=image/jpeg', '-metadata:s:t:1', 'filename=cover.jpg'],
    ...['-c:a:0', 'aac', '-c:a:1', 'flac', '-c:s', 'srt', at('source.mkv')],
  );
  ffmpeg(
    ...[...inputs, '-map', '5', '-c:v:1', 'copy', '-disposition:v:1', 'attached_pic'],
    ...['-c:a', 'aac', '-c:s', 'mov_text', at('source.mp4')],
  );
  return { mkv: at('source.mkv'), mp4: at('source.mp4') };
}
const sources = makeSources();

interface Made {
  readonly plan: Plan;
  readonly index: FrameIndex;
  readonly segments: JoinOptions['segments'];
  readonly output: string;
}

/** Puts an H.264 film of patterns in place of the source's picture. */
async function make(source: string, name: string, trim?: { from: number; to: number }): Promise<Made> {
  const media = await probeMedia(source);
  const container = name.endsWith('.mp4') ? 'mp4' : 'mkv';
  const encode = await patternPlan(media, container);
  const { timeBase } = media.video;
  // The source's own times, as the decoder would give them.
  const seconds = showTimes(source, 'v:0').slice(trim?.from ?? 0, trim?.to ?? FRAMES);
  const pts = seconds.map((time) => BigInt(Math.round((time * timeBase.den) / timeBase.num)));
  const lastDuration = BigInt(Math.round(timeBase.den / timeBase.num / 24));
  const index = indexOf(pts, lastDuration);
  const segments = await encodeSegments(encode, shape, { folder, timeBase, pts, cuts: [20], name });
  const plan = planOf(encode, media, timeBase, { streams: planStreams(media, container) });
  const trimmed = trim ? { startSeconds: trim.from / 24, durationSeconds: (trim.to - trim.from) / 24 } : {};
  const whole = { ...plan, decode: { ...plan.decode, ...trimmed } };
  const output = at(name);
  await joinAndMux({ plan: whole, index, segments, output, signal: never });
  return { plan: whole, index, segments, output };
}

const check = (made: Made, changes: Partial<Made> = {}): Promise<unknown> => {
  const { plan, index, output } = { ...made, ...changes };
  return verifyOutput({ plan, index, path: output, signal: never, level: 'full' });
};

const kinds = (file: string): string[] =>
  run(
    'ffprobe',
    '-v',
    'error',
    '-show_entries',
    'stream=codec_name,codec_type:stream_tags=language,filename',
    '-of',
    'compact',
    file,
  )
    .trim()
    .split('\n')
    .map((line) => line.replace(/^stream\|codec_name=/, '').replace(/codec_type=|tag:/g, ''));

let plain: Promise<Made> | undefined;
const madeMkv = (): Promise<Made> => (plain ??= make(sources.mkv, 'out.mkv'));

test('Matroska keeps audio, subtitles, font, cover, chapters and tags', async () => {
  const made = await madeMkv();
  await check(made);
  expect(kinds(made.output)).toEqual(
    [
      'h264|video|language=fra',
      'aac|audio|language=eng',
      'flac|audio|language=deu',
      'subrip|subtitle',
      'ttf|attachment|filename=font.ttf',
      'mjpeg|video|filename=cover.jpg',
    ].map((line) => (line.startsWith('ttf') ? kinds(sources.mkv)[4] : line)),
  );
  const info = run('ffprobe', '-v', 'error', '-show_chapters', '-show_format', made.output);
  for (const text of ['title=The Film', 'ARTIST=Somebody', 'HOUSE=own', 'title=One = "1"', 'title=Two']) {
    expect(info).toContain(text);
  }
});

test('MP4 keeps audio, subtitles, cover and chapters, whose track is there once', async () => {
  const made = await make(sources.mp4, 'out.mp4');
  await check(made);
  const list = kinds(made.output).map((line) => line.split('|').slice(0, 2).join(' '));
  expect(list.sort()).toEqual(
    ['h264 video', 'aac audio', 'aac audio', 'mov_text subtitle', 'bin_data data', 'mjpeg video'].sort(),
  );
  expect(showTimes(made.output, 'v:0')).toEqual(showTimes(sources.mp4, 'v:0'));
});

test('the other streams are cut with a trimmed film, and chapters too', async () => {
  const made = await make(sources.mkv, 'trim.mkv', { from: 24, to: 60 });
  await check(made);
  expect(showTimes(made.output, 'v:0')[0]).toBe(0);
  const [first, last] = [showTimes(made.output, 'a:0')[0]!, showTimes(made.output, 'a:0').at(-1)!];
  expect(first).toBeLessThan(0.05);
  expect(last).toBeGreaterThan(1.4);
  expect(last).toBeLessThan(1.56);
  const chapters = run('ffprobe', '-v', 'error', '-show_chapters', '-of', 'compact', made.output);
  expect(chapters.match(/start_time=[\d.]+/g)).toEqual(['start_time=0.000000', expect.stringMatching(/=0\.(47|5)/)]);
});

test('verification names a missing frame, a frame at another time, a wrong tag, a lost stream', async () => {
  const made = await madeMkv();
  const pts = [...made.index.pts];
  const { plan, index } = made;
  const refused = (text: string): unknown =>
    expect.objectContaining({ code: 'VERIFY_FAILED', message: expect.stringContaining(text) as string });
  await expect(
    check(made, { index: { ...index, pts: BigInt64Array.from([...pts, pts.at(-1)! + 42n]) } }),
  ).rejects.toEqual(refused('72 frames instead of 73'));
  const shifted = pts.map((time, number) => (number === 30 ? time + 5n : time));
  await expect(check(made, { index: { ...index, pts: BigInt64Array.from(shifted) } })).rejects.toEqual(
    refused('frame 30'),
  );
  const full = { ...plan.encode.format.color, range: 'full' as const };
  const otherTags = { ...plan, encode: { ...plan.encode, format: { ...plan.encode.format, color: full } } };
  await expect(check(made, { plan: otherTags })).rejects.toEqual(refused('color range is not full'));
  const dropped = at('dropped.mkv');
  ffmpeg('-i', made.output, '-map', '0', '-map', '-0:a:1', '-c', 'copy', dropped);
  await expect(check(made, { output: dropped })).rejects.toEqual(refused('is missing'));
});

test('verification notices sound that is late, other sound, and a file that ends early', async () => {
  const made = await madeMkv();
  const refused = (text: RegExp): unknown =>
    expect.objectContaining({ code: 'VERIFY_FAILED', message: expect.stringMatching(text) as string });
  const copy = ['-map', '0:V', '-map', '1:a', '-map', '0:s', '-map', '0:t', '-map', '0:v:1', '-c', 'copy'];
  const attached = [
    '-attach',
    at('cover.jpg'),
    '-metadata:s:t:1',
    'mimetype=image/jpeg',
    '-metadata:s:t:1',
    'filename=cover.jpg',
  ];
  const maps = copy.filter((_, number) => number !== 8 && number !== 9);
  ffmpeg('-i', made.output, '-itsoffset', '0.05', '-i', made.output, ...maps, ...attached, at('late.mkv'));
  await expect(check(made, { output: at('late.mkv') })).rejects.toEqual(refused(/ms out of step with the picture/));

  const bytes = readFileSync(made.output);
  copyFileSync(made.output, at('short.mkv'));
  truncateSync(at('short.mkv'), Math.round(bytes.length * 0.6));
  await expect(check(made, { output: at('short.mkv') })).rejects.toEqual(
    refused(/frames instead of 72|cannot be read|is missing/),
  );

  ffmpeg(
    '-i',
    made.output,
    '-f',
    'lavfi',
    '-i',
    'sine=300:d=3.3',
    '-map',
    '0:V',
    '-map',
    '1:a',
    '-map',
    '0:a:1',
    '-map',
    '0:s',
    '-map',
    '0:t',
    '-c',
    'copy',
    '-c:a:0',
    'aac',
    ...attached,
    at('other.mkv'),
  );
  await expect(check(made, { output: at('other.mkv') })).rejects.toEqual(
    refused(/stream 1 \(aac audio\) differs|stream 1 \(aac audio\) has/),
  );
});

test('segments of other settings, a gap, and a broken segment are refused before anything is written', async () => {
  const made = await madeMkv();
  const { plan, index, segments } = made;
  const output = at('never.mkv');
  const attempt = (parts: JoinOptions['segments']): Promise<string[]> =>
    joinAndMux({ plan, index, segments: parts, output, signal: never });
  await expect(attempt(segments.slice(1))).rejects.toMatchObject({ code: 'ENCODE_FAILED' });
  await expect(attempt(segments.slice(0, 1))).rejects.toMatchObject({ code: 'ENCODE_FAILED' });
  const [first, second] = segments;
  writeFileSync(at('broken.nut'), readFileSync(second!.path).subarray(0, 20));
  await expect(attempt([first!, { ...second!, path: at('broken.nut') }])).rejects.toMatchObject({
    code: 'ENCODE_FAILED',
  });
  const other = format({ ...shape, sampleAspectRatio: { num: 2, den: 1 } });
  const otherEncode = { ...plan.encode, format: other };
  const [wide] = await encodeSegments(otherEncode, other, {
    folder,
    timeBase: plan.decode.timeBase,
    pts: [0n],
    cuts: [],
    name: 'wide',
  });
  await expect(attempt([first!, { ...second!, path: wide!.path }])).rejects.toMatchObject({
    message: expect.stringContaining('other settings') as string,
  });
});

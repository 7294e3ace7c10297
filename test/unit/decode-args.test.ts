import { expect, test } from 'vitest';
import type { MediaInfo, VideoInfo } from '../../src/core/media.ts';
import { decodeArgs } from '../../src/decode/args.ts';
import { parseInputColor, resolveColor } from '../../src/decode/color.ts';
import { conversionFilters, workingFormat } from '../../src/decode/pixel-format.ts';
import { decodeNotes, planDecode } from '../../src/decode/index.ts';
import { PtsClock, ticksOf } from '../../src/decode/timestamps.ts';
import { PTS_OFFSET } from '../../src/decode/args.ts';
import { pixelFormatName } from '../../src/core/format.ts';

const VIDEO: VideoInfo = {
  streamIndex: 1,
  codec: 'h264',
  profile: undefined,
  width: 720,
  height: 480,
  sourcePixelFormat: 'yuv420p',
  pixelFormat: { sampling: '420', bitDepth: 8 },
  color: { matrix: 'smpte170m', transfer: 'unknown', primaries: 'unknown', range: 'limited' },
  colorGuessed: true,
  chromaLocation: 'left',
  sampleAspectRatio: { num: 8, den: 9 },
  rotation: 0,
  timeBase: { num: 1, den: 30000 },
  frameRate: { num: 30000, den: 1001 },
  variableFrameRate: false,
  fieldOrder: 'progressive',
  telecine: 'none',
  estimatedFrames: 100,
  masteringDisplay: undefined,
  contentLight: undefined,
};
const media = (video: Partial<VideoInfo>): MediaInfo => ({
  path: '-odd name%d.mp4',
  fingerprint: { sizeBytes: 1, digest: '' },
  container: 'mov',
  durationSeconds: 4,
  startTime: 0.5,
  streams: [],
  chapters: 0,
  tags: {},
  video: { ...VIDEO, ...video },
  diagnosis: { blackAndWhite: true, activeArea: undefined, noiseSigma: 0, flicker: 0 },
});
const AUTO = { deinterlace: 'auto', crop: undefined, bakeRotation: false } as const;

test('a plain film is decoded with its own timestamps and nothing else', () => {
  const args = decodeArgs(planDecode(media({}), AUTO));
  const filters = args[args.indexOf('-vf') + 1]!;
  expect(filters.split(",setpts='")[0]).toBe('format=yuv420p,scale=720:480,format=yuv420p,settb=1/30000');
  expect(args.filter((arg) => !arg.includes('setpts'))).toEqual([
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'repeat+level+warning'],
    ...['-threads', '1', '-max_error_rate', '1', '-noautorotate', '-copyts', '-protocol_whitelist', 'file'],
    ...['-i', 'file:-odd name%d.mp4', '-map', '0:1', '-vf'],
    ...['-fps_mode', 'passthrough', '-enc_time_base', '1:30000', '-c:v', 'rawvideo', '-f', 'nut', 'pipe:1'],
  ]);
});

test('a seek names an absolute time and leaves the exact cut to the reader', () => {
  const args = decodeArgs(planDecode(media({}), AUTO), { seekSeconds: 1.25 });
  const at = args.indexOf('-ss');
  expect(args.slice(at - 3, at + 2)).toEqual(['-noaccurate_seek', '-seek_timestamp', '1', '-ss', '1.250000']);
  expect(at).toBeLessThan(args.indexOf('-i'));
});

test.each([
  [
    'interlaced film is deinterlaced by its own parity',
    { fieldOrder: 'bff' },
    AUTO,
    'bwdif=mode=send_frame:parity=bff:deint=all',
  ],
  [
    'deinterlace on: whatever the source says',
    {},
    { ...AUTO, deinterlace: 'on' },
    'bwdif=mode=send_frame:parity=auto:deint=all',
  ],
  ['rotation is baked by a transpose', { rotation: 270 }, { ...AUTO, bakeRotation: true }, 'transpose=cclock'],
  ['the crop is exact', {}, { ...AUTO, crop: { x: 10, y: 2, width: 700, height: 476 } }, 'crop=700:476:10:2:exact=1'],
  [
    'hard telecine is undone on a gapless rate',
    { telecine: 'hard', fieldOrder: 'tff' },
    AUTO,
    'fps=30000/1001,fieldmatch=order=tff:mode=pc_n:combmatch=full,bwdif=mode=send_frame:deint=interlaced,decimate',
  ],
] as const)('%s', (_, video, options, expected) => {
  const filters = decodeArgs(planDecode(media(video), options)).find((arg) => arg.includes('settb'))!;
  expect(filters).toContain(`format=yuv420p,scale=720:480,format=yuv420p,${expected},settb=`);
});

test('off leaves fields, and telecine, as they are', () => {
  const plan = planDecode(media({ telecine: 'hard', fieldOrder: 'tff' }), { ...AUTO, deinterlace: 'off' });
  expect([plan.deinterlace, plan.telecine, plan.frameRate, plan.timeBase]).toEqual([
    'off',
    'none',
    VIDEO.frameRate,
    VIDEO.timeBase,
  ]);
});

test('telecined film runs at the film rate in a base that holds it exactly', () => {
  for (const telecine of ['soft', 'hard'] as const) {
    const plan = planDecode(media({ telecine, variableFrameRate: true }), AUTO);
    expect([plan.frameRate, plan.timeBase, plan.variableFrameRate]).toEqual([
      { num: 24000, den: 1001 },
      { num: 1, den: 24000 },
      false,
    ]);
    expect(plan.seekUnsafe).toBe(telecine === 'hard');
  }
});

test('a baked turn swaps sizes and pixel shape, moves the crop and the chroma, and takes 4:2:2 to 4:4:4', () => {
  const turned = planDecode(
    media({ rotation: 90, sourcePixelFormat: 'yuv422p10le', pixelFormat: { sampling: '422', bitDepth: 10 } }),
    { ...AUTO, bakeRotation: true, crop: { x: 10, y: 4, width: 600, height: 470 } },
  );
  expect(turned.crop).toEqual({ x: 6, y: 10, width: 470, height: 600 });
  expect(turned.format).toMatchObject({
    width: 470,
    height: 600,
    pixelFormat: { sampling: '444', bitDepth: 10 },
    sampleAspectRatio: { num: 9, den: 8 },
    chromaLocation: 'top',
  });
});

test('a crop is widened to whole chroma samples and never leaves the picture', () => {
  const crop = (
    rect: { x: number; y: number; width: number; height: number },
    video: Partial<VideoInfo> = {},
  ): unknown => planDecode(media(video), { ...AUTO, crop: rect }).crop;
  expect(crop({ x: 11, y: 3, width: 100, height: 99 })).toEqual({ x: 10, y: 2, width: 102, height: 100 });
  expect(crop({ x: 0, y: 0, width: 720, height: 480 })).toBeUndefined();
  expect(crop({ x: 1, y: 0, width: 96, height: 65 }, { width: 97, height: 65 })).toBeUndefined();
  expect(crop({ x: 3, y: 3, width: 5, height: 5 }, { pixelFormat: { sampling: 'gray', bitDepth: 8 } })).toEqual({
    x: 3,
    y: 3,
    width: 5,
    height: 5,
  });
});

test.each([
  ['yuv420p', 'yuv420p'],
  ['yuvj422p', 'yuv422p'],
  ['yuv420p9le', 'yuv420p10le'],
  ['yuv422p14be', 'yuv422p16le'],
  ['nv12', 'yuv420p'],
  ['p010le', 'yuv420p10le'],
  ['p216le', 'yuv422p16le'],
  ['p410be', 'yuv444p10le'],
  ['y210le', 'yuv422p10le'],
  ['yuyv422', 'yuv422p'],
  ['yuv411p', 'yuv422p'],
  ['yuv410p', 'yuv420p'],
  ['yuv440p12le', 'yuv444p12le'],
  ['gray', 'gray'],
  ['gray9le', 'gray10le'],
  ['gray14be', 'gray16le'],
  ['grayf32le', 'gray16le'],
  ['ya8', 'gray'],
  ['ya16be', 'gray16le'],
  ['monob', 'gray'],
  ['rgb24', 'yuv444p10le'],
  ['bgr0', 'yuv444p10le'],
  ['pal8', 'yuv444p10le'],
  ['gbrp', 'yuv444p10le'],
  ['gbrp10le', 'yuv444p12le'],
  ['gbrap12le', 'yuv444p16le'],
  ['x2rgb10le', 'yuv444p12le'],
  ['rgb48be', 'yuv444p16le'],
  ['xyz12le', 'yuv444p16le'],
  ['yuva444p10le', 'yuv444p10le'],
  ['ayuv64le', 'yuv444p16le'],
])('%s is worked on as %s', (source, target) => {
  expect(pixelFormatName(workingFormat(source).pixelFormat)).toBe(target);
});

test('alpha, RGB and range are read off a format name', () => {
  expect(workingFormat('yuva420p')).toMatchObject({ alpha: true, rgb: false, fullRange: false });
  expect(workingFormat('gbrap')).toMatchObject({ alpha: true, rgb: true });
  expect(workingFormat('yuvj420p')).toMatchObject({ alpha: false, fullRange: true });
});

test('full range 4:2:0 under its old name is not rescaled', () => {
  const color = { matrix: 'smpte170m', range: 'full' } as const;
  expect(conversionFilters('yuvj420p', { sampling: '420', bitDepth: 8 }, color, false)).toEqual(['format=yuvj420p']);
});

test('color: what the user says, then what the file states, then a guess by size', () => {
  const facts = { height: 480, rgb: false, impliedRange: undefined, inputColor: undefined };
  expect(resolveColor({}, facts)).toEqual({
    color: { matrix: 'smpte170m', transfer: 'unknown', primaries: 'unknown', range: 'limited' },
    guessed: true,
  });
  expect(resolveColor({}, { ...facts, height: 576 }).color.matrix).toBe('bt470bg');
  expect(resolveColor({}, { ...facts, height: 720 }).color.matrix).toBe('bt709');
  expect(resolveColor({ color_space: 'bt2020nc', color_range: 'pc', color_transfer: 'smpte2084' }, facts)).toEqual({
    color: { matrix: 'bt2020nc', transfer: 'smpte2084', primaries: 'unknown', range: 'full' },
    guessed: false,
  });
  expect(resolveColor({ color_space: 'bt709' }, { ...facts, inputColor: 'smpte170m:full' })).toEqual({
    color: { matrix: 'smpte170m', transfer: 'smpte170m', primaries: 'smpte170m', range: 'full' },
    guessed: false,
  });
  expect(resolveColor({ color_space: 'bt709' }, { ...facts, inputColor: 'full' }).color).toMatchObject({
    matrix: 'bt709',
    range: 'full',
  });
  // Names that FFmpeg's filters take and ffprobe reads back.
  expect(resolveColor({}, { ...facts, inputColor: 'bt470bg' }).color.transfer).toBe('bt470bg');
  for (const bad of ['bt70', 'bt709:', 'bt709:loud', 'full:bt709', ''])
    expect(() => parseInputColor(bad)).toThrow('not a known input color');
});

test('soft telecine is put on the grid of its film, and what is no film keeps its time', () => {
  const plan = planDecode(media({ telecine: 'soft' }), AUTO);
  const fields = [0, 3, 5, 8, 10, 13, 15, 17, 19, 21];
  const clock = new PtsClock(plan);
  const base = { num: 1, den: 60000 };
  const pts = fields.map((field) => clock.next((PTS_OFFSET * 5n) / 2n + BigInt(field * 1001), base));
  const grid = (step: number): bigint => BigInt(step * 1001);
  expect(pts.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6].map(grid));
  // Video at 30 frames a second: two fields each. Times stay within 0.6 field and never fall back.
  pts
    .slice(7)
    .forEach((time, index) =>
      expect(Math.abs(Number(time) - fields[7 + index]! * 400.4)).toBeLessThanOrEqual(0.6 * 400.4 + 1),
    );
  expect(pts.every((time, index) => index === 0 || time > pts[index - 1]!)).toBe(true);
});

test('a trim counts from where the source starts', () => {
  expect(ticksOf(planDecode(media({}), AUTO), 1)).toBe(45000n);
});

test('what decoding changes is said', () => {
  const notes = (video: Partial<VideoInfo>): number => decodeNotes(media(video), planDecode(media(video), AUTO)).length;
  expect(notes({})).toBe(0);
  expect(notes({ sourcePixelFormat: 'rgba', pixelFormat: { sampling: '444', bitDepth: 10 } })).toBe(2);
  expect([notes({ fieldOrder: 'tff' }), notes({ telecine: 'hard' }), notes({ telecine: 'soft' })]).toEqual([1, 1, 1]);
});

test('a source that looks progressive is not called interlaced where it is deinterlaced all the same', () => {
  const noteOf = (video: Partial<VideoInfo>): string[] =>
    decodeNotes(media(video), planDecode(media(video), { ...AUTO, deinterlace: 'on' }));
  expect(noteOf({ fieldOrder: 'tff' })).toEqual([expect.stringMatching(/^The source is interlaced/)]);
  expect(noteOf({ fieldOrder: 'progressive' })).toEqual([expect.stringMatching(/^The source looks progressive/)]);
});

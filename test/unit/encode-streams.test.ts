import { expect, test } from 'vitest';
import type { MediaStream } from '../../src/core/media.ts';
import { chooseContainer, planStreams } from '../../src/encode/index.ts';
import { media, stream } from './encode-kit.ts';

const video = stream(0, { kind: 'video', codec: 'h264' });
const font = stream(9, { kind: 'attachment', codec: 'ttf' });
const withStreams = (...streams: MediaStream[]) => media({ streams: [video, ...streams] });
const actions = (source: ReturnType<typeof media>, container: 'mp4' | 'mkv' | 'mov' | 'webm'): string[] =>
  planStreams(source, container).map(({ action, codec }) => (codec === undefined ? action : `${action} ${codec}`));

test('everything is copied where the container has room, and text subtitles change their form where it asks for one', () => {
  const source = withStreams(
    stream(1, {}),
    stream(2, { kind: 'subtitle', codec: 'mov_text' }),
    stream(3, { kind: 'subtitle', codec: 'subrip' }),
    stream(4, { kind: 'subtitle', codec: 'hdmv_pgs_subtitle' }),
  );
  expect(actions(source, 'mp4')).toEqual(['restore', 'copy', 'copy', 'convert mov_text', 'drop']);
  expect(actions(source, 'mkv')).toEqual(['restore', 'copy', 'convert subrip', 'copy', 'copy']);
  expect(planStreams(source, 'mp4')[4]!.reason).toContain('hdmv_pgs_subtitle');
});

test('subtitles that FFmpeg writes but cannot read are not promised in another form', () => {
  const source = withStreams(stream(1, { kind: 'subtitle', codec: 'ttml' }));
  expect(actions(source, 'mkv')).toEqual(['restore', 'drop']);
});

test("MP4's own track of chapter titles and time code is not copied twice", () => {
  const chapterTrack = stream(1, { kind: 'data', codec: 'bin_data', codecTag: 'text' });
  const timecode = stream(2, { kind: 'data', codec: 'unknown', codecTag: 'tmcd' });
  const telemetry = stream(3, { kind: 'data', codec: 'bin_data', codecTag: 'gpmd' });
  const source = media({ streams: [video, chapterTrack, timecode, telemetry], chapters: 3 });
  expect(actions(source, 'mp4')).toEqual(['restore', 'drop', 'drop', 'copy']);
});

test('the container is the own one while nothing is lost by it', () => {
  expect(chooseContainer(withStreams(stream(1, {})), undefined, 'hevc')).toEqual({
    container: 'mp4',
    notes: [],
    bakeRotation: false,
  });
  const truehd = chooseContainer(withStreams(stream(1, { codec: 'truehd' })), undefined, 'hevc');
  expect(truehd.container).toBe('mkv');
  expect(truehd.notes[0]).toContain('stream 1 (truehd audio)');
  expect(chooseContainer(withStreams(), undefined, 'ffv1').container).toBe('mkv');
  expect(chooseContainer(withStreams(), '/folder/', 'prores')).toMatchObject({ container: 'mov' });
  const webm = media({ path: 'a.webm', container: 'matroska,webm' });
  expect(chooseContainer(webm, undefined, 'av1').container).toBe('webm');
  expect(chooseContainer(webm, undefined, 'hevc').container).toBe('mkv');
  expect(chooseContainer(media({ path: 'a.wmv', container: 'asf' }), undefined, 'hevc').container).toBe('mkv');
});

test('AVI, which has no times, takes no sound that begins later than a frame after the picture', () => {
  const picture = stream(0, { kind: 'video', codec: 'h264', startTime: 0 });
  const source = (startTime: number) => media({ streams: [picture, stream(1, { startTime })] });
  expect(chooseContainer(source(0.02), 'out.avi', 'ffv1').container).toBe('avi');
  expect(() => chooseContainer(source(0.5), 'out.avi', 'ffv1')).toThrow('sound and picture begin apart');
  expect(() => chooseContainer(source(0), 'out.avi', 'hevc')).toThrow('AVI cannot hold this hevc video');
});

test('an extension decides, and what cannot be is refused before any work', () => {
  expect(chooseContainer(withStreams(font), 'out.MP4', 'hevc').container).toBe('mp4');
  expect(actions(withStreams(font), 'mp4')).toEqual(['restore', 'drop']);
  expect(() => chooseContainer(media(), 'out.webm', 'hevc')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => chooseContainer(media(), 'out.txt', 'hevc')).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a rotation is stated where the container can, and baked elsewhere', () => {
  const turned = media({}, { rotation: 90 });
  expect(chooseContainer(turned, 'a.mp4', 'hevc').bakeRotation).toBe(false);
  expect(chooseContainer(turned, 'a.mkv', 'hevc').bakeRotation).toBe(true);
});

import path from 'node:path';
import { expect, test } from 'vitest';
import { chooseContainer, planStreams } from '../../src/encode/index.ts';
import { media, run, scratch, showTimes, stream } from './encode-kit.ts';
import { drawn, ffmpeg, putFilm } from './encode-film-kit.ts';

const folder = scratch();
const at = (name: string): string => path.join(folder, name);
const withSound = (codec: string, changes: object = {}) =>
  media({ streams: [stream(0, { kind: 'video', codec: 'h264' }), stream(1, { codec })], ...changes });

/** Checksum of the decoded samples. */
const samples = (file: string): string =>
  run('ffmpeg', '-v', 'error', '-i', file, '-map', '0:a:0', '-c:a', 'pcm_s32le', '-f', 'hash', '-hash', 'md5', '-');

test.each([
  ['pcm_dvd', 'mkv', 'convert flac'],
  ['pcm_bluray', 'mp4', 'convert flac'],
  ['s302m', 'mkv', 'convert flac'],
  ['s302m', 'mpegts', 'copy'],
  ['adpcm_ima_qt', 'mkv', 'convert flac'],
  ['adpcm_ima_qt', 'mov', 'copy'],
  ['nellymoser', 'mkv', 'convert flac'],
  ['pcm_s16le', 'mkv', 'copy'],
  ['pcm_s16le', 'mp4', 'convert flac'],
  ['pcm_f32be', 'mkv', 'convert pcm_f32le'],
  ['pcm_s24daud', 'mov', 'convert pcm_s24le'],
  ['ac4', 'mkv', 'drop'],
  ['aac', 'webm', 'drop'],
] as const)('%s sound in %s: %s', (codec, container, fate) => {
  const [, sound] = planStreams(withSound(codec), container);
  expect([sound!.action, sound!.codec].filter((part) => part !== undefined).join(' ')).toBe(fate);
});

test('a container that holds the sound as it is goes before one that converts it', () => {
  expect(chooseContainer(withSound('pcm_s16le'), undefined, 'h264').container).toBe('mkv');
  const disc = withSound('pcm_bluray', { container: 'mpegts', path: 'a.m2ts' });
  expect(chooseContainer(disc, undefined, 'h264').container).toBe('mkv');
});

test('the sound of a DVD keeps every sample, of 16 and of 24 bits', async () => {
  const dvd = ['-pix_fmt', 'yuv420p', '-c:v', 'mpeg2video', '-bf', '0', '-c:a', 'pcm_dvd', '-f', 'vob', '-r', '25'];
  for (const [depth, name] of [
    ['s16', 'low'],
    ['s32', 'high'],
  ] as const) {
    ffmpeg(...drawn(1), '-sample_fmt', depth, ...dvd, at(`${name}.vob`));
    const { output } = await putFilm(at(`${name}.vob`), 'mkv', `${name}.mkv`);
    expect(samples(output)).toBe(samples(at(`${name}.vob`)));
  }
});

test('converted sound is cut where the film is', async () => {
  const { output } = await putFilm(at('low.vob'), 'mkv', 'cut.mkv', { from: 12 });
  expect(showTimes(output, 'v:0')[0]).toBe(0);
  expect(showTimes(output, 'a:0')[0]).toBeLessThan(0.002);
  const length = Number(run('ffprobe', '-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', output));
  expect(length).toBeGreaterThan(0.4);
  expect(length).toBeLessThan(0.6);
});

test('sound of a DVD stays in step where a seek comes down inside one of its frames', async () => {
  // A packet of the file has several frames of such sound; without reordered pictures FFmpeg seeks to the cut itself.
  const dvd = ['-pix_fmt', 'yuv420p', '-c:v', 'mpeg2video', '-bf', '0', '-muxdelay', '0', '-f', 'vob'];
  ffmpeg(...drawn(3), ...dvd, '-r', '25', '-q:v', '2', '-c:a', 'ac3', '-ar', '48000', '-b:a', '96k', at('small.vob'));
  const { output, report } = await putFilm(at('small.vob'), 'mkv', 'small.mkv', { from: 24 });
  expect(report.copiedPackets).toBeGreaterThan(25);
  expect(showTimes(output, 'v:0')[0]).toBe(0);
  // No more than one frame of 1536 samples is cut in two.
  expect(showTimes(output, 'a:0')[0]).toBeLessThan(0.033);
});

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIP_NAMES, CLIPS, makeClip, type ClipName } from '../fixtures/media/clips.ts';
import { packetTimes, restoreAll } from './helpers.ts';

interface ProbedStream {
  readonly codec_type: string;
  readonly codec_name: string;
  readonly codec_tag_string: string;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly sample_aspect_ratio?: string;
  readonly color_range?: string;
  readonly color_space?: string;
  readonly side_data_list?: readonly { readonly rotation?: number }[];
  readonly tags?: Readonly<Record<string, string>>;
}
interface Probed {
  readonly streams: readonly ProbedStream[];
  readonly chapters: readonly { readonly tags?: { readonly title?: string } }[];
  readonly format: { readonly tags?: Readonly<Record<string, string>> };
}

async function probeFile(file: string): Promise<Probed> {
  const { stdout } = await execa('ffprobe', [
    ...['-v', 'error', '-show_streams', '-show_chapters', '-show_format', '-of', 'json', file],
  ]);
  return JSON.parse(stdout) as Probed;
}

/** Hash of the packets of one stream as they lie in the file. */
async function streamHash(file: string, stream: string): Promise<string> {
  const { stdout } = await execa('ffmpeg', [
    '-v',
    'error',
    '-i',
    file,
    '-map',
    `0:${stream}`,
    '-c',
    'copy',
    '-f',
    'streamhash',
    '-',
  ]);
  return stdout.trim().split('=').at(-1) ?? '';
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'inputs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Restores a clip to twice its size with the cheapest network there is: nearest neighbors on the null device. */
async function restoreClip(name: ClipName): Promise<{ source: string; output: string }> {
  const source = await makeClip(name, folder);
  const events = await restoreAll({
    input: source,
    preset: 'none',
    upscale: 2,
    device: 'null',
    encoderPreset: 'ultrafast',
    segmentFrames: 12,
  });
  const done = events.find((event) => event.type === 'done');
  expect(done).toBeDefined();
  expect(events.filter((event) => event.type === 'warning')).toEqual([]);
  return { source, output: done!.output };
}

/** Clips whose frames the decoder makes anew, so that their times are not those of packets in the file. */
const REMADE: readonly ClipName[] = ['telecine-hard', 'telecine-soft'];

describe.each(CLIP_NAMES)('%s', (name) => {
  const facts = CLIPS[name];

  test('keeps frames, timestamps, streams and tags', async () => {
    const { source, output } = await restoreClip(name);
    const [before, after] = [await probeFile(source), await probeFile(output)];
    const video = after.streams.find(({ codec_type }) => codec_type === 'video')!;

    const times = await packetTimes(output, 'V:0');
    expect(times).toHaveLength(facts.frames);
    const rounding = path.extname(output) === '.mkv' ? 0.00101 : 0.000_01;
    const sourceTimes = await packetTimes(source, 'V:0');
    const start = sourceTimes[0]!;
    for (const [i, time] of times.entries()) {
      const [num, den] = facts.rate.split('/').map(Number);
      const expected = facts.times?.[i] ?? (REMADE.includes(name) ? (i * den!) / num! : sourceTimes[i]! - start);
      expect(Math.abs(time - times[0]! - expected), `frame ${i}`).toBeLessThanOrEqual(rounding + (facts.rounding ?? 0));
    }

    const turned = facts.rotation === 90 && !['.mp4', '.mov'].includes(path.extname(output));
    const [width, height] = turned ? [facts.height, facts.width] : [facts.width, facts.height];
    expect([video.width, video.height]).toEqual([Math.round(width) * 2, Math.round(height) * 2]);
    expect(video.codec_name).toBe('hevc');
    if (output.endsWith('.mp4')) expect(video.codec_tag_string).toBe('hvc1');
    expect(video.pix_fmt).toMatch(/10le$/);
    if (facts.pixelFormat.startsWith('yuv444')) expect(video.pix_fmt).toBe('yuv444p10le');
    if (facts.pixelFormat.startsWith('yuv422')) expect(video.pix_fmt).toBe('yuv422p10le');
    expect(video.color_range).toBe(facts.range === 'full' ? 'pc' : 'tv');
    if (facts.matrix !== undefined) expect(video.color_space).toBe(facts.matrix);
    if (facts.sar !== undefined) expect(video.sample_aspect_ratio?.replace(':', '/')).toBe(facts.sar);
    if (facts.rotation !== undefined && !turned) {
      const [was, is] = [before, after].map(({ streams }) => streams[0]?.side_data_list?.[0]?.rotation);
      expect(is).toBe(was);
    }

    expect(after.streams.map(({ codec_type }) => codec_type)).toEqual(facts.streams);
    for (const [i, stream] of before.streams.entries()) {
      if (stream.codec_type !== 'audio' && stream.codec_type !== 'subtitle') continue;
      expect(await streamHash(output, String(i)), `stream ${i}`).toBe(await streamHash(source, String(i)));
      expect(after.streams[i]!.tags?.['language']).toBe(stream.tags?.['language']);
      expect(after.streams[i]!.tags?.['title']).toBe(stream.tags?.['title']);
    }
    expect(after.chapters.map(({ tags }) => tags?.title)).toEqual(before.chapters.map(({ tags }) => tags?.title));
    expect(after.format.tags?.['title']).toBe(before.format.tags?.['title']);

    // Sound stays where it was beside the picture.
    if (facts.streams.includes('audio')) {
      const offset = async (file: string): Promise<number> =>
        (await packetTimes(file, 'a:0'))[0]! - (await packetTimes(file, 'V:0'))[0]!;
      expect(Math.abs((await offset(output)) - (await offset(source)))).toBeLessThan(0.002);
    }
  });
});

describe.each(['hevc', 'h264'] as const)('at its own size, %s', (codec) => {
  test.each(['odd', 'full-range', 'gray'] as const)('%s', async (name) => {
    const output = path.join(folder, `${name}.${codec}.mkv`);
    const input = await makeClip(name, folder);
    await restoreAll({ input, output, codec, preset: 'none', scratches: 0.5, encoderPreset: 'ultrafast' });
    const [video] = (await probeFile(output)).streams;
    const even = (side: number): number => side + (side % 2);
    const { width, height, frames, range } = CLIPS[name];
    expect(video).toMatchObject({
      width: even(width),
      height: even(height),
      color_range: range === 'full' ? 'pc' : 'tv',
    });
    expect(await packetTimes(output, 'v:0')).toHaveLength(frames);
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packetTimes, restoreAll } from './helpers.ts';

let folder = '';
const at = (name: string): string => path.join(folder, name);
const ffmpeg = async (...args: string[]): Promise<void> => {
  await execa('ffmpeg', ['-v', 'error', '-y', ...args]);
};
const picture = (seconds: number): string[] => ['-f', 'lavfi', '-i', `testsrc=s=64x64:r=25:d=${seconds}`];
const tone = (seconds: number): string[] => ['-f', 'lavfi', '-i', `sine=d=${seconds}`];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'hard-inputs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Restores a film that verification has to accept; the path of the result. */
async function restored(name: string, output?: string): Promise<string> {
  const events = await restoreAll({
    input: at(name),
    ...(output === undefined ? {} : { output: at(output) }),
    preset: 'none',
    scratches: 0.5,
    codec: 'h264',
    encoderPreset: 'ultrafast',
    device: 'cpu',
  });
  // A result that was refused is made again first, with a warning.
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  expect(warnings.filter((message) => !message.startsWith('The source is damaged'))).toEqual([]);
  const done = events.find((event) => event.type === 'done');
  return done!.output;
}

const streams = async (file: string): Promise<string[]> => {
  const { stdout } = await execa('ffprobe', [
    ...['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', file],
  ]);
  return stdout.split('\n').filter((line) => line !== '');
};

/** Two recordings one after the other, whose clocks both start at the beginning. */
async function joined(name: string, ...args: string[]): Promise<void> {
  await ffmpeg(...args, at(`one-${name}`));
  const one = await readFile(at(`one-${name}`));
  await writeFile(at(name), Buffer.concat([one, one]));
}

test('a joined MPEG-TS recording keeps its sound in step', async () => {
  await joined('joined.ts', ...picture(1), ...tone(1), '-c:v', 'mpeg2video', '-c:a', 'mp2', '-f', 'mpegts');
  const output = await restored('joined.ts');
  expect(path.extname(output)).toBe('.ts');
  expect(await packetTimes(output, 'v:0')).toHaveLength(50);
});

test('pictures that a joined recording puts at one time come out two milliseconds apart', async () => {
  await joined('joined.vob', ...picture(0.48), '-c:v', 'mpeg2video', '-f', 'vob');
  const times = await packetTimes(await restored('joined.vob'), 'v:0');
  expect(times).toHaveLength(24);
  for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThan(0.0015);
});

test('pictures that are closer than a millisecond keep their order in Matroska', async () => {
  const close = ['-vf', "settb=1/90000,setpts='N*3600-if(mod(N,3),mod(N,3)*3570)'", '-enc_time_base', '1:90000'];
  const encode = ['-c:v', 'libx264', '-bf', '0', '-video_track_timescale', '90000', '-pix_fmt', 'yuv420p'];
  await ffmpeg(...picture(0.48), ...close, '-fps_mode', 'passthrough', ...encode, at('close.mp4'));
  expect(await packetTimes(await restored('close.mp4', 'close.mkv'), 'v:0')).toHaveLength(12);
});

test('a second sound track that begins late is kept', async () => {
  const late = '[0]setpts=N*25[v];[2]asetpts=PTS+10/TB[b]';
  await ffmpeg(
    ...[...picture(0.48), ...tone(12), ...tone(1), '-filter_complex', late],
    ...['-map', '[v]', '-map', '1', '-map', '[b]', '-fps_mode', 'passthrough'],
    ...['-c:v', 'mpeg2video', '-bf', '0', '-c:a', 'ac3', '-f', 'vob', at('late.vob')],
  );
  const output = await restored('late.vob');
  expect(await streams(output)).toEqual(['h264', 'ac3', 'ac3']);
  expect((await packetTimes(output, 'a:1'))[0]).toBeGreaterThan(9.9);
});

test('pictures and sound that a recording announces and does not have are left out', async () => {
  const maps = ['-map', '0', '-map', '0', '-map', '1', '-map', '1'];
  const codecs = ['-c:v', 'mpeg2video', '-c:a:0', 'mp2', '-c:a:1', 'ac3'];
  await ffmpeg(...picture(0.48), ...tone(0.48), ...maps, ...codecs, at('whole.ts'));
  const whole = await readFile(at('whole.ts'));
  const packets = Array.from({ length: whole.length / 188 }, (_, n) => whole.subarray(188 * n, 188 * (n + 1)));
  // FFmpeg numbers the streams from 0x100 on.
  const gone = [0x100, 0x103];
  const kept = packets.filter((packet) => !gone.includes(packet.readUInt16BE(1) & 0x1fff));
  await writeFile(at('announced.ts'), Buffer.concat(kept));
  expect(await streams(await restored('announced.ts', 'announced.mkv'))).toEqual(['h264', 'mp2']);
});

test('streams that begin one after the other are no empty ones', async () => {
  const sound = ['-c:v', 'mpeg2video', '-c:a', 'mp2'];
  await ffmpeg(...picture(0.48), ...tone(0.48), ...sound, at('one.ts'));
  await ffmpeg(...picture(0.48), ...tone(0.48), ...sound, '-mpegts_start_pid', '0x200', at('two.ts'));
  await writeFile(at('both.ts'), Buffer.concat([await readFile(at('one.ts')), await readFile(at('two.ts'))]));
  expect(await streams(await restored('both.ts', 'both.mp4'))).toHaveLength(4);
});

test('sound that is described but has nothing in it is kept by Matroska, and left out by MP4', async () => {
  const silent = ['-map', '0', '-map', '1', '-frames:a:0', '0'];
  await ffmpeg(...picture(0.48), ...tone(0.48), ...silent, '-c:v', 'libx264', '-c:a', 'aac', at('silent.mkv'));
  expect(await streams(await restored('silent.mkv'))).toEqual(['h264', 'aac']);
  const output = at('silent.mp4');
  const events = await restoreAll({ input: at('silent.mkv'), output, preset: 'none', scratches: 0.5, codec: 'h264' });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  expect(warnings).toEqual(['Stream 1 (aac audio) has nothing in this film and is left out.']);
  expect(await streams(output)).toEqual(['h264']);
});

test('damaged sound is copied and is no fault of the film', async () => {
  await ffmpeg(
    ...[...picture(0.48), ...tone(0.48), '-pix_fmt', 'yuv420p', '-c:v', 'libx264'],
    ...['-c:a', 'libmp3lame', '-bsf:a', 'noise=amount=2', at('sound.mkv')],
  );
  const { stderr } = await execa('ffprobe', ['-v', 'error', at('sound.mkv')]);
  expect(stderr).not.toBe('');
  expect(await streams(await restored('sound.mkv'))).toEqual(['h264', 'mp3']);
});

test('a part of a recording whose clock does not begin at zero has sound for that part only', async () => {
  const late = ['-output_ts_offset', '10'];
  await ffmpeg(...picture(6), ...tone(6), '-c:v', 'libx264', '-g', '12', '-c:a', 'mp2', ...late, at('late-clock.ts'));
  const output = at('part.mkv');
  const part = { startSeconds: 2, durationSeconds: 1 };
  await restoreAll({ input: at('late-clock.ts'), output, ...part, preset: 'none', scratches: 0.5, codec: 'h264' });
  expect(await packetTimes(output, 'v:0')).toHaveLength(25);
  const sound = await packetTimes(output, 'a:0');
  expect(sound.at(0)).toBeLessThan(0.05);
  expect(sound.at(-1)).toBeGreaterThan(0.9);
  expect(sound.at(-1)).toBeLessThan(1);
});

test.each([
  ['the whole of a capture', 'capture.avi', {}, 50],
  ['a part of a capture', 'capture.avi', { startSeconds: 1.01, durationSeconds: 0.5 }, 13],
  ['a film whose sound begins before zero', 'primed.mp4', {}, 50],
  ['a film whose picture begins between two frames', 'between.mkv', {}, 50],
] as const)('%s goes into AVI at its own rate', async (_, name, part, frames) => {
  const pcm = ['-c:v', 'huffyuv', '-pix_fmt', 'yuv422p', '-c:a', 'pcm_s16le'];
  const aac = ['-c:v', 'mpeg4', '-c:a', 'aac'];
  await ffmpeg(...picture(2), ...tone(2), ...(name === 'capture.avi' ? pcm : aac), at(name));
  const output = at(`avi-${frames}-${name}.avi`);
  const options = { ...part, preset: 'none', scratches: 0.5, codec: 'ffv1', device: 'cpu' } as const;
  const events = await restoreAll({ input: at(name), output, ...options });
  expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  expect(await packetTimes(output, 'v:0')).toHaveLength(frames);
  const { stdout } = await execa('ffprobe', [
    ...['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=r_frame_rate,nb_frames'],
    ...['-of', 'csv=p=0', output],
  ]);
  expect(stdout).toBe(`25/1,${frames}`);
});

test('a part of a recording whose clock starts anew has its sound, copied or converted', async () => {
  // MPEG-TS counts to 2^33 ticks of 1/90000 s, which are 95443.7 s.
  const late = ['-output_ts_offset', '95439'];
  const sound = [
    '-map',
    '0',
    '-map',
    '1',
    '-map',
    '1',
    '-c:a:0',
    'mp2',
    '-c:a:1',
    's302m',
    '-ac:a:1',
    '2',
    '-ar',
    '48000',
  ];
  await ffmpeg(
    ...[...picture(6), ...tone(6), '-c:v', 'libx264', '-g', '12', ...sound, '-strict', '-2', ...late, at('anew.ts')],
  );
  const output = at('anew.mkv');
  const part = { startSeconds: 1, durationSeconds: 1 };
  await restoreAll({ input: at('anew.ts'), output, ...part, preset: 'none', scratches: 0.5, codec: 'h264' });
  expect(await packetTimes(output, 'v:0')).toHaveLength(25);
  for (const stream of ['a:0', 'a:1']) {
    const times = await packetTimes(output, stream);
    expect(times.at(0)).toBeLessThan(0.05);
    expect(times.at(-1)).toBeGreaterThan(0.8);
    expect(times.at(-1)).toBeLessThan(1);
  }
});

test('a part that decoding begins in the middle for is no damaged source', async () => {
  await ffmpeg(...picture(6), '-c:v', 'libx264', '-g', '25', '-bf', '2', at('middle.ts'));
  const part = { startSeconds: 3, durationSeconds: 1 };
  const options = { ...part, preset: 'none', scratches: 0.5, codec: 'h264' } as const;
  const events = await restoreAll({ input: at('middle.ts'), output: at('middle.mkv'), ...options });
  expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  const frames = events.flatMap((event) => (event.type === 'analysis' ? [event.framesEstimated] : []));
  expect([...new Set(frames)]).toEqual([25]);
});

test.each([
  ['sound', 0, 0.4],
  ['picture', 0.4, 0],
])('a recording whose clock begins at zero keeps its late %s where it is', async (name, picturesAt, soundAt) => {
  const late = `[0]setpts=PTS+${picturesAt}/TB[v];[1]asetpts=PTS+${soundAt}/TB[a]`;
  await ffmpeg(
    ...[...picture(1), ...tone(1), '-filter_complex', late, '-map', '[v]', '-map', '[a]'],
    ...['-c:v', 'libx264', '-bf', '0', '-c:a', 'mp2', '-muxdelay', '0', '-muxpreload', '0', at(`zero-${name}.ts`)],
  );
  const offset = async (file: string): Promise<number> =>
    (await packetTimes(file, 'a:0'))[0]! - (await packetTimes(file, 'v:0'))[0]!;
  const wanted = await offset(at(`zero-${name}.ts`));
  expect(Math.abs(wanted)).toBeGreaterThan(0.3);
  for (const output of [`zero-${name}.mkv`, `zero-${name}-again.ts`]) {
    expect(await offset(await restored(`zero-${name}.ts`, output))).toBeCloseTo(wanted, 2);
  }
});

test('a part of MPEG-TS whose sound begins after the picture is finished', async () => {
  await ffmpeg(...picture(2), ...tone(2), '-c:v', 'libx264', '-g', '12', '-c:a', 'aac', at('part.mp4'));
  const part = { startSeconds: 1, durationSeconds: 0.4 };
  const output = at('part.ts');
  await restoreAll({ input: at('part.mp4'), output, ...part, preset: 'none', scratches: 0.5, codec: 'h264' });
  expect((await packetTimes(output, 'a:0'))[0]).toBeGreaterThan(0.005);
});

test.each(['mp4', 'mkv', 'ts'])('a stream that has nothing in a part does not end the run, in %s', async (kind) => {
  const maps = ['-map', '0', '-map', '1', '-map', '2'];
  await ffmpeg(...picture(2), ...tone(0.5), ...tone(2), ...maps, '-c:v', 'libx264', '-c:a', 'aac', at('ends.mp4'));
  const output = at(`ends-part.${kind}`);
  const part = { startSeconds: 1, durationSeconds: 0.4, preset: 'none', scratches: 0.5, codec: 'h264' } as const;
  const events = await restoreAll({ input: at('ends.mp4'), output, ...part });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  if (kind === 'mkv') {
    expect(await streams(output)).toEqual(['h264', 'aac', 'aac']);
    expect(warnings).toEqual([]);
  } else {
    expect(new Set(await streams(output))).toEqual(new Set(['h264', 'aac']));
    expect(warnings).toEqual(['Stream 1 (aac audio) has nothing in this part and is left out.']);
  }
});

test('converted sound that has nothing in a part moves nothing', async () => {
  const maps = ['-map', '0', '-map', '1', '-map', '2'];
  const sound = ['-c:a', 'pcm_bluray', '-ar', '48000'];
  await ffmpeg(...picture(2), ...tone(0.5), ...tone(2), ...maps, '-c:v', 'libx264', ...sound, at('ends.m2ts'));
  const output = at('ends-m2ts.mkv');
  const part = { startSeconds: 1, durationSeconds: 0.4, preset: 'none', scratches: 0.5, codec: 'h264' } as const;
  await restoreAll({ input: at('ends.m2ts'), output, ...part });
  expect(await streams(output)).toEqual(['h264', 'flac']);
  expect((await packetTimes(output, 'v:0'))[0]).toBeLessThan(0.05);
});

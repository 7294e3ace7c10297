import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameBytes, pixelFormatName } from '../../src/core/format.ts';
import { NutReader, type NutFrame } from '../../src/core/nut/reader.ts';
import { PIXEL_FORMATS, type NutStreamInfo } from '../../src/core/nut/wire.ts';
import { NutWriter } from '../../src/core/nut/writer.ts';
import { BufferPool } from '../../src/core/pool.ts';

interface Read {
  readonly frames: NutFrame[];
  readonly reader: NutReader;
}

/** Feeds `bytes` in pieces whose sizes repeat through `sizes`. */
function read(bytes: Uint8Array, sizes: readonly number[]): Read {
  const frames: NutFrame[] = [];
  const reader = new NutReader((frame) => frames.push(frame));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    reader.feed(bytes.subarray(at, at + size));
    at += size;
  }
  return { frames, reader };
}

function write(info: NutStreamInfo, pictures: readonly { pts: bigint; data: Uint8Array }[]): Buffer {
  const writer = new NutWriter(info);
  return Buffer.concat([
    writer.header(),
    ...pictures.flatMap(({ pts, data }) => [writer.frameHeader(pts, data.length), data]),
  ]);
}

const INFO: NutStreamInfo = {
  width: 6,
  height: 4,
  sampleAspectRatio: { num: 10, den: 11 },
  timeBase: { num: 1, den: 90000 },
  pixelFormat: { sampling: '420', bitDepth: 8 },
  frameRate: { num: 30000, den: 1001 },
};

test('what was written is read back, whatever the pieces it comes in', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          pts: fc.bigInt({ min: 0n, max: 2n ** 60n }),
          data: fc.uint8Array({ minLength: 1, maxLength: 6000 }),
        }),
        { maxLength: 8 },
      ),
      fc.array(fc.integer({ min: 1, max: 7000 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(...PIXEL_FORMATS),
      (pictures, sizes, pixelFormat) => {
        const { frames, reader } = read(write({ ...INFO, pixelFormat }, pictures), sizes);
        expect(frames.map(({ pts, data }) => ({ pts, data }))).toEqual(pictures);
        expect(frames.map((frame) => frame.index)).toEqual(pictures.map((_, index) => index));
        expect([reader.atBoundary, reader.complete]).toEqual([true, false]);
        expect({ ...reader.info, frameRate: INFO.frameRate }).toEqual({ ...INFO, pixelFormat });
      },
    ),
    { numRuns: 60 },
  );
});

test('a stream that is cut is seen not to end at a boundary, and garbage is refused', () => {
  const bytes = write(INFO, [{ pts: 5n, data: new Uint8Array(36) }]);
  expect(read(bytes.subarray(0, bytes.length - 1), [50]).reader.atBoundary).toBe(false);
  expect(() => read(Buffer.from('RIFF and so on, nothing of ours'), [4])).toThrow('not a NUT stream');
  const noise = Buffer.concat([write(INFO, []), Buffer.from([0, 0, 0, 0])]);
  expect(() => read(noise, [1000])).toThrow('invalid frame code');
});

test('a negative timestamp is refused', () => {
  const writer = new NutWriter(INFO);
  writer.header();
  expect(() => writer.frameHeader(-1n, 36)).toThrow(RangeError);
});

test.each(PIXEL_FORMATS.map((format) => [pixelFormatName(format), format] as const))(
  'pictures in %s travel from ffmpeg to us and back unchanged, timestamps included',
  (_, pixelFormat) => {
    const format = { width: 33, height: 17, pixelFormat };
    const size = frameBytes(format);
    const pts = [3n, 7n, 8n, 250n];
    const pictures = pts.map((time, index) => {
      const data = new Uint8Array(size);
      const step = pixelFormat.bitDepth === 8 ? 1 : 2;
      for (let at = 0; at < size; at += step) {
        const value = (at * 31 + index * 77) % 2 ** pixelFormat.bitDepth;
        data[at] = value & 255;
        if (step === 2) data[at + 1] = value >> 8;
      }
      return { pts: time, data };
    });
    const info: NutStreamInfo = { ...INFO, width: 33, height: 17, timeBase: { num: 1, den: 1000 }, pixelFormat };
    const result = spawnSync(
      'ffmpeg',
      [
        '-v',
        'error',
        '-nostdin',
        '-copyts',
        '-f',
        'nut',
        '-i',
        'pipe:0',
        '-fps_mode',
        'passthrough',
        '-enc_time_base',
        '1:1000',
      ].concat(['-c:v', 'rawvideo', '-f', 'nut', 'pipe:1']),
      { input: write(info, pictures), maxBuffer: 64 * 1024 * 1024 },
    );
    expect(result.stderr.toString()).toBe('');
    const { frames, reader } = read(result.stdout, [4096, 100, 65536]);
    expect(reader.info?.pixelFormat).toEqual(pixelFormat);
    expect(reader.info?.sampleAspectRatio).toEqual({ num: 10, den: 11 });
    // FFmpeg's writer takes a multiple of the rate that it is given, so nothing is rounded.
    const { num, den } = reader.info!.timeBase;
    expect([num, den % 1000]).toEqual([1, 0]);
    const scale = BigInt(den / 1000);
    expect(frames.map(({ pts, data }) => ({ pts: pts / scale, data: Buffer.from(data) }))).toEqual(
      pictures.map(({ pts, data }) => ({ pts, data: Buffer.from(data) })),
    );
    expect(reader.complete).toBe(true);
  },
);

test('ffmpeg reads the nominal rate of what we write', () => {
  const bytes = write(INFO, [
    { pts: 0n, data: new Uint8Array(36) },
    { pts: 3003n, data: new Uint8Array(36) },
  ]);
  const entries = 'stream=r_frame_rate,width,height,sample_aspect_ratio,pix_fmt';
  const result = spawnSync(
    'ffprobe',
    ['-v', 'error', '-f', 'nut', '-show_entries', entries, '-of', 'csv=p=0', 'pipe:0'],
    {
      input: bytes,
    },
  );
  expect(result.stdout.toString().trim()).toBe('6,4,10:11,yuv420p,30000/1001');
});

test('the pool reuses memory, keeps only so much, and drops what has been transferred', () => {
  const pool = new BufferPool(100);
  const first = pool.take(60);
  pool.give(first);
  expect(pool.take(60)).toBe(first);
  const second = pool.take(60);
  expect(second).not.toBe(first);
  pool.give(first);
  pool.give(second);
  expect([pool.take(60), pool.take(60)]).toEqual([first, new Uint8Array(60)]);
  structuredClone(first.buffer, { transfer: [first.buffer] });
  pool.give(first);
  expect(pool.take(60).length).toBe(60);
  expect(pool.take(10).length).toBe(10);
});

import { pixelFormatName, type BitDepth, type ChromaSampling, type PixelFormat } from '../format.ts';
import type { Rational } from '../rational.ts';

/*
 * The part of NUT (FFmpeg's own stream container, nut.txt) that a pipe of raw pictures needs: one video stream, one
 * picture a packet, timestamps with each. Numbers are big-endian; `v` is 7 bits a byte, high bit = more to come.
 */

/** What the stream header of a raw video pipe says. */
export interface NutStreamInfo {
  readonly width: number;
  readonly height: number;
  /** 0/1 where unknown. */
  readonly sampleAspectRatio: Rational;
  readonly timeBase: Rational;
  readonly pixelFormat: PixelFormat;
  /** Nominal rate: FFmpeg 7 takes a pipe without it for 30000 fps. */
  readonly frameRate?: Rational;
}

export const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');

const startcode = (second: string, rest: bigint): Buffer => {
  const code = Buffer.alloc(8);
  code.writeBigUInt64BE((0x4en << 56n) | (BigInt(second.charCodeAt(0)) << 48n) | rest);
  return code;
};
export const MAIN = startcode('M', 0x7a561f5f04adn);
export const STREAM = startcode('S', 0x11405bf2f9dbn);
export const SYNCPOINT = startcode('K', 0xe4adeeca4569n);
export const INDEX = startcode('X', 0xdd672f23e64en);
export const INFO = startcode('I', 0xab68b596ba78n);

/** Frame flags, nut.txt 3.5. */
export const FLAG = {
  key: 1,
  endOfRelevance: 2,
  codedPts: 8,
  streamId: 16,
  sizeMsb: 32,
  checksum: 64,
  reserved: 128,
  sideData: 256,
  headerIndex: 1024,
  matchTime: 2048,
  coded: 4096,
  invalid: 8192,
} as const;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** CRC-32, polynomial 0x04C11DB7, most significant bit first, start 0, no final xor. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[((crc >>> 24) ^ byte) & 255] ?? 0)) >>> 0;
  return crc;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Unsigned number of variable length. */
export function unsigned(value: number | bigint): Buffer {
  let rest = BigInt(value);
  const bytes = [Number(rest & 127n)];
  for (rest >>= 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 127n) | 128);
  return Buffer.from(bytes);
}

/** Signed number of variable length: 1, 2, 3 ... stand for 1, -1, 2 ... */
export function signed(value: number): Buffer {
  return unsigned(value > 0 ? 2 * value - 1 : -2 * value);
}

/** Bytes with their length in front. */
export const counted = (bytes: Uint8Array): Buffer => Buffer.concat([unsigned(bytes.length), bytes]);

/** A header packet: start code, size, checksum of the head when it is long, body, checksum. */
export function packet(code: Buffer, body: Buffer): Buffer {
  const size = body.length + 4;
  const head = Buffer.concat([code, unsigned(size)]);
  const headCheck = size > 4096 ? uint32(crc32(head)) : Buffer.alloc(0);
  return Buffer.concat([head, headCheck, body, uint32(crc32(body))]);
}

/** FFmpeg's codec tags for planar rawvideo (libavcodec/raw.c): 'Y', '3' or '1', chroma shifts, bits. */
const EIGHT_BIT_TAGS: Readonly<Record<ChromaSampling, string>> = {
  '420': 'I420',
  '422': 'Y42B',
  '444': '444P',
  gray: 'Y800',
};
const CHROMA_SHIFTS: Readonly<Record<ChromaSampling, number>> = { '420': 11, '422': 10, '444': 0, gray: 0 };

export function fourccOf({ sampling, bitDepth }: PixelFormat): Buffer {
  if (bitDepth === 8) return Buffer.from(EIGHT_BIT_TAGS[sampling], 'latin1');
  return Buffer.from([0x59, sampling === 'gray' ? 0x31 : 0x33, CHROMA_SHIFTS[sampling], bitDepth]);
}

const SAMPLINGS: readonly ChromaSampling[] = ['420', '422', '444', 'gray'];
const DEPTHS: readonly BitDepth[] = [8, 10, 12, 16];

/** Every format that the pipeline works in. */
export const PIXEL_FORMATS: readonly PixelFormat[] = SAMPLINGS.flatMap((sampling) =>
  DEPTHS.map((bitDepth) => ({ sampling, bitDepth })),
);

const BY_FOURCC = new Map(PIXEL_FORMATS.map((format) => [fourccOf(format).toString('hex'), format]));

/** Throws when the stream is in a format that the pipeline does not work in. */
export function pixelFormatOf(fourcc: Uint8Array): PixelFormat {
  const hex = Buffer.from(fourcc).toString('hex');
  const format = BY_FOURCC.get(hex);
  if (format === undefined) {
    const known = PIXEL_FORMATS.map(pixelFormatName).join(', ');
    throw new Error(`NUT: the pictures have the tag ${hex}; known are those of ${known}`);
  }
  return format;
}

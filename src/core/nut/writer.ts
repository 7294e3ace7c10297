import {
  counted,
  crc32,
  FILE_ID,
  FLAG,
  fourccOf,
  INFO,
  MAIN,
  packet,
  signed,
  STREAM,
  SYNCPOINT,
  uint32,
  unsigned,
  type NutStreamInfo,
} from './wire.ts';

/** Larger than any step between two syncpoints: each frame gets its own. */
const MAX_DISTANCE = 65536;
const MAX_PTS_DISTANCE = 2 ** 30;
/** Frames give their pts whole: one more than the 7 bits that a shortened one has (nut.txt, coded_pts). */
const PTS_BITS = 7;

/** Fields of a line of the frame code table that stay at their defaults: pts delta, multiplier, stream, size, reserved. */
const tableLine = (flags: number, count: number): Buffer =>
  Buffer.concat([unsigned(flags), unsigned(6), signed(0), unsigned(1), ...[0, 0, 0, count].map(unsigned)]);

/** Writes raw pictures with their timestamps as NUT, for `ffmpeg -f nut -i pipe:0`: a header, then for each picture its frame header and its bytes. */
export class NutWriter {
  readonly #info: NutStreamInfo;
  #position = 0;
  #lastSyncpoint = 0;

  constructor(info: NutStreamInfo) {
    this.#info = info;
  }

  header(): Buffer {
    const { width, height, sampleAspectRatio, timeBase, pixelFormat, frameRate } = this.#info;
    // Code 0 is invalid, code 1 states everything, the others are not used ('N' is never a frame code and not counted).
    const table = [
      tableLine(FLAG.invalid, 1),
      tableLine(FLAG.key | FLAG.codedPts | FLAG.sizeMsb | FLAG.checksum, 1),
      tableLine(FLAG.invalid, 253),
    ];
    const versionToTimeBases = [3, 1, MAX_DISTANCE, 1, timeBase.num, timeBase.den].map(unsigned);
    const main = packet(MAIN, Buffer.concat([...versionToTimeBases, ...table, unsigned(0)]));
    const stream = packet(
      STREAM,
      Buffer.concat([
        unsigned(0), // stream 0
        unsigned(0), // of class video
        counted(fourccOf(pixelFormat)),
        ...[0, PTS_BITS, MAX_PTS_DISTANCE, 0, 0, 0].map(unsigned), // time base 0, no delay, no flags, no extra data
        ...[width, height, sampleAspectRatio.num, sampleAspectRatio.den, 0].map(unsigned),
      ]),
    );
    const rate =
      frameRate === undefined
        ? Buffer.alloc(0)
        : packet(
            INFO,
            Buffer.concat([
              ...[unsigned(1), signed(0), unsigned(0), unsigned(0), unsigned(1)], // for stream 0, whole length, one field
              counted(Buffer.from('r_frame_rate')),
              signed(-1), // a text
              counted(Buffer.from(`${frameRate.num}/${frameRate.den}`)),
            ]),
          );
    const bytes = Buffer.concat([FILE_ID, main, stream, rate]);
    this.#position = bytes.length;
    this.#lastSyncpoint = bytes.length;
    return bytes;
  }

  /** The bytes that go before a picture of `sizeBytes`. `pts` must not be negative: NUT has none. */
  frameHeader(pts: bigint, sizeBytes: number): Buffer {
    if (pts < 0n) throw new RangeError(`NUT holds no negative timestamp (${pts.toString()})`);
    const back = Math.floor((this.#position - this.#lastSyncpoint) / 16);
    const sync = packet(SYNCPOINT, Buffer.concat([unsigned(pts), unsigned(back)]));
    this.#lastSyncpoint = this.#position;
    const head = Buffer.concat([unsigned(1), unsigned(pts + (1n << BigInt(PTS_BITS))), unsigned(sizeBytes)]);
    const bytes = Buffer.concat([sync, head, uint32(crc32(head))]);
    this.#position += bytes.length + sizeBytes;
    return bytes;
  }
}

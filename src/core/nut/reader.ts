import { rational, type Rational } from '../rational.ts';
import { Cursor, Incomplete, INVALID, readFrameCodes, type FrameCode } from './cursor.ts';
import {
  crc32,
  FILE_ID,
  FLAG,
  INDEX,
  INFO,
  MAIN,
  pixelFormatOf,
  STREAM,
  SYNCPOINT,
  type NutStreamInfo,
} from './wire.ts';

export interface NutFrame {
  readonly pts: bigint;
  /** One picture, planes packed; owned by whoever gets it. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Counted from 0 as frames come. */
  readonly index: number;
}

/** A picture whose bytes are still coming. */
interface PartialFrame {
  readonly pts: bigint;
  readonly data: Uint8Array<ArrayBuffer>;
  filled: number;
}

/** A picture larger than this is a broken stream, not a film. */
const MAX_FRAME_BYTES = 2 ** 31;
/** Headers are a few hundred bytes; one that does not end within this is a broken stream. */
const MAX_HEADER_BYTES = 2 ** 20;

/**
 * Incremental parser of raw video in NUT, as `ffmpeg -f nut pipe:1` writes it. `feed` takes chunks of any size; each
 * picture is copied once, from the chunks into memory that `alloc` gives. Throws Error on anything that is not such a stream.
 */
export class NutReader {
  readonly #onFrame: (frame: NutFrame) => void;
  readonly #alloc: (bytes: number) => Uint8Array<ArrayBuffer>;
  #info: NutStreamInfo | undefined;
  #count = 0;
  #started = false;
  /** The beginning of an element whose rest has not come yet. */
  #pending: Uint8Array = new Uint8Array(0);
  /** Bytes of an uninteresting packet still to be skipped. */
  #skip = 0;
  #current: PartialFrame | undefined;
  #codes: readonly FrameCode[] = [];
  #elided: readonly Uint8Array[] = [];
  #timeBases: readonly Rational[] = [];
  #ptsBits = 0n;
  #lastPts = 0n;
  #indexed = false;

  constructor(onFrame: (frame: NutFrame) => void, alloc?: (bytes: number) => Uint8Array<ArrayBuffer>) {
    this.#onFrame = onFrame;
    this.#alloc = alloc ?? ((bytes) => new Uint8Array(bytes));
  }

  /** What the stream header says; undefined until it has come. */
  get info(): NutStreamInfo | undefined {
    return this.#info;
  }

  /** True when the stream so far ends between two elements: no half picture, no half header. */
  get atBoundary(): boolean {
    return this.#pending.length === 0 && this.#skip === 0 && this.#current === undefined;
  }

  /** True when the writer said that it was done: FFmpeg ends its streams with an index, a program that dies does not. */
  get complete(): boolean {
    return this.#indexed && this.atBoundary;
  }

  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#current) at += this.#fill(this.#current, chunk, at);
      else if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else at = this.#element(chunk, at);
    }
  }

  #fill(frame: PartialFrame, chunk: Uint8Array, at: number): number {
    const step = Math.min(frame.data.length - frame.filled, chunk.length - at);
    frame.data.set(chunk.subarray(at, at + step), frame.filled);
    frame.filled += step;
    this.#deliver(frame);
    return step;
  }

  #deliver(frame: PartialFrame): void {
    if (frame.filled < frame.data.length) return;
    this.#current = undefined;
    this.#onFrame({ pts: frame.pts, data: frame.data, index: this.#count++ });
  }

  /** Parses the element that starts in `#pending` or at `at`; returns where in the chunk it ended (its end, if it is incomplete). */
  #element(chunk: Uint8Array, at: number): number {
    const before = this.#pending.length;
    if (before === 0) {
      const used = this.#tryParse(chunk, at);
      if (used !== undefined) return used;
      this.#pending = chunk.slice(at);
    } else {
      // An element never ends inside what was pending, or it would have been parsed then.
      for (let take = 512; ; take *= 8) {
        const window = Buffer.concat([this.#pending, chunk.subarray(at, at + take)]);
        const used = this.#tryParse(window, 0);
        if (used !== undefined) {
          this.#pending = new Uint8Array(0);
          return at + used - before;
        }
        if (at + take >= chunk.length) {
          this.#pending = window;
          break;
        }
      }
    }
    if (this.#pending.length > MAX_HEADER_BYTES) throw new Error('NUT: a header does not end');
    return chunk.length;
  }

  #tryParse(bytes: Uint8Array, at: number): number | undefined {
    const cursor = new Cursor(bytes, at);
    try {
      if (!this.#started) this.#fileId(cursor);
      else if (bytes[at] === 0x4e) this.#packet(cursor);
      else this.#frame(cursor);
      return cursor.at;
    } catch (error) {
      if (error instanceof Incomplete) return undefined;
      throw error;
    }
  }

  #fileId(cursor: Cursor): void {
    const head = cursor.bytes.subarray(cursor.at, cursor.at + FILE_ID.length);
    if (!FILE_ID.subarray(0, head.length).equals(head)) throw new Error('NUT: this is not a NUT stream');
    if (head.length < FILE_ID.length) throw new Incomplete();
    cursor.at += FILE_ID.length;
    this.#started = true;
  }

  #packet(cursor: Cursor): void {
    const code = Buffer.from(cursor.bytes.subarray(cursor.at, cursor.at + 8));
    if (code.length < 8) throw new Incomplete();
    cursor.at += 8;
    const size = cursor.unsigned();
    if (size > 4096) cursor.at += 4;
    if (code.equals(INFO) || code.equals(INDEX)) {
      if (cursor.at > cursor.bytes.length) throw new Incomplete();
      this.#skip = size;
      this.#indexed ||= code.equals(INDEX);
      return;
    }
    const end = cursor.at + size;
    if (end > cursor.bytes.length) throw new Incomplete();
    if (code.equals(MAIN)) this.#mainHeader(cursor, end - 4);
    else if (code.equals(STREAM)) this.#streamHeader(cursor);
    // The time of all streams in one number: time * bases + base.
    else if (code.equals(SYNCPOINT)) this.#lastPts = cursor.unsignedBig() / BigInt(this.#timeBases.length || 1);
    else throw new Error(`NUT: unknown start code ${code.toString('hex')}`);
    cursor.at = end;
  }

  #mainHeader(cursor: Cursor, end: number): void {
    if (cursor.unsigned() > 3) cursor.unsigned(); // minor version
    cursor.unsigned(); // streams
    cursor.unsigned(); // max distance
    const bases = cursor.unsigned();
    this.#timeBases = Array.from({ length: bases }, () => rational(cursor.unsigned(), cursor.unsigned()));
    this.#codes = readFrameCodes(cursor);
    const elided = [new Uint8Array(0)];
    if (cursor.at < end) {
      const count = cursor.unsigned();
      for (let index = 0; index < count; index++) elided.push(Uint8Array.from(cursor.counted()));
    }
    this.#elided = elided;
  }

  #streamHeader(cursor: Cursor): void {
    cursor.unsigned(); // stream
    if (cursor.unsigned() !== 0) throw new Error('NUT: the stream is not video');
    const pixelFormat = pixelFormatOf(cursor.counted());
    const timeBase = this.#timeBases[cursor.unsigned()];
    if (timeBase === undefined) throw new Error('NUT: the stream has no time base');
    this.#ptsBits = cursor.unsignedBig();
    cursor.unsigned(); // max pts distance
    cursor.unsigned(); // decode delay
    cursor.unsigned(); // flags
    cursor.counted(); // extra data
    const [width, height] = [cursor.unsigned(), cursor.unsigned()];
    const [sarNum, sarDen] = [cursor.unsigned(), cursor.unsigned()];
    const sampleAspectRatio = sarNum === 0 || sarDen === 0 ? { num: 0, den: 1 } : rational(sarNum, sarDen);
    this.#info = { width, height, sampleAspectRatio, timeBase, pixelFormat };
  }

  #frame(cursor: Cursor): void {
    const begin = cursor.at;
    const code = this.#codes[cursor.byte()] ?? INVALID;
    if (code.flags & FLAG.invalid) throw new Error('NUT: invalid frame code');
    let { flags, sizeLsb: size, headerIndex, reserved } = code;
    let pts = this.#lastPts + BigInt(code.ptsDelta);
    if (flags & FLAG.coded) flags ^= cursor.unsigned();
    if (flags & FLAG.streamId) cursor.unsigned();
    if (flags & FLAG.codedPts) pts = this.#wholePts(cursor.unsignedBig());
    if (flags & FLAG.sizeMsb) size += code.sizeMultiplier * cursor.unsigned();
    if (flags & FLAG.matchTime) cursor.signed();
    if (flags & FLAG.headerIndex) headerIndex = cursor.unsigned();
    if (flags & FLAG.reserved) reserved = cursor.unsigned();
    for (let index = 0; index < reserved; index++) cursor.unsignedBig();
    if (flags & FLAG.checksum) {
      const found = crc32(cursor.bytes.subarray(begin, cursor.at));
      if (cursor.uint32() !== found) throw new Error('NUT: the checksum of a frame header is wrong');
    }
    // FFmpeg writes none with raw pictures.
    if (flags & FLAG.sideData) throw new Error('NUT: frames with side data are not understood');
    if (size > MAX_FRAME_BYTES) throw new Error(`NUT: a frame of ${size} bytes`);
    this.#lastPts = pts;
    if (flags & FLAG.endOfRelevance) return;
    // Only small frames leave their first bytes to the header.
    const start = size > 4096 ? undefined : this.#elided[headerIndex];
    const frame = { pts, data: this.#alloc(size), filled: 0 };
    if (start) {
      frame.data.set(start);
      frame.filled = start.length;
    }
    this.#current = frame;
    this.#deliver(frame);
  }

  /** A coded pts is either whole (plus 2^bits) or its lowest bits, taken nearest to the last one. */
  #wholePts(coded: bigint): bigint {
    const modulus = 1n << this.#ptsBits;
    if (coded >= modulus) return coded - modulus;
    const delta = this.#lastPts - (modulus - 1n) / 2n;
    return ((((coded - delta) % modulus) + modulus) % modulus) + delta;
  }
}

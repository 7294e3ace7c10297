import { FLAG } from './wire.ts';

/** One line of the frame code table: what a frame of that code does not state itself. */
export interface FrameCode {
  readonly flags: number;
  readonly sizeMultiplier: number;
  readonly sizeLsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly headerIndex: number;
}
export const INVALID: FrameCode = {
  flags: FLAG.invalid,
  sizeMultiplier: 1,
  sizeLsb: 0,
  ptsDelta: 0,
  reserved: 0,
  headerIndex: 0,
};

/** Thrown inside a parse when its bytes have not all come yet. */
export class Incomplete extends Error {}

/** Reads numbers off a window of bytes. */
export class Cursor {
  readonly bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }
  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new Incomplete();
    this.at++;
    return value;
  }
  unsignedBig(): bigint {
    let value = 0n;
    for (;;) {
      const byte = this.byte();
      value = (value << 7n) | BigInt(byte & 127);
      if (byte < 128) return value;
    }
  }
  uint32(): number {
    return ((this.byte() << 24) | (this.byte() << 16) | (this.byte() << 8) | this.byte()) >>> 0;
  }
  unsigned(): number {
    return Number(this.unsignedBig());
  }
  signed(): number {
    const value = this.unsigned() + 1;
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  }
  counted(): Uint8Array {
    const length = this.unsigned();
    const bytes = this.bytes.subarray(this.at, this.at + length);
    if (bytes.length < length) throw new Incomplete();
    this.at += length;
    return bytes;
  }
}

/** Reads the table of the main header: what each of the 256 frame codes stands for. */
export function readFrameCodes(cursor: Cursor): FrameCode[] {
  const codes: FrameCode[] = [];
  let [ptsDelta, sizeMultiplier, headerIndex] = [0, 1, 0];
  while (codes.length < 256) {
    const flags = cursor.unsigned();
    const fields = cursor.unsigned();
    let [size, reserved] = [0, 0];
    let count: number | undefined;
    // Fields that a line leaves out keep their value or fall to their default (nut.txt, main header).
    if (fields > 0) ptsDelta = cursor.signed();
    if (fields > 1) sizeMultiplier = cursor.unsigned();
    if (fields > 2) cursor.unsigned(); // stream
    if (fields > 3) size = cursor.unsigned();
    if (fields > 4) reserved = cursor.unsigned();
    if (fields > 5) count = cursor.unsigned();
    if (fields > 6) cursor.signed(); // match time
    if (fields > 7) headerIndex = cursor.unsigned();
    for (let index = 8; index < fields; index++) cursor.unsigned();
    count ??= sizeMultiplier - size;
    for (let index = 0; index < count && codes.length < 256; index++) {
      if (codes.length === 0x4e) codes.push(INVALID); // 'N' starts a packet
      codes.push({ flags, sizeMultiplier, sizeLsb: size + index, ptsDelta, reserved, headerIndex });
    }
    if (count === 0 && fields < 6) throw new Error('NUT: the frame code table does not end');
  }
  return codes;
}

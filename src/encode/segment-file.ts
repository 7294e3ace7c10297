import { RestorationError } from '../core/errors.ts';
import { rational, type Rational } from '../core/rational.ts';
import { readPieces } from '../platform/streams.ts';

/*
 * Segments are NUT files of one ffmpeg and one set of arguments. NUT allows its headers to be repeated, so such files
 * joined end to end are one NUT stream, as long as the file identification comes once and the headers are the same. The
 * demuxer then sees one stream: its decoding times come from all pts together, without seams.
 */
const FILE_ID = Buffer.from('nut/multimedia container\0', 'latin1');
const SYNCPOINT = Buffer.from([0x4e, 0x4b, 0xe4, 0xad, 0xee, 0xca, 0x45, 0x69]);
/** Headers are a few kilobytes of codec parameters. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;

const broken = (path: string): RestorationError =>
  new RestorationError('ENCODE_FAILED', `The segment file ${path} is not whole.`, {
    hint: 'Run the same command with --fresh to make the segments again.',
  });

/** Everything before the first picture: stream and codec parameters. */
async function readHeader(path: string): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for await (const piece of readPieces(path, 0, MAX_HEADER_BYTES)) {
    bytes = Buffer.concat([bytes, piece]);
    const end = bytes.indexOf(SYNCPOINT);
    if (end > 0 && bytes.subarray(0, FILE_ID.length).equals(FILE_ID)) return bytes.subarray(0, end);
  }
  throw broken(path);
}

/** The ticks of a NUT file of one stream: the numbers of its main header (nut.txt) up to the first time base. */
export function headerTimeBase(header: Uint8Array): Rational {
  let at = FILE_ID.length + 8;
  const next = (): number => {
    for (let value = 0; ;) {
      const byte = header[at++] ?? 0;
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };
  const forward = next();
  if (forward > 4096) at += 4;
  const version = next();
  if (version > 3) next();
  // Streams, largest distance of syncpoints, number of time bases.
  for (let skipped = 0; skipped < 3; skipped++) next();
  const num = next();
  return rational(num, next());
}

/**
 * The ticks that all segments share. Throws ENCODE_FAILED unless they were made with the same codec parameters: else they
 * would not decode as one.
 */
export async function commonTimeBase(paths: readonly string[]): Promise<Rational> {
  let first: Buffer | undefined;
  for (const path of paths) {
    const header = await readHeader(path);
    first ??= header;
    if (header.equals(first)) continue;
    throw new RestorationError('ENCODE_FAILED', `The segment ${path} was encoded with other settings than the first.`, {
      hint: 'Run the same command with --fresh to make the segments again.',
    });
  }
  if (!first) throw new RestorationError('ENCODE_FAILED', 'There is no segment to join.');
  return headerTimeBase(first);
}

/** All segments as one NUT stream. */
export async function* joinedBytes(paths: readonly string[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const path of paths) {
    yield* readPieces(path, start);
    start = FILE_ID.length;
  }
}

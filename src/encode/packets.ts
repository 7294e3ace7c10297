import { createInterface } from 'node:readline';
import { RestorationError } from '../core/errors.ts';
import { deepProbing } from '../core/probing.ts';
import { parseRational, rational, type Rational } from '../core/rational.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { startProcess } from '../platform/process.ts';
import { lastLine } from './messages.ts';

/**
 * How long FFmpeg waits for a stream that has nothing to say before it writes what the others have. Without a limit a
 * subtitle every half hour keeps half an hour of film in memory; a muxer orders what is closer together than this.
 */
export const MAX_INTERLEAVE_MICROS = '10000000';

/** Packets of one stream in file order: when each is shown, and a checksum of what is in it. */
export interface PacketList {
  timeBase: Rational;
  /** Ticks of `timeBase`; NaN where the container gives none. */
  readonly pts: number[];
  readonly crc: number[];
}

/** Reads a program's output line by line. Throws VERIFY_FAILED when it fails. */
async function eachLine(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<void> {
  const process = startProcess(command, args, { stdout: 'pipe', signal });
  try {
    if (process.stdout) {
      for await (const line of createInterface({ input: process.stdout })) onLine(line);
    }
    const { code } = await process.exited;
    signal.throwIfAborted();
    if (code === 0) return;
    throw new RestorationError('VERIFY_FAILED', `Reading a file back failed: ${lastLine(process.stderrTail())}`, {
      retryable: true,
    });
  } finally {
    process.kill();
    await process.exited;
  }
}

export interface PacketRequest {
  readonly streamIndex: number;
  readonly codec: string;
}

/**
 * Packets of some streams of a file, in the order asked for; timestamps are the file's own. `most`: at most so many
 * of one stream, since FFmpeg 5 ends them all where the first has so many.
 * `container`: FFmpeg's names of its kind, where that is known.
 */
export async function readPackets(
  path: string,
  requests: readonly PacketRequest[],
  signal: AbortSignal,
  { most, container = '' }: { readonly most?: number; readonly container?: string } = {},
): Promise<PacketList[]> {
  const lists = requests.map((): PacketList => ({ timeBase: rational(1), pts: [], crc: [] }));
  if (requests.length === 0) return lists;
  const { ffmpeg } = await findFfmpeg();
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-copyts', ...deepProbing(container)],
    // As `ownClock`, for whatever is read here: it is far less than what the comparison allows.
    ...['-itsoffset', '0.000001', '-i', `file:${path}`],
    ...requests.flatMap(({ streamIndex }) => ['-map', `0:${streamIndex}`]),
    ...['-c', 'copy', ...(most === undefined ? [] : requests.flatMap((_, at) => [`-frames:${at}`, String(most)]))],
    // AAC is framed differently in MPEG-TS; its bare frames are what is compared.
    ...requests.flatMap(({ codec }, at) => (codec === 'aac' ? [`-bsf:${at}`, 'aac_adtstoasc'] : [])),
    ...['-max_interleave_delta', MAX_INTERLEAVE_MICROS, '-f', 'framehash', '-hash', 'crc32', 'pipe:1'],
  ];
  await eachLine(ffmpeg, args, signal, (line) => {
    const base = /^#tb (\d+): (\S+)/.exec(line);
    if (base) {
      const list = lists[Number(base[1])];
      if (list) list.timeBase = parseRational(base[2]) ?? list.timeBase;
      return;
    }
    if (line.startsWith('#')) return;
    // stream, dts, pts, duration, size, hash
    const [stream, , pts, , size, hash] = line.split(',');
    const list = lists[Number(stream)];
    if (!list || hash === undefined) return;
    // Packets without text fill the gaps between MP4's subtitles; every muxer makes its own.
    if (requests[Number(stream)]?.codec === 'mov_text' && Number(size) <= 2) return;
    list.pts.push(pts === undefined || pts.includes('NOPTS') ? NaN : Number(pts));
    list.crc.push(Number.parseInt(hash.trim(), 16));
  });
  return lists;
}

/** Presentation times of a stream in ticks of its time base, in order of presentation. */
export async function readPresentationTimes(path: string, streamIndex: number, signal: AbortSignal): Promise<bigint[]> {
  const { ffprobe } = await findFfmpeg();
  const pts: bigint[] = [];
  const args = [
    ...['-v', 'error', '-select_streams', String(streamIndex), '-show_entries', 'packet=pts', '-of', 'csv=p=0'],
    ...['-i', `file:${path}`],
  ];
  await eachLine(ffprobe, args, signal, (line) => {
    const match = /^(-?\d+)/.exec(line);
    if (match?.[1] !== undefined) pts.push(BigInt(match[1]));
  });
  return pts.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

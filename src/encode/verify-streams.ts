import type { MediaStream } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import { ticksToSeconds, toNumber } from '../core/rational.ts';
import { coversToAttach, mappedStreams } from './mux-args.ts';
import { readPackets, type PacketList } from './packets.ts';
import type { OutputInfo, OutputStream } from './probe-output.ts';
import type { Span } from './span.ts';

/** A stream of the source and the one that it became. */
export interface StreamPair {
  readonly source: MediaStream;
  readonly output: OutputStream;
  readonly converted: boolean;
}

const isCoverOf = (stream: OutputStream): boolean => stream.disposition['attached_pic'] === 1;
const kindOf = (stream: MediaStream): string =>
  stream.dispositions.includes('attached_pic') ? 'cover' : stream.kind === 'unknown' ? 'data' : stream.kind;
const kindOfOutput = (stream: OutputStream): string => (isCoverOf(stream) ? 'cover' : stream.codec_type);

export interface Pairing {
  readonly video: OutputStream | undefined;
  readonly pairs: readonly StreamPair[];
  readonly problems: readonly string[];
}

/** Finds each stream of the plan in the output: streams of one kind keep their order. Pure. */
export function pairStreams(plan: Plan, output: OutputInfo): Pairing {
  const byKind = new Map<string, OutputStream[]>();
  for (const stream of output.streams) {
    // MP4's own track of chapter titles.
    if (stream.codec_type === 'data' && (stream.codec_tag_string === 'text' || stream.codec_tag_string === 'tmcd'))
      continue;
    byKind.set(kindOfOutput(stream), [...(byKind.get(kindOfOutput(stream)) ?? []), stream]);
  }
  const take = (kind: string): OutputStream | undefined => byKind.get(kind)?.shift();
  const problems: string[] = [];
  const pairs: StreamPair[] = [];
  let video: OutputStream | undefined;
  const covers = coversToAttach(plan).map(({ index }) => ({ index, action: 'copy' as const }));
  for (const { index, action } of [...mappedStreams(plan), ...covers]) {
    const source = plan.media.streams.find((stream) => stream.index === index);
    if (!source) continue;
    const output = take(kindOf(source));
    if (!output) problems.push(`stream ${index} (${source.codec} ${kindOf(source)}) is missing`);
    else if (action === 'restore') video = output;
    else pairs.push({ source, output, converted: action === 'convert' });
  }
  for (const stream of [...byKind.values()].flat()) {
    problems.push(`it has a stream that nothing asked for (${stream.codec_name} ${stream.codec_type})`);
  }
  return { video, pairs, problems };
}

/** Whether packets can be compared: attachments have none, and a cover's time means nothing. */
const hasPackets = ({ source, converted }: StreamPair): boolean =>
  !converted && source.kind !== 'attachment' && !source.dispositions.includes('attached_pic');

const seconds = (list: PacketList, at: number): number => (list.pts[at] ?? NaN) * toNumber(list.timeBase);

/** What the times of a copy are held against. */
export interface Comparison {
  /** Output time minus source time in seconds. */
  readonly offset: number;
  /** Where the film begins on the source's clock, in seconds; undefined where all of it is wanted. */
  readonly cut: number | undefined;
  /** Seconds by which a stream as a whole may be out of step: a frame in AVI, which lets all streams begin together. */
  readonly step: number;
}

/** Source packets that lie in what the output kept: all, or for a trimmed film those from its first packet on. */
function window(source: PacketList, output: PacketList, { offset, cut, step }: Comparison): number {
  if (cut === undefined) return 0;
  if (step > 0) return source.pts.findIndex((_, index) => seconds(source, index) > cut - 0.001);
  const start = seconds(output, 0) - offset;
  const at = source.pts.findIndex((_, index) => Math.abs(seconds(source, index) - start) < 0.002);
  return Math.max(0, at);
}

/** Compares the packets of one copied stream. Pure. */
export function comparePackets(source: PacketList, output: PacketList, against: Comparison): string | undefined {
  const { offset, cut, step } = against;
  const from = window(source, output, against);
  if (cut === undefined && source.crc.length !== output.crc.length) {
    return `has ${output.crc.length} packets instead of ${source.crc.length}`;
  }
  // A millisecond of a container's clock, and one tick of the source's, which audio's is smoothed by.
  const slack = 0.0011 + toNumber(source.timeBase) + step;
  for (let at = 0; at < output.crc.length; at++) {
    if (output.crc[at] !== source.crc[from + at]) return `differs from the source in packet ${at}`;
    const off = seconds(output, at) - seconds(source, from + at) - offset;
    if (Math.abs(off) > slack) return `is ${(off * 1000).toFixed(1)} ms out of step with the picture at packet ${at}`;
  }
  return undefined;
}

/** Compares what was copied with the source: the bytes of every packet, and its time against the picture's. */
export async function checkCopies(
  plan: Plan,
  span: Span,
  pairs: readonly StreamPair[],
  files: { readonly output: string; readonly moved: number; readonly signal: AbortSignal },
): Promise<{ readonly problems: string[]; readonly packets: number }> {
  const problems: string[] = [];
  const compared = pairs.filter(hasPackets);
  const [outputs, sources] = await Promise.all([
    readPackets(
      files.output,
      compared.map(({ output: { index, codec_name: codec } }) => ({ streamIndex: index, codec })),
      files.signal,
    ),
    readPackets(
      plan.media.path,
      compared.map(({ source: { index, codec } }) => ({ streamIndex: index, codec })),
      files.signal,
      { container: plan.media.container },
    ),
  ]);
  const against: Comparison = {
    offset: files.moved - Number(span.shiftMicros) / 1e6,
    cut: span.trimmed ? ticksToSeconds(span.start, plan.decode.timeBase) : undefined,
    step: plan.encode.container === 'avi' ? 1 / toNumber(plan.decode.frameRate) : 0,
  };
  let packets = 0;
  compared.forEach(({ source: { index, codec, kind } }, at) => {
    const [source, output] = [sources[at], outputs[at]];
    if (!source || !output) return;
    packets += output.crc.length;
    const problem = comparePackets(source, output, against);
    if (problem !== undefined) problems.push(`its copy of stream ${index} (${codec} ${kind}) ${problem}`);
  });
  return { problems, packets };
}

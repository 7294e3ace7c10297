import type { FrameIndex } from '../core/media.ts';
import type { Plan } from '../core/plan.ts';
import { ticksToSeconds, toNumber } from '../core/rational.ts';
import { mappedStreams } from './mux-args.ts';
import { readPackets, type PacketList, type PacketRequest } from './packets.ts';
import { filmSpan } from './span.ts';

/**
 * These list a copied stream without a packet, which others leave out or cannot be read with. The encoder of converted sound
 * says something at its end all the same, long before the part, which would move everything. Subtitles do no harm.
 */
const LISTS_EMPTY: readonly string[] = ['mkv', 'webm', 'nut'];
const KINDS: readonly string[] = ['audio', 'video', 'data'];

/** At most one packet of each: read one after the other, since FFmpeg 5 ends all streams of a file with the first. */
async function firstPackets(
  path: string,
  requests: readonly PacketRequest[],
  signal: AbortSignal,
  container: string,
): Promise<PacketList[]> {
  const lists: PacketList[] = [];
  for (const request of requests) lists.push(...(await readPackets(path, [request], signal, { most: 1, container })));
  return lists;
}

/**
 * The plan without the streams that have nothing in the film or in the part of it that is wanted (sound that ends before it),
 * where the container does not hold such, and a warning for each of them.
 */
export async function withoutEmptyStreams(
  plan: Plan,
  index: FrameIndex,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan; readonly warnings: readonly string[] }> {
  const span = filmSpan(plan, index);
  const fates = LISTS_EMPTY.includes(plan.encode.container) ? ['convert'] : ['copy', 'convert'];
  const { streams, path, container } = plan.media;
  const mapped = new Set(mappedStreams(plan).flatMap((own) => (fates.includes(own.action) ? [own.index] : [])));
  const asked = streams.filter(
    ({ index: at, kind, dispositions }) =>
      mapped.has(at) && KINDS.includes(kind) && !dispositions.includes('attached_pic'),
  );
  if (asked.length === 0) return { plan, warnings: [] };
  const requests = asked.map(({ index: streamIndex, codec }) => ({ streamIndex, codec }));
  const lists = span.trimmed
    ? await readPackets(path, requests, signal, { container })
    : await firstPackets(path, requests, signal, container);
  const [start, end] = [span.start, span.end].map((at) => ticksToSeconds(at, plan.decode.timeBase));
  const empty = asked.filter((_, at) => {
    const { pts = [], timeBase = { num: 1, den: 1 } } = lists[at] ?? {};
    if (!span.trimmed) return pts.length === 0;
    return !pts.some((ticks) => ticks * toNumber(timeBase) >= (start ?? 0) && ticks * toNumber(timeBase) < (end ?? 0));
  });
  const isEmpty = (at: number): boolean => empty.some((stream) => stream.index === at);
  return {
    plan: {
      ...plan,
      streams: plan.streams.map((own) => (isEmpty(own.index) ? { index: own.index, action: 'drop' } : own)),
    },
    warnings: empty.map(
      ({ index: at, codec, kind }) =>
        `Stream ${at} (${codec} ${kind}) has nothing in this ${span.trimmed ? 'part' : 'film'} and is left out.`,
    ),
  };
}

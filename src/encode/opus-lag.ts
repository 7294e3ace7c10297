import type { Plan } from '../core/plan.ts';
import { deepProbing } from '../core/probing.ts';
import { toNumber } from '../core/rational.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { removeFile } from '../platform/files.ts';
import { capture } from '../platform/process.ts';
import { readPackets } from './packets.ts';

/** Milliseconds that are added in the trial, so that nothing in it comes before zero and is moved. */
const AHEAD_MS = 10_000;

/**
 * Milliseconds by which a copy of each Opus stream would come too early in Matroska or WebM, by the stream's index. FFmpeg
 * 5.1 states the codec's delay there, which every reader takes off the times, and does not put it on them; other releases
 * do. So one packet is written and read back.
 */
export async function opusLags(plan: Plan, temporary: string, signal: AbortSignal): Promise<Map<number, number>> {
  const lags = new Map<number, number>();
  const { container } = plan.encode;
  if (container !== 'mkv' && container !== 'webm') return lags;
  const { ffmpeg } = await findFfmpeg();
  for (const { index, action } of plan.streams) {
    const codec = plan.media.streams.find((stream) => stream.index === index)?.codec;
    if (action !== 'copy' || codec !== 'opus') continue;
    const trial = `${temporary}.opus-${index}.mkv`;
    const args = [
      ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y', '-copyts', '-itsoffset', `${AHEAD_MS}ms`],
      ...[
        ...deepProbing(plan.media.container),
        '-i',
        `file:${plan.media.path}`,
        '-map',
        `0:${index}`,
        '-c',
        'copy',
        '-frames:0',
        '1',
      ],
      ...['-f', 'matroska', `file:${trial}`],
    ];
    try {
      const { code } = await capture(ffmpeg, args, { signal });
      // What cannot even be written here is told with its reason by the real attempt.
      if (code !== 0) continue;
      const { path, container: kind } = plan.media;
      const limit = { most: 1, container: kind };
      const [source] = await readPackets(path, [{ streamIndex: index, codec }], signal, limit);
      const [copy] = await readPackets(trial, [{ streamIndex: 0, codec }], signal);
      const [before, after] = [source?.pts[0] ?? NaN, copy?.pts[0] ?? NaN];
      if (!source || !copy || Number.isNaN(before) || Number.isNaN(after)) continue;
      // Rounded as the muxer rounds.
      const wanted = Math.round(before * toNumber(source.timeBase) * 1000 + AHEAD_MS);
      const lag = wanted - Math.round(after * toNumber(copy.timeBase) * 1000);
      if (Math.abs(lag) > 1) lags.set(index, lag);
    } finally {
      await removeFile(trial).catch(() => undefined);
    }
  }
  return lags;
}

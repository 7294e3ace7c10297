import type { Segment, Shot } from '../core/range.ts';

/**
 * Cuts a film into segments of at most `maxFrames` frames, on shot boundaries where one lies in the last half of the
 * room, inside a shot otherwise. `leadIn` and `leadOut` say how far the stages look back and ahead: how far into the
 * neighbors a run must decode. Both stay inside the shot, because no stage looks across a cut.
 */
export function cutSegments(
  shots: readonly Shot[],
  maxFrames: number,
  { leadIn, leadOut }: { readonly leadIn: number; readonly leadOut: number },
): Segment[] {
  const total = shots.at(-1)?.range.end ?? 0;
  const cuts = new Set(shots.map((shot) => shot.range.start));
  const starts = [...cuts].sort((a, b) => a - b);
  const segments: Segment[] = [];
  let start = 0;
  while (start < total) {
    const limit = Math.min(total, start + maxFrames);
    const earliest = start + Math.ceil(maxFrames / 2);
    const cut = limit === total ? total : (starts.findLast((at) => at >= earliest && at <= limit) ?? limit);
    const shotStart = starts.findLast((at) => at <= start) ?? 0;
    const shotEnd = starts.find((at) => at >= cut) ?? total;
    segments.push({
      index: segments.length,
      range: { start, end: cut },
      leadIn: Math.min(leadIn, start - shotStart),
      leadOut: Math.min(leadOut, shotEnd - cut),
    });
    start = cut;
  }
  return segments;
}

/** Runs of neighboring segments that are still to be done; each run is one decode and one pass through the stages. */
export function pendingRuns(segments: readonly Segment[], isDone: (segment: Segment) => boolean): Segment[][] {
  const runs: Segment[][] = [];
  let previous: Segment | undefined;
  for (const segment of segments) {
    if (isDone(segment)) continue;
    const run = runs.at(-1);
    if (run && previous && previous.index + 1 === segment.index) run.push(segment);
    else runs.push([segment]);
    previous = segment;
  }
  return runs;
}

import { RestorationError } from '../core/errors.ts';
import type { Frame } from '../core/frame.ts';
import type { FrameIndex } from '../core/media.ts';
import type { FrameRange } from '../core/range.ts';
import { ticksToSeconds } from '../core/rational.ts';
import { DEINTERLACE_WARMUP, openPass, SEEK_MARGINS, type Pass } from './pass.ts';
import { makeFrame } from './picture.ts';
import type { PipedPicture } from './pipe.ts';
import { PtsClock, ticksOf } from './timestamps.ts';

/** Frames [start, end) of the index. What comes out is compared with the index, picture by picture, before it is yielded. */
export async function* indexedRange(
  pass: Pass,
  index: FrameIndex,
  range: FrameRange,
): AsyncGenerator<Frame, void, undefined> {
  const { plan, pool } = pass;
  const ptsAt = (at: number): bigint => {
    const pts = index.pts[at];
    if (pts === undefined) throw new RangeError(`The film has no frame ${at}`);
    return pts;
  };
  const durationAt = (at: number): bigint => {
    const after = index.pts[at + 1];
    return after === undefined ? index.lastDuration : after - ptsAt(at);
  };
  if (range.end <= range.start) return;
  ptsAt(range.end - 1);
  let next = range.start;
  // The first frame of a part may be a picture that was there before.
  const held = plan.startSeconds !== undefined && ptsAt(0) === ticksOf(plan, plan.startSeconds) ? 0 : undefined;
  const margins = pass.options.seekMargins ?? SEEK_MARGINS;
  const target = ticksToSeconds(ptsAt(range.start), plan.timeBase);
  const seeks: (number | undefined)[] =
    plan.seekUnsafe === true
      ? []
      : margins.map((margin) => target - margin).filter((seconds) => seconds > plan.startTime);
  for (const seekSeconds of [...seeks, undefined]) {
    const clock = new PtsClock(plan, ptsAt(0));
    const warmup = seekSeconds !== undefined && plan.deinterlace === 'bwdif' ? DEINTERLACE_WARMUP : 0;
    let skipped = 0;
    let before: PipedPicture | undefined;
    const take = (picture: PipedPicture): Frame => {
      const at = next++;
      return makeFrame(picture, pass, at, ptsAt(at), durationAt(at));
    };
    try {
      for await (const picture of openPass(pass, seekSeconds)) {
        const pts = clock.next(picture.pts, picture.info.timeBase);
        if (pts < ptsAt(next)) {
          skipped++;
          if (before) pool.give(before.data);
          before = picture;
          continue;
        }
        if (before && pts > ptsAt(next) && next === held) {
          const first = before;
          before = undefined;
          yield take(first);
        }
        if (next === range.end || pts > ptsAt(next) || skipped < warmup) {
          pool.give(picture.data);
          break;
        }
        yield take(picture);
        if (next === range.end) return;
      }
      if (before && next === held) {
        const first = before;
        before = undefined;
        yield take(first);
      }
      if (next === range.end) return;
    } finally {
      if (before) pool.give(before.data);
    }
  }
  throw new RestorationError(
    'INPUT_CHANGED',
    `${plan.path} no longer gives the picture that it gave before (frame ${next}).`,
    {
      hint: 'The file was changed or replaced while it was being restored: run the command again.',
    },
  );
}

import type { Frame } from '../core/frame.ts';
import type { DecodePlan } from '../core/plan.ts';
import { nominalDuration } from './args.ts';
import { lastLength } from './last-length.ts';
import { openPass, SEEK_MARGINS, DEINTERLACE_WARMUP, type Pass } from './pass.ts';
import { makeFrame } from './picture.ts';
import type { PipedPicture } from './pipe.ts';
import { holdTicks, PtsClock, ticksOf } from './timestamps.ts';

/** Not where a time grid has to be found from the first picture, either. */
const mayTrimBySeek = (plan: DecodePlan): boolean => plan.seekUnsafe !== true && plan.telecine === 'none';

/** All frames of the film, or of the plan's part of it. */
export async function* wholeFilm(pass: Pass): AsyncGenerator<Frame, void, undefined> {
  const { plan } = pass;
  const start = plan.startSeconds === undefined ? undefined : ticksOf(plan, plan.startSeconds);
  if (plan.startSeconds !== undefined && start !== undefined && mayTrimBySeek(plan)) {
    for (const margin of pass.options.seekMargins ?? SEEK_MARGINS) {
      const seconds = plan.startSeconds - margin;
      if (seconds <= 0) break;
      const state = { landed: false };
      yield* trimmed(pass, start, plan.startTime + seconds, state);
      if (state.landed) return;
    }
  }
  yield* trimmed(pass, start, undefined, { landed: false });
}

interface Shown {
  readonly picture: PipedPicture;
  /** When the source shows it. */
  readonly own: bigint;
  /** When the part shows it: the same, or its start for a picture from before. */
  readonly pts: bigint;
}

/**
 * Frames from `start` on up to the end of the trim. A picture from before that is held on the screen for long enough is the
 * first one, and one that is held beyond the end is cut there. With a seek, `state.landed` tells whether decoding began early
 * enough for the first frame to be the right one; when it did not, nothing was yielded.
 */
async function* trimmed(
  pass: Pass,
  start: bigint | undefined,
  seekSeconds: number | undefined,
  state: { landed: boolean },
): AsyncGenerator<Frame, void, undefined> {
  const { plan, options, pool } = pass;
  const clock = new PtsClock(plan);
  const end =
    plan.durationSeconds === undefined ? undefined : ticksOf(plan, (plan.startSeconds ?? 0) + plan.durationSeconds);
  const hold = holdTicks(plan);
  const until = (pts: bigint): bigint => (end !== undefined && pts - end >= hold ? end : pts);
  const warmup = plan.deinterlace === 'bwdif' ? DEINTERLACE_WARMUP : 1;
  let skipped = 0;
  let index = 0;
  let before: Shown | undefined;
  let held: Shown | undefined;
  const drop = (shown: Shown | undefined): void => {
    if (shown) pool.give(shown.picture.data);
  };
  // A decoder that begins in the middle complains about what lies before it, which is no damage.
  const onDamage = (line: string): void => {
    if (seekSeconds === undefined || state.landed) options.onDamage?.(line);
  };
  try {
    for await (const picture of openPass(pass, seekSeconds, onDamage)) {
      const pts = clock.next(picture.pts, picture.info.timeBase);
      if (start !== undefined && pts < start) {
        skipped++;
        drop(before);
        before = { picture, own: pts, pts: start };
        continue;
      }
      if (seekSeconds !== undefined && !state.landed && skipped < warmup) {
        pool.give(picture.data);
        return;
      }
      state.landed = true;
      if (before && start !== undefined && pts - start >= hold) held = before;
      else drop(before);
      before = undefined;
      const last = held;
      held = { picture, own: pts, pts };
      if (last) yield makeFrame(last.picture, pass, index++, last.pts, until(pts) - last.pts);
      if (end !== undefined && pts >= end) {
        return;
      }
    }
    // Past the end of the file: nothing there, which decoding from the beginning must confirm.
    const last = held ?? before;
    if (!last) return;
    const after = until(last.own + ((await lastLength(plan, last.own, options.signal)) ?? nominalDuration(plan)));
    if (last === before && after - last.pts < hold) return;
    state.landed = true;
    held = before = undefined;
    yield makeFrame(last.picture, pass, index, last.pts, after - last.pts);
  } finally {
    drop(held);
    drop(before);
  }
}

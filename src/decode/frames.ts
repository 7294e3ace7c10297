import { RestorationError } from '../core/errors.ts';
import type { FrameFormat } from '../core/format.ts';
import type { Frame, FrameStream } from '../core/frame.ts';
import type { FrameIndex } from '../core/media.ts';
import type { DecodePlan } from '../core/plan.ts';
import type { FrameRange } from '../core/range.ts';
import { ticksToSeconds } from '../core/rational.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { decodeArgs, nominalDuration } from './args.ts';
import { pipePictures, type PipedPicture } from './pipe.ts';
import { analysisFormat, checkSizes, makeFrame, pool } from './picture.ts';
import { PtsClock, ticksOf } from './timestamps.ts';

export interface DecodeOptions {
  readonly signal: AbortSignal;
  /** With `range`: the film's frames as the analysis pass found them. */
  readonly index?: FrameIndex;
  readonly range?: FrameRange;
  /** Small 8-bit gray pictures of this size instead of the real ones; for whole-film passes. */
  readonly analysis?: { readonly width: number; readonly height: number };
  /** Called with each complaint of the decoder about damaged data; on whole-film passes only, so that each is heard once. */
  readonly onDamage?: (line: string) => void;
  /** How long the decoder may give nothing while pictures are wanted. */
  readonly stallMs?: number;
  /** How far before the wanted time seeks aim, in seconds, one attempt after the other; the last resort is the beginning. */
  readonly seekMargins?: readonly number[];
}

const DEFAULT_STALL_MS = 120_000;
/**
 * A key frame right in front of the wanted picture is not enough: pictures after an open one may lack references, and
 * deinterlacing looks at neighbors.
 */
const SEEK_MARGINS = [1, 15] as const;
/** Pictures that deinterlacing needs in front of the first one that counts. */
const DEINTERLACE_WARMUP = 2;
/** What counts as a complaint: pictures that the decoder itself calls bad, and errors of the demuxer or decoder. */
const DAMAGE = /\[(error|fatal|panic)\]|corrupt|conceal/i;

interface Pass {
  readonly plan: DecodePlan;
  readonly options: DecodeOptions;
  readonly format: FrameFormat;
  readonly ffmpeg: string;
}

/** `onDamage` is called with what the decoder complains about. */
function openPass(
  { plan, options, format, ffmpeg }: Pass,
  seekSeconds?: number,
  onDamage?: (line: string) => void,
): AsyncGenerator<PipedPicture, void, undefined> {
  const args = decodeArgs(plan, {
    ...(seekSeconds === undefined ? {} : { seekSeconds }),
    ...(options.analysis ? { analysis: options.analysis } : {}),
  });
  return checkSizes(
    pipePictures({
      command: ffmpeg,
      args,
      path: plan.path,
      signal: options.signal,
      pool,
      stallMs: options.stallMs ?? DEFAULT_STALL_MS,
      onStderrLine:
        onDamage &&
        ((line) => {
          if (DAMAGE.test(line)) onDamage(line);
        }),
    }),
    format,
    plan.path,
  );
}

/** Not where a time grid has to be found from the first picture, either. */
const mayTrimBySeek = (plan: DecodePlan): boolean => plan.seekUnsafe !== true && plan.telecine === 'none';

async function* wholeFilm(pass: Pass): AsyncGenerator<Frame, void, undefined> {
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

/**
 * Frames from `start` on up to the end of the trim. With a seek, `state.landed` tells whether decoding began early enough for the first frame
 * to be the right one; when it did not, nothing was yielded.
 */
async function* trimmed(
  pass: Pass,
  start: bigint | undefined,
  seekSeconds: number | undefined,
  state: { landed: boolean },
): AsyncGenerator<Frame, void, undefined> {
  const { plan, format } = pass;
  const clock = new PtsClock(plan);
  const origin = start ?? (plan.durationSeconds === undefined ? undefined : ticksOf(plan, 0));
  const end =
    origin === undefined || plan.durationSeconds === undefined
      ? undefined
      : ticksOf(plan, (plan.startSeconds ?? 0) + plan.durationSeconds);
  const warmup = plan.deinterlace === 'bwdif' ? DEINTERLACE_WARMUP : 1;
  let skipped = 0;
  let index = 0;
  let held: { picture: PipedPicture; pts: bigint } | undefined;
  const nominal = nominalDuration(plan);
  // A decoder that begins in the middle complains about what lies before it, which is no damage.
  const onDamage = (line: string): void => {
    if (seekSeconds === undefined || state.landed) pass.options.onDamage?.(line);
  };
  try {
    for await (const picture of openPass(pass, seekSeconds, onDamage)) {
      const pts = clock.next(picture.pts, picture.info.timeBase);
      if (start !== undefined && pts < start) {
        skipped++;
        pool.give(picture.data);
        continue;
      }
      if (seekSeconds !== undefined && !state.landed && skipped < warmup) {
        pool.give(picture.data);
        return;
      }
      state.landed = true;
      const before = held;
      held = { picture, pts };
      if (before) yield makeFrame(before.picture, format, index++, before.pts, pts - before.pts);
      if (end !== undefined && pts >= end) {
        pool.give(picture.data);
        held = undefined;
        return;
      }
    }
    const last = held;
    held = undefined;
    // Past the end of the file: nothing there, which decoding from the beginning must confirm.
    if (last) yield makeFrame(last.picture, format, index, last.pts, nominal);
  } finally {
    if (held) pool.give(held.picture.data);
  }
}

/** Frames [start, end) of the index. What comes out is compared with the index, picture by picture, before it is yielded. */
async function* indexedRange(pass: Pass, index: FrameIndex, range: FrameRange): AsyncGenerator<Frame, void, undefined> {
  const { plan, format } = pass;
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
  const margins = pass.options.seekMargins ?? SEEK_MARGINS;
  const target = ticksToSeconds(ptsAt(range.start), plan.timeBase);
  const seeks: (number | undefined)[] =
    plan.seekUnsafe === true || range.start === 0
      ? []
      : margins.map((margin) => target - margin).filter((seconds) => seconds > plan.startTime);
  for (const seekSeconds of [...seeks, undefined]) {
    const clock = new PtsClock(plan, ptsAt(0));
    const warmup = seekSeconds !== undefined && plan.deinterlace === 'bwdif' ? DEINTERLACE_WARMUP : 0;
    let skipped = 0;
    for await (const picture of openPass(pass, seekSeconds)) {
      const pts = clock.next(picture.pts, picture.info.timeBase);
      if (pts < ptsAt(next)) {
        skipped++;
        pool.give(picture.data);
        continue;
      }
      if (pts > ptsAt(next) || skipped < warmup) {
        pool.give(picture.data);
        break;
      }
      const at = next++;
      yield makeFrame(picture, format, at, pts, durationAt(at));
      if (next === range.end) return;
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

/**
 * Decoded frames in order. Without `range`: the whole film (or the plan's trim), numbered from 0. With `range` and
 * `index`: exactly those frames; decoding starts at a seek where that is safe and at the beginning where it is not.
 *
 * Errors: DECODE_FAILED (the decoder died, hung or gave nonsense; retryable), INPUT_CHANGED (the file does not give the
 * frames of the index), INPUT_UNDECODABLE (no frame at all), the abort reason of `signal`. After an end, an error or
 * a `return` no decoder process is left.
 */
export async function* decodeFrames(
  plan: DecodePlan,
  options: DecodeOptions,
): FrameStream & AsyncGenerator<Frame, void, undefined> {
  options.signal.throwIfAborted();
  const { ffmpeg } = await findFfmpeg();
  const format = options.analysis ? analysisFormat(plan.format, options.analysis) : plan.format;
  const pass: Pass = { plan, options, format, ffmpeg };
  if (options.range) {
    if (!options.index) throw new RangeError('A range of frames needs the index of the film');
    yield* indexedRange(pass, options.index, options.range);
    return;
  }
  let count = 0;
  for await (const frame of wholeFilm(pass)) {
    count++;
    yield frame;
  }
  if (count > 0) return;
  const trim = plan.startSeconds !== undefined || plan.durationSeconds !== undefined;
  throw new RestorationError(
    'INPUT_UNDECODABLE',
    trim ? `${plan.path} has no picture in the part that was asked for.` : `No picture of ${plan.path} can be decoded.`,
    {
      hint: trim
        ? 'Check --start and --duration against the length of the film.'
        : 'The file is damaged beyond what FFmpeg can read.',
    },
  );
}

import { RestorationError } from '../core/errors.ts';
import type { Frame, FrameStream } from '../core/frame.ts';
import type { DecodePlan } from '../core/plan.ts';
import { BufferPool } from '../core/pool.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { indexedRange } from './indexed-range.ts';
import type { DecodeOptions, Pass } from './pass.ts';
import { analysisFormat } from './picture.ts';
import { wholeFilm } from './whole-film.ts';

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
  const pass: Pass = { plan, options, format, ffmpeg, pool: new BufferPool() };
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

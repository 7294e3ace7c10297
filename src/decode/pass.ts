import type { FrameFormat } from '../core/format.ts';
import type { FrameIndex } from '../core/media.ts';
import type { DecodePlan } from '../core/plan.ts';
import type { BufferPool } from '../core/pool.ts';
import type { FrameRange } from '../core/range.ts';
import { decodeArgs } from './args.ts';
import { pipePictures, type PipedPicture } from './pipe.ts';
import { checkSizes } from './picture.ts';

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
export const SEEK_MARGINS = [1, 15] as const;
/** Pictures that deinterlacing needs in front of the first one that counts. */
export const DEINTERLACE_WARMUP = 2;
/** What counts as a complaint: pictures that the decoder itself calls bad, and errors of the demuxer or decoder. */
const DAMAGE = /\[(error|fatal|panic)\]|corrupt|conceal/i;

/** What all passes of one decoding have in common. */
export interface Pass {
  readonly plan: DecodePlan;
  readonly options: DecodeOptions;
  readonly format: FrameFormat;
  readonly ffmpeg: string;
  /** Memory of the pictures. It goes with them: the next film's may be of another size, and wait for one long. */
  readonly pool: BufferPool;
}

/** Pictures from a seek or from the beginning on; `onDamage` is called with what the decoder complains about. */
export function openPass(
  { plan, options, format, ffmpeg, pool }: Pass,
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

import type { FrameFormat } from './format.ts';
import type { MediaInfo, Rect } from './media.ts';
import type { Rational } from './rational.ts';

export type Codec = 'hevc' | 'h264' | 'av1' | 'prores' | 'ffv1';
export type Container = 'mp4' | 'mov' | 'mkv' | 'webm' | 'avi' | 'mpegts' | 'nut';

/** How frames leave the source: everything ffmpeg needs to yield the same frames again. */
export interface DecodePlan {
  readonly path: string;
  readonly streamIndex: number;
  /** FFmpeg's name of the decoder's own format: decides how frames are brought to `format` without loss. */
  readonly sourcePixelFormat: string;
  /** FFmpeg's names of the file's kind where its clock begins at exactly zero, which matters for how it is read. */
  readonly container?: string;
  /** Seconds at which the source's timestamps start (ffprobe's start_time). */
  readonly startTime: number;
  readonly deinterlace: 'off' | 'bwdif';
  /** Field parity for deinterlacing where the source leaves it open. */
  readonly parity: 'tff' | 'bff' | 'auto';
  readonly telecine: 'none' | 'soft' | 'hard';
  /** True when every range is decoded from the beginning: after a seek the decoder gives other pictures. */
  readonly seekUnsafe?: boolean;
  /**
   * Part of the picture that is worked on, in the picture as it is after `bakeRotation`; undefined for all of it.
   * Cut off at decode, put back in black at encode.
   */
  readonly crop: Rect | undefined;
  /** Size of the decoder's own picture; only with `crop`, since it follows from `format` else. */
  readonly sourceSize?: { readonly width: number; readonly height: number };
  /** Degrees clockwise baked into the frames; 0 when the display matrix is kept (or there is none). */
  readonly bakeRotation: 0 | 90 | 180 | 270;
  /** True when the frames are mirrored before that, left to right. */
  readonly mirror?: boolean;
  /** Format of the decoded frames (after crop and rotation). */
  readonly format: FrameFormat;
  /** Ticks of all pts in the pipeline. */
  readonly timeBase: Rational;
  readonly frameRate: Rational;
  readonly variableFrameRate: boolean;
  /** Trim in seconds from `startTime`; undefined for the whole film. */
  readonly startSeconds: number | undefined;
  readonly durationSeconds: number | undefined;
}

/** One stage of the chain, as plain data. `model` is the identity of the weights, so that other weights are another plan. */
export interface StagePlan {
  readonly kind: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly model?: {
    readonly id: string;
    readonly sha256: string;
    readonly path: string;
    /** What it is found by again, where that is not `path`. */
    readonly name?: string;
    /** How the weights are fed and their results read, so that another way is another plan. */
    readonly reading?: string;
  };
}

export interface EncodePlan {
  readonly codec: Codec;
  /** FFmpeg's encoder: libx265, libx264, libsvtav1, prores_ks, ffv1, hevc_nvenc, ... */
  readonly encoder: string;
  /** Constant quality where the encoder has it. */
  readonly crf: number | undefined;
  readonly encoderPreset: string | undefined;
  /** Format of the encoded picture, padding included. */
  readonly format: FrameFormat;
  /** Where the worked-on picture lies inside the encoded one; undefined when it fills it. */
  readonly pad: Rect | undefined;
  readonly container: Container;
  /** Degrees that the display matrix of the output must state. */
  readonly displayRotation: 0 | 90 | 180 | 270;
  readonly masteringDisplay: string | undefined;
  readonly contentLight: string | undefined;
}

/** What happens to one stream of the source in the output. */
export interface StreamPlan {
  readonly index: number;
  readonly action: 'restore' | 'copy' | 'convert' | 'drop';
  /** Target codec of a conversion: text subtitles and sound that the container cannot hold as they are. */
  readonly codec?: string;
  /** Why it is not simply copied. */
  readonly reason?: string;
}

/**
 * How networks compute: in 32-bit floats everywhere; in 16-bit ones on devices other than the CPU, where the result stays within the
 * network's tolerance; or `auto`, in 16-bit ones where that was also measured to be faster.
 */
export const PRECISIONS = ['auto', 'fp32', 'fp16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** Everything that a run does, as pure data: printable, hashable, comparable. */
export interface Plan {
  readonly media: MediaInfo;
  readonly preset: string;
  readonly decode: DecodePlan;
  readonly stages: readonly StagePlan[];
  readonly encode: EncodePlan;
  readonly streams: readonly StreamPlan[];
  readonly output: string;
  readonly workdir: string;
  readonly overwrite: boolean;
  readonly device: string;
  readonly precision: Precision;
  /** Longest segment in frames. */
  readonly segmentFrames: number;
  /** Sentences for the user: guesses taken, streams that change, a container that had to be another. */
  readonly notes: readonly string[];
  /**
   * SHA-256 (first 16 hex digits) over what decides the pictures: source fingerprint, decode, stages, models, encode,
   * precision and versions. Not over paths of output and workdir, nor the device.
   */
  readonly planHash: string;
}

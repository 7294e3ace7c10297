import type { ColorInfo } from './color.ts';
import type { ChromaLocation, FieldOrder, PixelFormat } from './format.ts';
import type { Shot } from './range.ts';
import type { Rational } from './rational.ts';

export type StreamKind = 'video' | 'audio' | 'subtitle' | 'data' | 'attachment' | 'unknown';

/** One stream of the source as ffprobe tells it. */
export interface MediaStream {
  readonly index: number;
  readonly kind: StreamKind;
  readonly codec: string;
  /** The container's four characters for the codec ('text', 'tmcd', 'gpmd', ...), where it has them. */
  readonly codecTag?: string;
  readonly timeBase: Rational;
  /** Seconds; undefined where the container does not say. */
  readonly startTime: number | undefined;
  readonly duration: number | undefined;
  /** Bits a second, where the stream says. */
  readonly bitRate?: number;
  readonly language: string | undefined;
  readonly title: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Names of the dispositions that are set: 'default', 'forced', 'attached_pic', ... */
  readonly dispositions: readonly string[];
  /** Sound or video that is announced, of which nothing was found: no rate, no size, so that nobody can copy it. */
  readonly undescribed?: true;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Telecine: 'soft' is repeat flags over progressive frames, 'hard' is 3:2 pulldown baked into interlaced frames. */
export type Telecine = 'none' | 'soft' | 'hard';

/** An extra that Matroska states by a tag, so that it is kept there. */
export const STEREO_LAYOUT = 'the layout of 3D';

export interface VideoInfo {
  readonly streamIndex: number;
  readonly codec: string;
  readonly profile: string | undefined;
  /** Coded picture before rotation and sample aspect ratio. */
  readonly width: number;
  readonly height: number;
  /** FFmpeg's name of the decoder's own format. */
  readonly sourcePixelFormat: string;
  /** The planar format that frames are worked on in. */
  readonly pixelFormat: PixelFormat;
  readonly color: ColorInfo;
  /** Which parts of `color` the source does not state, so that they are a guess (SD: BT.601, HD: BT.709; limited range). */
  readonly colorGuessed: boolean;
  readonly chromaLocation: ChromaLocation;
  readonly sampleAspectRatio: Rational;
  /** Degrees clockwise that a player turns the picture: 0, 90, 180, 270. */
  readonly rotation: 0 | 90 | 180 | 270;
  /** Whether a player changes left and right before it turns the picture. */
  readonly mirrored?: boolean;
  readonly timeBase: Rational;
  /** Average rate; the nominal one (ffprobe's r_frame_rate) where that is constant. */
  readonly frameRate: Rational;
  readonly variableFrameRate: boolean;
  readonly fieldOrder: FieldOrder;
  readonly telecine: Telecine;
  /** True where pictures after a seek are not those of a pass from the beginning: intra refresh without key pictures. */
  readonly seekUnsafe?: boolean;
  /** Frames as far as the container says or the duration tells; exact only after the analysis pass. */
  readonly estimatedFrames: number;
  /** Static HDR metadata as x265 wants it: master-display and max-cll strings. */
  readonly masteringDisplay: string | undefined;
  readonly contentLight: string | undefined;
  /** What the stream carries beside pictures that is lost with a new encoding, in words; absent where there is nothing. */
  readonly extras?: readonly string[];
  /** True for Dolby Vision without a picture that others can show. */
  readonly needsDolbyVision?: boolean;
}

/** What looking at sampled pictures tells. */
export interface Diagnosis {
  readonly blackAndWhite: boolean;
  /** Where the picture is when there are black bars; undefined when it fills the frame. Even numbers in subsampled formats. */
  readonly activeArea: Rect | undefined;
  /** Robust noise estimate of luma, in 8-bit code values (sigma). */
  readonly noiseSigma: number;
  /** Frame-to-frame change of mean luma inside shots, in 8-bit code values. */
  readonly flicker: number;
}

/** Identity of a source file: enough to notice that another file lies under the same name. */
export interface Fingerprint {
  readonly sizeBytes: number;
  /** SHA-256 over the size and the first, middle and last MiB. */
  readonly digest: string;
}

export interface MediaInfo {
  readonly path: string;
  readonly fingerprint: Fingerprint;
  /** ffprobe's format_name. */
  readonly container: string;
  readonly durationSeconds: number | undefined;
  readonly startTime: number;
  readonly streams: readonly MediaStream[];
  readonly chapters: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly video: VideoInfo;
  readonly diagnosis: Diagnosis;
}

/** Every frame that the decoder yields, from one pass over the whole film: what segments, resume and verification rest on. */
export interface FrameIndex {
  /** Presentation times in ticks of the decode plan's time base, strictly rising. */
  readonly pts: BigInt64Array;
  /** Ticks from the last frame's pts to the end of the film. */
  readonly lastDuration: bigint;
  /** Shot boundaries. */
  readonly shots: readonly Shot[];
  /** Decoder complaints counted while passing (damaged packets, concealed frames). */
  readonly decodeErrors: number;
}

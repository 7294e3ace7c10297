import type { FrameFormat } from './format.ts';

/** One plane of samples, rows packed: 8-bit samples as bytes, deeper ones as 16-bit words. */
export type Plane = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Samples that are only read, wherever they are: in a plane or in memory that threads share. */
export type Samples = Uint8Array | Uint16Array;

/**
 * Color predicted at low resolution, before it is brought to full size: BT.601 full-range Cb and Cr in -0.5..0.5 over the
 * active picture area, row-major, `width * height` cells.
 */
export interface ChromaGrid {
  readonly width: number;
  readonly height: number;
  readonly cb: Float32Array;
  readonly cr: Float32Array;
  /** 0 (a guess) to 1 (certain) per cell. */
  readonly confidence: Float32Array;
  /** Luma (0..1) of the source picture averaged over each cell: what motion search and smoothing are guided by. */
  readonly luma: Float32Array;
}

/**
 * A picture in the pipeline. Immutable by convention: stages return new frames. Frames that show the same picture may
 * share its planes; plane objects are never used again for another picture, so that the same ones always mean the same.
 */
export interface Frame {
  /** Position in the decoded film, from 0, after deinterlacing and inverse telecine. */
  readonly index: number;
  /** Presentation time in ticks of the plan's time base. */
  readonly pts: bigint;
  /** In ticks of the same time base. */
  readonly duration: bigint;
  readonly format: FrameFormat;
  readonly planes: readonly Plane[];
  readonly chromaGrid?: ChromaGrid;
  /** Gives the pooled memory back; the planes must not be touched after it. Safe to call twice. */
  dispose(): void;
}

/** The shape of every stage, and of decode (no input) and encode (no output). Order is kept by the stream. */
export type FrameStream = AsyncIterable<Frame>;

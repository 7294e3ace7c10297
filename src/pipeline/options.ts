import { z } from 'zod';
import { PRECISIONS } from '../core/plan.ts';
import { BACKENDS } from '../restore/index.ts';

export const DEINTERLACE_MODES = ['auto', 'off', 'on'] as const;
export const CODECS = ['hevc', 'h264', 'av1', 'prores', 'ffv1'] as const;
/** What a plan takes when neither options nor preset name one. */
export const DEFAULT_CODEC = 'hevc';
export const MODEL_KINDS = ['denoise', 'colorize', 'upscale'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** Named sizes of `--to`: the box that the picture is fitted into. */
export const NAMED_SIZES: Readonly<Record<string, { width: number; height: number }>> = {
  '4k': { width: 3840, height: 2160 },
  '1440p': { width: 2560, height: 1440 },
  '1080p': { width: 1920, height: 1080 },
};

const unit = z.number().min(0).max(1);

/**
 * Everything a caller can ask for. One object feeds the command line, presets and this API; what is left out comes from
 * the preset, then from the source's diagnosis.
 */
export const restoreOptionsSchema = z.strictObject({
  input: z.string().min(1),
  /** A file, or a folder that the default name goes into. Default: NAME.restored.EXT beside the input. */
  output: z.string().min(1).optional(),
  /** A preset's name or the path of a preset file. */
  preset: z.string().min(1).optional(),
  colorize: z.boolean().optional(),
  /** Picture size times this. */
  upscale: z.number().gt(1).max(16).optional(),
  /** '4k', '1440p', '1080p' or 'WxH': the picture is fitted inside. */
  to: z.string().min(1).optional(),
  /** false lifts the 3840 x 2160 bound on the output. */
  cap: z.boolean().optional(),
  /** Strength 0..1; 0 switches it off. */
  denoise: unit.optional(),
  /** Strength 0..1 of evening out brightness pumping; 0 switches it off. */
  deflicker: unit.optional(),
  /** Strength 0..1 of taking away scratches from top to bottom; 0 switches it off. */
  scratches: unit.optional(),
  /** Strength 0..1 of taking away dust and dirt that is in one frame only; 0 switches it off. */
  dust: unit.optional(),
  /** Strength 0..1 of averaging grain away along motion; 0 switches it off. */
  degrain: unit.optional(),
  /** Strength 0..1 of fresh grain over the result; 0 switches it off. */
  grain: unit.optional(),
  deinterlace: z.enum(DEINTERLACE_MODES).optional(),
  /** Model ids, .onnx files or TensorFlow.js folders by kind. */
  models: z.partialRecord(z.enum(MODEL_KINDS), z.string().min(1)).optional(),
  /** Gain on predicted color; 1 is as predicted. */
  saturation: z.number().min(0).max(3).optional(),
  /** Temperature of the color read-out, 0 (mode, vivid) .. 1 (mean, muted). */
  colorTemperature: z.number().gt(0).max(1).optional(),
  /** Another plausible coloring for another number. */
  colorSeed: z.number().int().min(0).max(4_294_967_295).optional(),
  /** The inference runtime; onnxruntime when left out. */
  backend: z.enum(BACKENDS).optional(),
  /** A device id, several with commas between them, or 'auto'. */
  device: z.string().min(1).optional(),
  /** 16-bit floats on devices other than the CPU; `auto`: where they were measured to be faster. */
  precision: z.enum(PRECISIONS).optional(),
  /** Measures the devices again instead of using what was measured before. */
  retune: z.boolean().optional(),
  /** Worker threads; default one a core. */
  workers: z.number().int().min(1).max(256).optional(),
  /** Side of a tile in source pixels; default from memory. */
  tileSize: z.number().int().min(32).max(8192).optional(),
  /** false computes every part of every picture, changed or not; the result is the same. */
  reuse: z.boolean().optional(),
  /** hevc, h264, av1, prores, ffv1, or the name of an FFmpeg encoder such as hevc_nvenc. */
  codec: z.string().min(1).optional(),
  crf: z.number().min(0).max(63).optional(),
  encoderPreset: z.string().min(1).optional(),
  /** Source time in seconds. */
  startSeconds: z.number().min(0).optional(),
  durationSeconds: z.number().gt(0).optional(),
  workdir: z.string().min(1).optional(),
  overwrite: z.boolean().optional(),
  /** Throws finished segments of an earlier run away. */
  fresh: z.boolean().optional(),
  /** Matrix (and range) to assume, e.g. 'bt601', 'bt709:full'. */
  inputColor: z.string().min(1).optional(),
  /** Longest segment in frames. */
  segmentFrames: z.number().int().min(1).max(100_000).optional(),
  /** Minutes that a full disk is waited for before the run ends; 0 ends at once. Default 30. */
  spaceWait: z.number().min(0).max(1_000_000).optional(),
  /** Bytes that results of networks may take beside the work folder, for later runs with other options; default: none. */
  cache: z.number().int().min(1).optional(),
  /** How much of the output is decoded again at the end: all of it, or its ends. */
  verify: z.enum(['full', 'fast']).optional(),
});
export type RestoreOptions = z.infer<typeof restoreOptionsSchema>;

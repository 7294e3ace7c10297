import { z } from 'zod';

const pair = z.tuple([z.number().min(-0.5).max(0.5), z.number().min(-0.5).max(0.5)]);

const common = {
  /** File name without .json; what `--model` takes. */
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i),
  title: z.string(),
  /** Weights, in the manifest's folder. */
  file: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.number().int().positive(),
  /** Element that output and reference device may differ by, in units of the output. */
  tolerance: z.number().positive().default(1e-3),
  parameters: z.number().int().nonnegative().default(0),
  licence: z.string(),
  /** Trained on clean footage: for sources that are already good. */
  clean: z.boolean().default(false),
  /** Side lengths of the input must be multiples of it. */
  sizeMultiple: z.number().int().min(1).max(256),
};

const picture = {
  ...common,
  /** Output pixels for an input pixel along one side. */
  scale: z.number().int().min(1).max(8),
  input: z.object({
    name: z.string(),
    /** Input of one float, 0..1: noise sigma in 8-bit code values divided by 50. */
    strengthName: z.string().optional(),
  }),
  output: z.object({ name: z.string() }),
  /** How far, in input pixels, a pixel of the output looks; what tiles overlap by. */
  receptiveField: z.number().int().nonnegative(),
};

const colorizer = z.object({
  ...common,
  kind: z.literal('colorize'),
  adapter: z.literal('chroma-bins'),
  scale: z.number().optional(),
  input: z.object({ name: z.string(), strengthName: z.undefined().optional() }),
  output: z.object({ name: z.string() }),
  /** Short side in pixels that the picture is reduced to. */
  workSize: z.number().int().min(16).max(2048),
  /** Input pixels for a cell of the output along one side. */
  reduction: z.number().int().min(1).max(64),
  /** Cb and Cr (BT.601, full range, -0.5..0.5) that each class stands for. */
  bins: z.array(pair).min(2),
  /** Default of the annealed mean: below 1 more vivid, 1 the plain mean. */
  temperature: z.number().positive().default(0.38),
  /** Default gain of the predicted chroma. */
  saturation: z.number().positive().default(1),
});

/**
 * What a model file is and how it is fed, one JSON file a model. Adapters: `luma-sr` and `luma-denoise` take float32
 * luma [N,1,H,W] (0 black, 1 white) and give luma; `rgb-sr` takes and gives RGB 0..1; `chroma-bins` takes luma and gives
 * logits over chroma classes for cells of `reduction` pixels.
 */
export const manifestSchema = z.discriminatedUnion('kind', [
  z.object({ ...picture, kind: z.literal('upscale'), adapter: z.enum(['luma-sr', 'rgb-sr']) }),
  z.object({ ...picture, kind: z.literal('denoise'), adapter: z.literal('luma-denoise') }),
  colorizer,
]);

export type ModelManifest = z.infer<typeof manifestSchema>;
export type ModelKind = ModelManifest['kind'];
export type PictureManifest = Extract<ModelManifest, { kind: 'upscale' | 'denoise' }>;
export type ColorizeManifest = Extract<ModelManifest, { kind: 'colorize' }>;

/** A model that was found, with its weights checked. */
export interface ResolvedModel {
  readonly manifest: ModelManifest;
  /** Weights, absolute. */
  readonly path: string;
  readonly sha256: string;
}

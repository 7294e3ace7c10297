import { z } from 'zod';

const pair = z.tuple([z.number().min(-0.5).max(0.5), z.number().min(-0.5).max(0.5)]);

const common = {
  /** File name without .json; what `--model` takes. */
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i),
  title: z.string(),
  /** Weights, in the manifest's folder. */
  file: z.string(),
  /** Of the weights; of them and then those in `external`, where there are some. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Files that hold weights too (ONNX external data), relative to the manifest's folder. */
  external: z.array(z.string()).optional(),
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

const range = z.tuple([z.number(), z.number()]).refine(([zero, one]) => zero !== one, 'both ends are the same');

/** How an input or output lies in memory. What is left out is planar float32 in the adapter's own range. */
export const tensorSchema = z.object({
  name: z.string(),
  layout: z.enum(['nchw', 'nhwc']).optional(),
  type: z.enum(['float32', 'float16', 'uint8']).optional(),
  /** What stands for black and white (L: 0 and 100; a and b: -110 and 110), for all channels or for each. */
  range: z.union([range, z.array(range).min(1).max(3)]).optional(),
});

/** The one size that an input takes, in pixels. */
const fixedSize = z.object({ width: z.number().int().min(8).max(8192), height: z.number().int().min(8).max(8192) });

const picture = {
  ...common,
  /** Output pixels for an input pixel along one side. */
  scale: z.number().int().min(1).max(8),
  input: tensorSchema.extend({
    /** Input of one float, 0..1: noise sigma in 8-bit code values divided by 50. */
    strengthName: z.string().optional(),
    /** Dimensions of that input; default [1]. */
    strengthShape: z.array(z.literal(1)).max(4).optional(),
    /** What 1 is in that input: 50 / 255 for networks that take sigma of pictures 0..1. Default 1. */
    strengthFull: z.number().positive().optional(),
    size: fixedSize.optional(),
  }),
  output: tensorSchema,
  /** How far, in input pixels, a pixel of the output looks; what tiles overlap by. */
  receptiveField: z.number().int().nonnegative(),
  /** That was found by trying, so that it may be more. */
  reachProbed: z.boolean().optional(),
};

const colorizer = {
  ...common,
  kind: z.literal('colorize'),
  scale: z.number().optional(),
  output: tensorSchema,
  /** Short side in pixels that the picture is reduced to. */
  workSize: z.number().int().min(16).max(2048),
  /** Default gain of the predicted chroma. */
  saturation: z.number().positive().default(1),
};

const binsColorizer = z.object({
  ...colorizer,
  adapter: z.literal('chroma-bins'),
  input: z.object({ name: z.string(), strengthName: z.undefined().optional() }),
  output: z.object({ name: z.string() }),
  /** Input pixels for a cell of the output along one side. */
  reduction: z.number().int().min(1).max(64),
  /** Cb and Cr (BT.601, full range, -0.5..0.5) that each class stands for. */
  bins: z.array(pair).min(2),
  /** Default of the annealed mean: below 1 more vivid, 1 the plain mean. */
  temperature: z.number().positive().default(0.38),
  /** Agreement on a hue, 0..1, from which color counts in full; below it is held back. 0: never. */
  caution: z.number().min(0).max(1).default(0),
});

const colorColorizer = z.object({
  ...colorizer,
  adapter: z.enum(['ab-colorizer', 'lab-colorizer', 'rgb-colorizer']),
  input: tensorSchema.extend({ strengthName: z.undefined().optional(), size: fixedSize.optional() }),
});

/**
 * What a model file is and how it is fed, one JSON file a model. The adapters are described in `adapters.ts`; the
 * project's own `chroma-bins` takes luma and gives logits over chroma classes for cells of `reduction` pixels.
 */
export const manifestSchema = z.discriminatedUnion('kind', [
  z.object({ ...picture, kind: z.literal('upscale'), adapter: z.enum(['luma-sr', 'rgb-sr']) }),
  z.object({ ...picture, kind: z.literal('denoise'), adapter: z.enum(['luma-denoise', 'rgb-denoise']) }),
  z.discriminatedUnion('adapter', [binsColorizer, colorColorizer]),
]);

/**
 * What a user states about a bare file in FILE.json beside it, where trying does not tell: a manifest without the fields
 * that describe the weights, and with no field that must be there.
 */
export const statementSchema = z.strictObject({
  title: z.string().optional(),
  licence: z.string().optional(),
  clean: z.boolean().optional(),
  adapter: z
    .enum([
      'luma-sr',
      'rgb-sr',
      'luma-denoise',
      'rgb-denoise',
      'lab-colorizer',
      'ab-colorizer',
      'rgb-colorizer',
    ])
    .optional(),
  input: tensorSchema.pick({ layout: true, range: true }).strict().optional(),
  output: tensorSchema.pick({ layout: true, range: true }).strict().optional(),
  receptiveField: picture.receptiveField.optional(),
  tolerance: z.number().positive().optional(),
  sizeMultiple: common.sizeMultiple.optional(),
  workSize: colorizer.workSize.optional(),
  saturation: z.number().positive().optional(),
});
export type ModelStatement = z.infer<typeof statementSchema>;

export type ModelManifest = z.infer<typeof manifestSchema>;
export type ModelKind = ModelManifest['kind'];
export type PictureManifest = Extract<ModelManifest, { kind: 'upscale' | 'denoise' }>;
export type ColorizeManifest = Extract<ModelManifest, { kind: 'colorize' }>;
export type BinsManifest = Extract<ColorizeManifest, { adapter: 'chroma-bins' }>;
export type ColorManifest = Exclude<ColorizeManifest, BinsManifest>;

/** A model that was found, with its weights checked. */
export interface ResolvedModel {
  readonly manifest: ModelManifest;
  /** Weights, absolute. */
  readonly path: string;
  /** Over the weights, files beside the model that hold some included. */
  readonly sha256: string;
  /** Files that hold weights too (ONNX external data), relative to the model's folder. */
  readonly external?: readonly string[] | undefined;
  /** What `resolveModel` finds the same again by; only where that is not `path`. */
  readonly name?: string | undefined;
  /** What was found by looking at a file that has no whole manifest, and what had to be guessed; sentences. */
  readonly notes?: readonly string[] | undefined;
}

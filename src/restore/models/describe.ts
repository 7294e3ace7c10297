import { listModels, looksLikeFile, resolveFile, resolveModel } from './catalog.ts';
import type { ModelKind, ResolvedModel } from './schema.ts';
import { modelText } from './text.ts';

/** What is known of a model after looking at it: its own data and a line for a person. */
export interface ModelDescription extends ResolvedModel {
  /** One line: what it does, how it is fed, what it was found to need. What had to be guessed is in `notes`. */
  readonly text: string;
}

export interface DescribeOptions {
  /** What the model is meant for; only a bare file may need it, and then it is recognized when left out. */
  readonly kind?: ModelKind | undefined;
  /** Where manifests lie; default: the package's own. */
  readonly folder?: string | undefined;
}

/**
 * Looks at a model by id (`luma-x4-fast`) or file (`my.onnx`, with or without a manifest beside it); a bare file is
 * opened and tried. Throws MODEL_UNKNOWN, or MODEL_INVALID with the one thing that is in the way of using it.
 */
export async function describeModel(idOrFile: string, options: DescribeOptions = {}): Promise<ModelDescription> {
  const { folder } = options;
  const model = looksLikeFile(idOrFile)
    ? await resolveFile(options.kind, idOrFile)
    : await resolveModel(options.kind ?? (await kindOf(idOrFile, folder)), idOrFile, { folder });
  return { ...model, text: modelText(model.manifest) };
}

/** The kind of the model with that id; upscaling, whose families have no id of their own, when there is none. */
async function kindOf(id: string, folder: string | undefined): Promise<ModelKind> {
  return (await listModels(folder)).find((model) => model.id === id)?.kind ?? 'upscale';
}

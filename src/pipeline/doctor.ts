import { toRestorationError, type RestorationError } from '../core/errors.ts';
import { listEncoders, type EncoderInfo } from '../encode/index.ts';
import { findFfmpeg, type FfmpegTools } from '../platform/ffmpeg.ts';
import { freeBytes } from '../platform/files.ts';
import { listModels, measureDevices, resolveModel, type MeasuredDevice, type ModelManifest } from '../restore/index.ts';

/** A model and what is wrong with it; nothing when its weights are the ones its manifest names. */
export interface ModelCheck {
  readonly model: ModelManifest;
  readonly problem: RestorationError | undefined;
}

/** What a machine has of all that a run needs. */
export interface SystemReport {
  readonly ffmpeg: FfmpegTools | RestorationError;
  /** Empty without ffmpeg. */
  readonly encoders: readonly EncoderInfo[];
  readonly devices: readonly MeasuredDevice[];
  /** The network that devices were measured with; undefined when it is damaged, and nothing was measured. */
  readonly measuredWith: ModelManifest | undefined;
  readonly models: readonly ModelCheck[];
  /** Free bytes where `folder` is. */
  readonly freeBytes: number;
}

async function checkModel(model: ModelManifest): Promise<ModelCheck> {
  try {
    await resolveModel(model.kind, model.id);
    return { model, problem: undefined };
  } catch (error) {
    return { model, problem: toRestorationError(error) };
  }
}

/** A small network of the package: what a device does with it takes seconds to tell, not minutes. */
const MEASURED_MODEL = 'luma-x2-fast';

/**
 * Tries everything that a run needs: the programs, every device on a real tile, and the weights of every model. Throws
 * nothing it finds.
 */
export async function inspectSystem(folder = '.'): Promise<SystemReport> {
  const model = await resolveModel('upscale', MEASURED_MODEL).catch(() => undefined);
  const [ffmpeg, encoders, models, free] = await Promise.all([
    findFfmpeg().catch((error: unknown) => toRestorationError(error)),
    listEncoders().catch(() => []),
    listModels().then((all) => Promise.all(all.map(checkModel))),
    freeBytes(folder),
  ]);
  // Alone, so that nothing else slows down what is measured.
  const devices = await measureDevices(model);
  return { ffmpeg, encoders, devices, measuredWith: model?.manifest, models, freeBytes: free };
}

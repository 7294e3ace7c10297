import { toRestorationError, type RestorationError } from '../core/errors.ts';
import { listEncoders, type EncoderInfo } from '../encode/index.ts';
import { findFfmpeg, type FfmpegTools } from '../platform/ffmpeg.ts';
import { freeBytes } from '../platform/files.ts';
import { listDevices, listModels, resolveModel, type DeviceInfo, type ModelManifest } from '../restore/index.ts';

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
  readonly devices: readonly DeviceInfo[];
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

/** Tries everything that a run needs: the programs, every device, and the weights of every model. Throws nothing it finds. */
export async function inspectSystem(folder = '.'): Promise<SystemReport> {
  const [ffmpeg, encoders, devices, models, free] = await Promise.all([
    findFfmpeg().catch((error: unknown) => toRestorationError(error)),
    listEncoders().catch(() => []),
    listDevices(),
    listModels().then((all) => Promise.all(all.map(checkModel))),
    freeBytes(folder),
  ]);
  return { ffmpeg, encoders, devices, models, freeBytes: free };
}

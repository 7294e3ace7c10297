import { probeMedia } from './decode/index.ts';
import type { MediaInfo } from './core/media.ts';

export { cleanCaches, cleanJobs, listCaches, listJobs } from './batch/jobs.ts';
export type { Cache, Cleaned, CleanedCache, Job } from './batch/jobs.ts';
export type { NightSummary } from './batch/summary.ts';
export type { WatchEvent } from './batch/watch-events.ts';
export type { FilmSettings } from './batch/watch-options.ts';
export { watchFolder } from './batch/watch.ts';
export type { WatchControl, WatchOptions } from './batch/watch-api.ts';
export type { ColorInfo } from './core/color.ts';
export { ERROR_CODES, EXIT_CODES, RestorationError, toRestorationError } from './core/errors.ts';
export type { ErrorCode } from './core/errors.ts';
export type { Doubt, Estimate, RestoreEvent } from './core/events.ts';
export type { FrameFormat, PixelFormat } from './core/format.ts';
export type { Diagnosis, MediaInfo, MediaStream, VideoInfo } from './core/media.ts';
export type { Plan } from './core/plan.ts';
export type { Rational } from './core/rational.ts';
export { PRECISIONS, type Precision } from './core/plan.ts';
export { CODECS, DEINTERLACE_MODES, MODEL_KINDS, NAMED_SIZES, restoreOptionsSchema } from './pipeline/options.ts';
export type { RestoreOptions } from './pipeline/options.ts';
export { listPresets, loadPreset } from './pipeline/presets.ts';
export type { Preset } from './pipeline/presets.ts';
export { degradeMedia, listDegradations } from './pipeline/degrade.ts';
export type { DegradeOptions } from './pipeline/degrade.ts';
export { inspectSystem } from './pipeline/doctor.ts';
export type { SystemReport } from './pipeline/doctor.ts';
export { plan, restore } from './pipeline/restore.ts';
export type { PlanResult } from './pipeline/restore.ts';
export { isFilmName, lookAhead } from './pipeline/together.ts';
export type { Outlook } from './pipeline/together.ts';
export { findFfmpeg } from './platform/ffmpeg.ts';
export type { FfmpegTools } from './platform/ffmpeg.ts';
export { packageVersion } from './platform/version.ts';
export { endThreads } from './platform/workers.ts';
export {
  addModel,
  BACKENDS,
  describeModel,
  listDevices,
  listLibrary,
  listModels,
  missingModels,
  pullModel,
  removeModel,
  verifyModels,
} from './restore/index.ts';
export type {
  AddOptions,
  DescribeOptions,
  DeviceInfo,
  LibraryOptions,
  ModelDescription,
  ModelListing,
  ModelManifest,
  ModelPlace,
  ModelVerdict,
  Pulled,
  PullOptions,
  PullProgress,
} from './restore/index.ts';

/**
 * What a film is: container, streams, exact frame rate, field order, telecine, color, rotation, and what its pictures look
 * like. Reads only. Throws a RestorationError (INPUT_*) that says what is wrong with the file.
 */
export function probe(
  path: string,
  options: { readonly signal?: AbortSignal; readonly inputColor?: string } = {},
): Promise<MediaInfo> {
  return probeMedia(path, options);
}

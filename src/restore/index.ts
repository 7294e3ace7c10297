export { listDevices, type DeviceInfo } from './backends/index.ts';
export { checkDevices, chooseDevices } from './engine/choose.ts';
export { measureDevices, type MeasuredDevice } from './engine/measured-devices.ts';
export { BACKENDS } from './engine/devices.ts';
export { openEngine, type Engine, type EngineLoad, type EngineOptions } from './engine/engine.ts';
export { shareOf, type Savings } from './engine/tally.ts';
export { listModels, resolveModel, type ResolveOptions } from './models/catalog.ts';
export { describeModel, type DescribeOptions, type ModelDescription } from './models/describe.ts';
export {
  addModel,
  listLibrary,
  missingModels,
  removeModel,
  verifyModels,
  type AddOptions,
  type LibraryOptions,
  type ModelListing,
  type ModelPlace,
  type ModelVerdict,
} from './models/library.ts';
export { pullModel, type Pulled, type PullOptions, type PullProgress } from './models/pull.ts';
export { modelText } from './models/text.ts';
export type { ModelKind, ModelManifest, ResolvedModel } from './models/schema.ts';
export type { RestoreEnvironment } from './stages/environment.ts';
export type { ResultStore } from './stages/result-store.ts';
export { restoreStages } from './stages/index.ts';

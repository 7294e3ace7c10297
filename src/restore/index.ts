export { listDevices, type DeviceInfo } from './backends/index.ts';
export { checkDevices, chooseDevices } from './engine/choose.ts';
export { BACKENDS } from './engine/devices.ts';
export { openEngine, type Engine, type EngineLoad, type EngineOptions } from './engine/engine.ts';
export { listModels, resolveModel, type ResolveOptions } from './models/catalog.ts';
export { describeModel, type DescribeOptions, type ModelDescription } from './models/describe.ts';
export type { ModelKind, ModelManifest, ResolvedModel } from './models/schema.ts';
export type { RestoreEnvironment } from './stages/environment.ts';
export { restoreStages } from './stages/index.ts';

import type { StageDefinition } from '../../core/stage.ts';
import type { RestoreEnvironment } from './environment.ts';
import { upscale } from './upscale.ts';

/** Every stage of this folder; `create` takes what the same line's `schema.parse` gives. A new one is a file and a line. */
export const restoreStages: readonly StageDefinition<unknown, RestoreEnvironment>[] = [upscale];

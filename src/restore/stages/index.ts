import type { StageDefinition } from '../../core/stage.ts';
import type { RestoreEnvironment } from './environment.ts';
import { applyChroma } from './apply-chroma.ts';
import { colorize } from './colorize.ts';
import { denoise } from './denoise.ts';
import { grain } from './grain.ts';
import { scratches } from './scratches.ts';
import { upscale } from './upscale.ts';

/** Every stage of this folder. A new one is a file here and a line in this list. */
export const restoreStages: readonly StageDefinition<unknown, RestoreEnvironment>[] = [
  scratches,
  denoise,
  colorize,
  upscale,
  applyChroma,
  grain,
];

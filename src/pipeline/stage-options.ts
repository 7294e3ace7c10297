import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import type { StagePlan } from '../core/plan.ts';
import { restoreStages } from '../restore/index.ts';
import { temporalStages } from '../temporal/index.ts';
import type { Preset } from './presets.ts';

/** Throws PRESET_INVALID where a preset gives a stage options that it does not take: before the film is looked through. */
export function checkStageOptions(preset: Preset, { kind, options }: StagePlan): void {
  const definition = [...temporalStages, ...restoreStages].find((stage) => stage.kind === kind);
  try {
    definition?.schema.parse(options);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [issue] = error.issues;
    const where = ['options', ...(issue?.path ?? [])].join('.');
    throw new RestorationError(
      'PRESET_INVALID',
      `The preset ${preset.name} is wrong at "${where}" of the stage ${kind}: ${issue?.message ?? 'not its options'}.`,
      { hint: 'Correct the options, or leave them out.', cause: error },
    );
  }
}

import { resolveModel } from '../restore/index.ts';
import type { ModelKind, RestoreOptions } from './options.ts';
import { STRENGTHS, type Preset } from './presets.ts';
import { isBarred } from './stages.ts';

/** Which of the stages that options are about run. */
export interface Running {
  readonly colorize: boolean;
  readonly upscale: boolean;
  readonly denoise: boolean;
  /** Whether the upscaler takes noise away itself. */
  readonly upscalerDenoises: boolean;
}

/** Options that only say how color is predicted, with their flags. */
const COLOR = {
  saturation: '--saturation',
  colorTemperature: '--color-temperature',
  colorSeed: '--color-seed',
} as const;

/** Why a kind of stage does not run, so that an option for it does nothing. */
function reasonOf(kind: ModelKind, options: RestoreOptions, preset: Preset, runs: Running): string {
  const never = isBarred(preset, kind);
  switch (kind) {
    case 'colorize':
      return never ? `: the preset ${preset.name} never colorizes` : ' without --colorize';
    case 'upscale':
      if (options.upscale === undefined && options.to === undefined) return ' without --upscale or --to';
      return never ? `: the preset ${preset.name} never enlarges` : ': the picture is not enlarged';
    case 'denoise':
      return runs.upscalerDenoises ? ': the upscaler takes noise away itself' : ': nothing is denoised (--denoise)';
  }
}

/** Sentences about options that were given and do nothing in this plan. */
export function noEffectNotes(options: RestoreOptions, preset: Preset, runs: Running): string[] {
  const idle = (flag: string, kind: ModelKind): string =>
    `${flag} has no effect${reasonOf(kind, options, preset, runs)}.`;
  const notes: string[] = [];
  if (!runs.colorize) {
    if (options.colorize === true) notes.push(idle('--colorize', 'colorize'));
    for (const [key, flag] of Object.entries(COLOR) as [keyof typeof COLOR, string][]) {
      if (options[key] !== undefined) notes.push(idle(flag, 'colorize'));
    }
  }
  if (!runs.upscale && isBarred(preset, 'upscale')) {
    for (const key of ['upscale', 'to'] as const) {
      if (options[key] !== undefined) notes.push(idle(`--${key}`, 'upscale'));
    }
  }
  for (const kind of STRENGTHS) {
    if ((options[kind] ?? 0) === 0 || !isBarred(preset, kind)) continue;
    // An upscaler that takes noise away itself takes the strength too.
    if (kind === 'denoise' && runs.upscalerDenoises) continue;
    notes.push(`--${kind} has no effect: the preset ${preset.name} never does that.`);
  }
  for (const [kind, name] of namedModels(options)) {
    if (!runs[kind]) notes.push(idle(`--model ${kind}=${name}`, kind));
  }
  return notes;
}

/** A wrong name of a model that does not run is refused as that of one that does. Throws MODEL_*. */
export async function checkIdleModels(options: RestoreOptions, runs: Running): Promise<void> {
  for (const [kind, name] of namedModels(options)) if (!runs[kind]) await resolveModel(kind, name);
}

const namedModels = ({ models = {} }: RestoreOptions): [ModelKind, string][] =>
  Object.entries(models) as [ModelKind, string][];

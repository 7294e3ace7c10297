import type { Rect } from '../core/media.ts';
import type { StagePlan } from '../core/plan.ts';
import { modelText, resolveModel, type ModelManifest, type ResolvedModel } from '../restore/index.ts';
import type { Geometry } from './geometry.ts';
import { checkIdleModels, noEffectNotes } from './no-effect.ts';
import type { ModelKind, RestoreOptions } from './options.ts';
import type { Preset, StageKind } from './presets.ts';
import { checkStageOptions } from './stage-options.ts';
import { isBarred, orderStages, type Wanted } from './stages.ts';

/** Strength of an old-footage network when neither flag nor preset says one. */
const DEFAULT_STRENGTH = 0.4;

interface PlannedStages {
  readonly stages: StagePlan[];
  /** Those that the stages run. */
  readonly models: readonly ResolvedModel[];
  /** Whether the bars are cut off: only where luma is worked on, since colorizing alone must leave every sample. */
  readonly crops: boolean;
  /** Notes on options that do nothing. */
  readonly idle: readonly string[];
}

/** The stages that a plan holds, in order, each with all its options and the model that it runs. Throws PRESET_INVALID and MODEL_*. */
export async function planStages(
  options: RestoreOptions,
  preset: Preset,
  wanted: Wanted,
  geometry: Geometry,
  active: Rect | undefined,
): Promise<PlannedStages> {
  const factor = geometry.factor;
  const wish = (kind: ModelKind, key: keyof Preset['models']): string | undefined =>
    options.models?.[kind] ?? preset.models[key];
  const upscaler = wanted.upscale
    ? await resolveModel('upscale', wish('upscale', factor > 2 ? 'upscale4' : 'upscale2'), {
        scale: factor > 2 ? 4 : 2,
      })
    : undefined;
  // A network for old footage takes noise away itself; a second pass in front of it would only soften.
  const upscalerDenoises = upscaler?.manifest.input.strengthName !== undefined;
  const may = (kind: StageKind): boolean => !isBarred(preset, kind);
  const runs = {
    deflicker: may('deflicker') && wanted.deflicker > 0,
    scratches: may('scratches') && wanted.scratches > 0,
    dust: may('dust') && wanted.dust > 0,
    degrain: may('degrain') && wanted.degrain > 0,
    denoise: may('denoise') && wanted.denoise > 0 && !upscalerDenoises,
    colorize: wanted.colorize,
    'chroma-anchor': wanted.colorize,
    'chroma-smooth': wanted.colorize,
    upscale: upscaler !== undefined,
    'apply-chroma': wanted.colorize,
    grain: may('grain') && wanted.grain > 0,
  };
  const worksOnLuma = runs.deflicker || runs.scratches || runs.dust || runs.degrain || runs.grain;
  const crops = active !== undefined && (runs.denoise || runs.upscale || worksOnLuma);
  const denoiser = runs.denoise ? await resolveModel('denoise', wish('denoise', 'denoise')) : undefined;
  const colorizer = runs.colorize ? await resolveModel('colorize', wish('colorize', 'colorize')) : undefined;
  const area = active && !crops ? { area: active } : {};
  const detail: Record<keyof typeof runs, { options: Record<string, unknown>; model?: ResolvedModel | undefined }> = {
    deflicker: { options: { strength: wanted.deflicker } },
    scratches: { options: { strength: wanted.scratches } },
    dust: { options: { strength: wanted.dust } },
    degrain: { options: { strength: wanted.degrain } },
    denoise: { options: { strength: wanted.denoise }, model: denoiser },
    colorize: {
      options: {
        ...definedOnly({
          saturation: options.saturation ?? preset.saturation,
          temperature: options.colorTemperature,
          seed: options.colorSeed,
        }),
        ...area,
      },
      model: colorizer,
    },
    'chroma-anchor': { options: area },
    'chroma-smooth': { options: area },
    upscale: {
      options: {
        width: geometry.picture.width,
        height: geometry.picture.height,
        ...(upscalerDenoises ? { strength: wanted.denoise || (options.denoise ?? DEFAULT_STRENGTH) } : {}),
      },
      model: upscaler,
    },
    'apply-chroma': { options: area },
    grain: { options: { strength: wanted.grain } },
  };
  const stages = orderStages(preset, runs).map(({ kind, options: own }): StagePlan => {
    const { options: planned, model } = detail[kind];
    const stage = { kind, options: { ...own, ...planned } };
    checkStageOptions(preset, stage);
    return { ...stage, ...(model ? { model: identityOf(model) } : {}) };
  });
  const running = { ...runs, upscalerDenoises };
  await checkIdleModels(options, running);
  const models = [denoiser, colorizer, upscaler].filter((model) => model !== undefined);
  return { stages, models, crops, idle: noEffectNotes(options, preset, running) };
}

function identityOf(model: ResolvedModel): NonNullable<StagePlan['model']> {
  const { manifest, sha256, path: weights, name } = model;
  return {
    id: manifest.id,
    sha256,
    path: weights,
    reading: readingOf(manifest),
    ...(name === undefined ? {} : { name }),
  };
}

/** All of a manifest that decides results beside the weights: another reading is another plan. */
function readingOf(manifest: ModelManifest): string {
  if (manifest.kind !== 'colorize') return modelText(manifest);
  const chances = manifest.adapter === 'chroma-bins' ? [manifest.temperature, manifest.caution] : [];
  return [modelText(manifest), manifest.workSize, manifest.saturation, ...chances].join(', ');
}

const definedOnly = (values: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

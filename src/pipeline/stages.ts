import { STAGE_KINDS, STRENGTHS, type Preset, type StageKind } from './presets.ts';
import type { RestoreOptions } from './options.ts';

export interface Wanted {
  readonly colorize: boolean;
  readonly upscale: boolean;
  readonly denoise: number;
  readonly deflicker: number;
  readonly scratches: number;
  readonly dust: number;
  readonly degrain: number;
  readonly grain: number;
}

/** Noise of luma (sigma in 8-bit codes) from which a preset's strength is used in full. */
const FULL_STRENGTH_SIGMA = 6;
/** Share of it that a source without noise gets: compression and softness are there all the same. */
const CLEAN_SHARE = 0.4;

/** A preset's strength is meant for a noisy source; a cleaner one keeps more of its texture. Two decimals. */
export function adaptStrength(strength: number, noiseSigma: number): number {
  const share = CLEAN_SHARE + (1 - CLEAN_SHARE) * Math.min(1, noiseSigma / FULL_STRENGTH_SIGMA);
  return Math.round(strength * share * 100) / 100;
}

/**
 * What is to be done. Flags decide; a preset that was named brings its strengths along; a suggested one only when
 * nothing was asked for at all, so that `--colorize` alone leaves luma as it is.
 */
export function wantedStages(
  options: RestoreOptions,
  preset: Preset,
  named: boolean,
  enlarges: boolean,
  noiseSigma: number,
): Wanted {
  const rule = (kind: StageKind): string => preset.stages.find((stage) => stage.kind === kind)?.when ?? 'asked';
  const colorize = rule('colorize') === 'always' || (options.colorize === true && !isBarred(preset, 'colorize'));
  const nothingAsked = !colorize && !enlarges && !named && STRENGTHS.every((name) => options[name] === undefined);
  const own = named || nothingAsked || enlarges;
  const strength = (kind: (typeof STRENGTHS)[number], usual = preset[kind]): number =>
    options[kind] ?? (own || rule(kind) === 'always' ? (usual ?? 0) : 0);
  return {
    colorize,
    upscale: enlarges && !isBarred(preset, 'upscale'),
    denoise: strength('denoise', adaptStrength(preset.denoise ?? 0, noiseSigma)),
    deflicker: strength('deflicker'),
    scratches: strength('scratches'),
    dust: strength('dust'),
    degrain: strength('degrain'),
    grain: strength('grain'),
  };
}

/** Whether a preset says that a stage never runs, whatever asks for it. */
export const isBarred = (preset: Preset, kind: StageKind): boolean =>
  preset.stages.some((stage) => stage.kind === kind && stage.when === 'never');

/** Kinds that run, in the preset's order, with the preset's options for each. */
export function orderStages(
  preset: Preset,
  runs: Readonly<Record<StageKind, boolean>>,
): { readonly kind: StageKind; readonly options: Readonly<Record<string, unknown>> }[] {
  const chain = [...preset.stages];
  for (const [place, kind] of STAGE_KINDS.entries()) {
    if (!runs[kind] || chain.some((stage) => stage.kind === kind)) continue;
    const later = new Set<StageKind>(STAGE_KINDS.slice(place + 1));
    const at = chain.findIndex((stage) => later.has(stage.kind));
    chain.splice(at === -1 ? chain.length : at, 0, { kind, when: 'asked', options: {} });
  }
  return chain.filter((stage) => runs[stage.kind]).map(({ kind, options }) => ({ kind, options }));
}

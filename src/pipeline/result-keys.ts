import type { Plan, StagePlan } from '../core/plan.ts';
import { packageVersion } from '../platform/version.ts';
import { digest, identityOf } from './hash.ts';

/** Raised when kept results of an older version must not be taken for ours. */
const CACHE_VERSION = 7;

/** Kinds whose networks' results are kept. */
const KEPT = new Set(['denoise', 'upscale', 'colorize']);

/** Kinds that change nothing but predicted color that is not in the planes yet. */
const ON_COLOR = new Set(['chroma-anchor', 'chroma-smooth']);

/**
 * For each stage that runs a network the name of its results: a digest over all that decides them and nothing else.
 * Networks for luma see what was done to luma; color that was predicted or smoothed before does not concern them. One that
 * takes RGB (`takesColor`) sees everything that was brought to the planes.
 */
export function resultKeys(
  plan: Pick<Plan, 'media' | 'decode' | 'stages' | 'precision' | 'device'>,
  ffmpegBanner: string,
  takesColor: (stage: StagePlan) => boolean,
): (string | undefined)[] {
  const source = {
    fingerprint: plan.media.fingerprint,
    decode: { ...plan.decode, path: undefined },
    precision: plan.precision,
    device: plan.device,
    ffmpegBanner,
    version: packageVersion(),
    cache: CACHE_VERSION,
  };
  /** What was done to luma, to all planes, and to predicted color that is not in the planes yet. */
  let luma: unknown[] = [];
  let planes: unknown[] = [];
  let color: unknown[] = [];
  return plan.stages.map((stage) => {
    const own = identityOf(stage);
    const past = takesColor(stage) ? planes : luma;
    const key = KEPT.has(stage.kind) ? digest({ source, past, own }) : undefined;
    if (stage.kind === 'colorize') color = [...luma, own];
    else if (ON_COLOR.has(stage.kind)) color = [...color, own];
    else if (stage.kind === 'apply-chroma') planes = [...planes, ...color, own];
    else {
      luma = [...past, own];
      planes = [...planes, own];
    }
    return key;
  });
}

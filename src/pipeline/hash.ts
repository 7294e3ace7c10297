import { createHash } from 'node:crypto';
import type { DecodePlan, EncodePlan, StagePlan } from '../core/plan.ts';
import type { Fingerprint } from '../core/media.ts';

/** Raised when the same plan gives other pictures, so that segments of an older version are not taken for ours. */
const PIPELINE_VERSION = 7;

/** JSON with sorted keys: equal values give equal text, whatever order they were built in. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value)
      .filter(([, entry]) => entry !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** What decides a stage's results: where its weights lie does not. */
export const identityOf = ({ kind, options, model }: StagePlan): unknown => ({
  kind,
  options,
  model: model?.sha256,
  reading: model?.reading,
});

export interface PlanIdentity {
  readonly fingerprint: Fingerprint;
  readonly decode: DecodePlan;
  readonly stages: readonly StagePlan[];
  readonly encode: EncodePlan;
  readonly precision: string;
  readonly segmentFrames: number;
  readonly ffmpegBanner: string;
}

/**
 * What decides the pictures and the segment files, and nothing else: paths, the device and the output's name may change
 * between two runs of the same work.
 */
export function planHash(identity: PlanIdentity): string {
  const decode = { ...identity.decode, path: undefined };
  const stages = identity.stages.map(identityOf);
  return digest({ ...identity, decode, stages, pipeline: PIPELINE_VERSION }).slice(0, 16);
}

/** 32 hex digits over plain data, whatever order its keys are in. */
export const digest = (value: unknown): string =>
  createHash('sha256').update(canonical(value)).digest('hex').slice(0, 32);

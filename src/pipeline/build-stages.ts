import { createRequire } from 'node:module';
import { RestorationError } from '../core/errors.ts';
import { frameBytes, type FrameFormat } from '../core/format.ts';
import type { Plan, StagePlan } from '../core/plan.ts';
import type { Stage, StageContext } from '../core/stage.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import {
  openEngine,
  resolveModel,
  restoreStages,
  type Engine,
  type ModelKind,
  type ResolvedModel,
  type RestoreEnvironment,
} from '../restore/index.ts';
import { temporalStages, type Crew, type Job, type ReplyTo } from '../temporal/index.ts';
import type { RestoreOptions } from './options.ts';
import type { ResultCache } from './result-cache.ts';
import { resultKeys } from './result-keys.ts';

/**
 * Frames in work at once in one stage over time, beyond the one that is waited for: one a worker. Each holds its planes, so
 * that above the first number it is what fits.
 */
const ALWAYS_AHEAD = 8;
const AHEAD_BYTES = 256 * 1024 * 1024;

export interface BuiltStages {
  readonly stages: readonly Stage[];
  /** Sums over all stages: how many frames before and after a frame its result can depend on. */
  readonly leadIn: number;
  readonly leadOut: number;
  readonly engine: Engine;
}

/** Turns the plan's stages into running ones, and checks that each takes what the one before it gives. */
export async function buildStages(
  plan: Plan,
  options: Pick<RestoreOptions, 'workers' | 'tileSize' | 'reuse'>,
  signal: AbortSignal,
  cache?: ResultCache,
): Promise<BuiltStages> {
  const engine = await openEngine({
    device: plan.device,
    precision: plan.precision,
    signal,
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.tileSize === undefined ? {} : { tileSize: options.tileSize }),
    ...(options.reuse === undefined ? {} : { reuse: options.reuse }),
  });
  try {
    const stages: Stage[] = [];
    let format = plan.decode.format;
    const models = await Promise.all(plan.stages.map(modelOf));
    const keys = cache ? await keysOf(plan, models) : [];
    for (const [i, planned] of plan.stages.entries()) {
      const key = keys[i];
      const store = key === undefined ? undefined : await cache?.store(key);
      const stage = buildStage(planned, format, { engine, model: models[i], store });
      format = stage.outputFormat(format);
      stages.push(stage);
    }
    checkFormat(format, plan);
    const leadIn = stages.reduce((sum, { lookBack, temporalRadius }) => sum + (lookBack ?? temporalRadius), 0);
    const leadOut = stages.reduce((sum, { temporalRadius }) => sum + temporalRadius, 0);
    return { stages, leadIn, leadOut, engine };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

export const closeStages = (built: BuiltStages): Promise<void> => built.engine.close();

const modelOf = async ({ kind, model }: StagePlan): Promise<ResolvedModel | undefined> =>
  model ? resolveModel(kind as ModelKind, model.name ?? model.path) : undefined;

/** Names of the results of the stages that run a network. */
async function keysOf(plan: Plan, models: readonly (ResolvedModel | undefined)[]): Promise<(string | undefined)[]> {
  const { banner } = await findFfmpeg();
  const adapterOf = (stage: StagePlan): string => models[plan.stages.indexOf(stage)]?.manifest.adapter ?? '';
  return resultKeys(plan, banner, (stage) => ['rgb-sr', 'rgb-denoise'].includes(adapterOf(stage)));
}

function buildStage(planned: StagePlan, input: FrameFormat, environment: RestoreEnvironment): Stage {
  const temporal = temporalStages.find(({ kind }) => kind === planned.kind);
  if (temporal) return temporal.create(planned.options, crewOf(environment.engine, input));
  const spatial = restoreStages.find(({ kind }) => kind === planned.kind);
  if (!spatial) throw new RestorationError('INTERNAL', `There is no stage called "${planned.kind}".`);
  return spatial.create(planned.options, environment);
}

/** A frame in work is there as it came, once more for the workers to see, and as its result, which may be twice as deep. */
const COPIES = 4;

/** How many frames of a format a stage over time has in work beyond the one that is waited for. */
export function framesAhead(workers: number, format: FrameFormat): number {
  return Math.min(workers, Math.max(ALWAYS_AHEAD, Math.floor(AHEAD_BYTES / (COPIES * frameBytes(format)))));
}

/** The engine's CPU workers do what the stages over time have to compare. */
function crewOf(engine: Engine, format: FrameFormat): Crew {
  const module = createRequire(import.meta.url).resolve('#temporal-jobs');
  return {
    ahead: framesAhead(engine.pixelLookAhead - 1, format),
    run: async <J extends Job>(job: J, order: number, context: Pick<StageContext, 'signal' | 'warn' | 'stage'>) => {
      const { signal, warn, stage } = context;
      const { result } = await engine.run(() => ({ task: 'call', module, job }) as const, {
        signal,
        warn,
        order,
        stage,
      });
      return result as ReplyTo<J>;
    },
  };
}

/**
 * The chain's own word against the plan's: a preset that does not fit is found before a frame is touched. An encoder that
 * takes even sizes only repeats the last line or column of what the stages give.
 */
function checkFormat(format: FrameFormat, plan: Plan): void {
  const { pad } = plan.encode;
  const expected = pad ?? plan.encode.format;
  const fits = (has: number, wants: number): boolean => has === wants || (!pad && wants % 2 === 0 && has === wants - 1);
  if (fits(format.width, expected.width) && fits(format.height, expected.height)) return;
  throw new RestorationError(
    'INTERNAL',
    `The stages give ${format.width}x${format.height} where the plan says ${expected.width}x${expected.height}.`,
  );
}

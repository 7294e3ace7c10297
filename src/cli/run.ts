import {
  findFfmpeg,
  loadPreset,
  lookAhead,
  plan,
  RestorationError,
  restore,
  toRestorationError,
  EXIT_CODES,
  type Outlook,
  type PlanResult,
  type RestoreOptions,
} from '../index.ts';
import { formatPlan } from './plan-text.ts';
import { pullMissing } from './pull.ts';
import type { Reporter } from './reporter.ts';
import { optionsForInputs, type Flags } from './settings.ts';
import { READER_GONE } from './stop.ts';

export interface RunEnvironment {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Prints one line of a result (not of a log) for a person. */
  readonly print: (line: string) => void;
}

function showPlan(result: PlanResult, input: string, flags: Flags, env: RunEnvironment): void {
  if (flags.json === true) env.reporter.event({ type: 'plan', input, ...result });
  else for (const line of formatPlan(result.plan, result.estimate)) env.print(line);
}

/** Plans or restores one film; tells by `begun` that nothing stood in the way of it. */
async function doOne(options: RestoreOptions, flags: Flags, begun: () => void, env: RunEnvironment): Promise<void> {
  if (flags.plan === true) {
    const result = await plan(options, { signal: env.signal, measure: true });
    begun();
    showPlan(result, options.input, flags, env);
    return;
  }
  for await (const event of restore(options, { signal: env.signal })) {
    begun();
    env.reporter.event(event);
  }
}

/**
 * Restores (or plans) every input in turn. One that fails does not keep the others from being done; the exit code is that
 * of the first failure. What can be seen to fail is told before the first is begun. A stop ends all.
 */
export async function runRestore(inputs: readonly string[], flags: Flags, env: RunEnvironment): Promise<number> {
  const all = optionsForInputs(inputs, flags);
  // What is wrong for every input is said once, before any of them is looked at.
  if (flags.preset !== undefined) await loadPreset(flags.preset);
  await findFfmpeg();
  await pullMissing(flags, env.reporter, env.signal);
  let exitCode: number = EXIT_CODES.done;
  const failed = (caught: unknown, input: string): void => {
    const error = stopReason(env.signal) ?? toRestorationError(caught);
    if (error !== READER_GONE) env.reporter.failure(error, input);
    if (exitCode === EXIT_CODES.done || env.signal.aborted) exitCode = error.exitCode;
  };
  const several = all.length > 1;
  const outlooks: Outlook[] = several ? await lookAhead(all, env.signal) : all.map((options) => ({ options }));
  for (const { options, problem, skip } of outlooks) {
    if (problem !== undefined) failed(problem, options.input);
    if (skip !== undefined) env.reporter.skipped(options.input, skip);
  }
  const begun = new Set<RestoreOptions>();
  for (const { options, problem, skip } of outlooks) {
    if (problem !== undefined || skip !== undefined) continue;
    const tellBegun = (): void => {
      if (flags.plan === true && flags.json !== true && begun.size > 0) env.print('');
      begun.add(options);
    };
    try {
      await doOne(options, flags, tellBegun, env);
    } catch (caught) {
      const there = several && !begun.has(options) && !env.signal.aborted ? resultThere(caught) : undefined;
      if (there === undefined) failed(caught, options.input);
      else env.reporter.skipped(options.input, there);
      if (env.signal.aborted) break;
    }
  }
  return exitCode;
}

/** Of a film among several a result that is there before anything was done is what was wanted: says so. */
const resultThere = (error: unknown): string | undefined =>
  error instanceof RestorationError && error.code === 'OUTPUT_EXISTS'
    ? `${error.message} It is left alone; --overwrite makes it anew.`
    : undefined;

/** Whatever an abort makes parts fail with, the reason of the abort is what happened. */
function stopReason(signal: AbortSignal): RestorationError | undefined {
  return signal.aborted && signal.reason instanceof RestorationError ? signal.reason : undefined;
}

import {
  findFfmpeg,
  loadPreset,
  plan,
  RestorationError,
  restore,
  toRestorationError,
  EXIT_CODES,
  type RestoreOptions,
} from '../index.ts';
import { formatPlan } from './plan-text.ts';
import { pullMissing } from './pull.ts';
import type { Reporter } from './reporter.ts';
import { optionsForInputs, type Flags } from './settings.ts';
import { READER_GONE } from './stop.ts';
import { quoteName } from './text.ts';

export interface RunEnvironment {
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Prints one line of a result (not of a log) for a person. */
  readonly print: (line: string) => void;
}

/** Two inputs of one command must not become one file: the second would replace the first, or fail after hours. */
function claim(output: string, taken: Set<string>): void {
  if (taken.has(output)) {
    throw new RestorationError('OUTPUT_EXISTS', `Two inputs of this command would both become ${quoteName(output)}.`, {
      hint: 'Restore them with two commands and different outputs.',
    });
  }
  taken.add(output);
}

async function showPlan(options: RestoreOptions, flags: Flags, taken: Set<string>, env: RunEnvironment): Promise<void> {
  const result = await plan(options, { signal: env.signal, measure: true });
  claim(result.plan.output, taken);
  if (flags.json === true) {
    env.reporter.event({ type: 'plan', input: options.input, ...result });
    return;
  }
  if (taken.size > 1) env.print('');
  for (const line of formatPlan(result.plan, result.estimate)) env.print(line);
}

async function runOne(options: RestoreOptions, taken: Set<string>, env: RunEnvironment): Promise<void> {
  for await (const event of restore(options, { signal: env.signal })) {
    env.reporter.event(event);
    if (event.type === 'plan') claim(event.plan.output, taken);
  }
}

/**
 * Restores (or plans) every input in turn. One that fails does not keep the others from being done; the exit code is that
 * of the first failure. A stop ends all.
 */
export async function runRestore(inputs: readonly string[], flags: Flags, env: RunEnvironment): Promise<number> {
  const all = optionsForInputs(inputs, flags);
  // What is wrong for every input is said once, before any of them is looked at.
  if (flags.preset !== undefined) await loadPreset(flags.preset);
  await findFfmpeg();
  await pullMissing(flags, env.reporter, env.signal);
  const taken = new Set<string>();
  let exitCode: number = EXIT_CODES.done;
  for (const options of all) {
    try {
      if (flags.plan === true) await showPlan(options, flags, taken, env);
      else await runOne(options, taken, env);
    } catch (caught) {
      const error = stopReason(env.signal) ?? toRestorationError(caught);
      if (error !== READER_GONE) env.reporter.failure(error, options.input);
      if (env.signal.aborted) return error.exitCode;
      if (exitCode === EXIT_CODES.done) exitCode = error.exitCode;
    }
  }
  return exitCode;
}

/** Whatever an abort makes parts fail with, the reason of the abort is what happened. */
function stopReason(signal: AbortSignal): RestorationError | undefined {
  return signal.aborted && signal.reason instanceof RestorationError ? signal.reason : undefined;
}

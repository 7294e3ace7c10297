import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { outputDigest, runOnce } from './kill-runs.ts';

/** What fails, and how. */
export const FAULTS = [
  ['open', 'EACCES'],
  ['read', 'EIO'],
  ['write', 'ENOSPC'],
  ['write', 'EIO'],
  ['fsync', 'EIO'],
  ['rename', 'EACCES'],
  ['remove', 'EACCES'],
  ['spawn', 'EIO'],
  ['rename', 'KILL'],
  ['remove', 'KILL'],
] as const;

export interface FaultOptions {
  readonly folder: string;
  readonly args: readonly string[];
  /** Which calls of a kind fail; undefined for 1, 2, 3, ... until a run is clean. */
  readonly at?: readonly number[];
  /** With a name: of calls for such files only. */
  readonly faults?: readonly (readonly [kind: string, code: string, name?: string])[];
  readonly log?: (line: string) => void;
}

export interface FaultFigures {
  readonly points: number;
  /** Runs that got over the fault by themselves. */
  readonly survived: number;
  /** Runs that were killed when the result had its name already: the next one has only to say so and to tidy up. */
  readonly finished: number;
  readonly problems: readonly string[];
}

const MARK = '[fault]';
const LIMIT = 500;

async function hasJournal(folder: string): Promise<boolean> {
  const work = path.join(folder, '.restore');
  for (const hash of await readdir(work).catch(() => [])) {
    if ((await readdir(path.join(work, hash))).includes('journal.ndjson')) return true;
  }
  return false;
}

/** Fails one call after the other, resumes, and compares the result with that of an undisturbed run. */
export async function faultRuns(options: FaultOptions): Promise<FaultFigures> {
  const { folder, args, at, faults = FAULTS, log = () => undefined } = options;
  const golden = path.join(folder, 'golden');
  await mkdir(golden, { recursive: true });
  const reference = await runOnce(golden, args);
  const expected = await outputDigest(golden);
  if (reference.code !== 0 || expected === undefined)
    throw new Error(`the undisturbed run failed: ${reference.stderr}`);
  const problems: string[] = [];
  let points = 0;
  let survived = 0;
  let finished = 0;
  for (const [kind, code, name = ''] of faults) {
    for (const number of at ?? Array.from({ length: LIMIT }, (_, i) => i + 1)) {
      const fault = `${kind}:${number}:${code}:${name}`;
      const victim = path.join(folder, 'victim');
      await mkdir(victim);
      const broken = await runOnce(victim, args, { RESTORE_FAULT: fault });
      const struck = broken.stderr.includes(MARK);
      const problem = (what: string): unknown => problems.push(`${fault}: ${what}`);
      const isKilled = code === 'KILL' && struck;
      if ((broken.code === null) !== isKilled) problem(isKilled ? 'the program lived on' : 'the program died');
      if (/^\s+at .*\.js:\d+/m.test(broken.stderr)) problem('a stack trace');
      const first = await outputDigest(victim);
      if (first !== undefined && first !== expected) problem('a broken file under the final name');
      // Without a journal nothing is left to do at all, as after any run that is done.
      const isFinished = isKilled && first !== undefined && (await hasJournal(victim));
      if (isFinished) finished++;
      if (first === undefined || isFinished) {
        const resumed = await runOnce(victim, args);
        const twice = resumed.done.filter((segment) => broken.done.includes(segment));
        if (resumed.code !== 0) problem(`resuming ended with ${resumed.code ?? '?'}: ${resumed.stderr.trim()}`);
        if (twice.length > 0) problem(`segments ${twice.join(', ')} done again`);
        if ((await outputDigest(victim)) !== expected) problem('another result after resuming');
        const left = (await readdir(victim)).filter((entry) => entry.startsWith('.'));
        if (left.length > 0) problem(`left behind: ${left.join(', ')}`);
      } else if (struck) survived++;
      await rm(victim, { recursive: true });
      if (struck) points++;
      log(`${fault}: ${struck ? `ended with ${broken.code ?? '?'}` : 'clean'}`);
      if (!struck) break;
    }
  }
  return { points, survived, finished, problems };
}

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FILM = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
const OUTPUT = 'out.mkv';

export interface KillOptions {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  /** Options of the run; decide how many segments it has. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
}

export interface KillFigures {
  readonly segments: number;
  /** Kills that hit a running main process, and that hit one of its children. */
  readonly mainKills: number;
  readonly childKills: number;
  /** Runs that a killed child made fail; they were resumed. */
  readonly failedByChild: number;
  /** Runs that went through to a result. */
  readonly results: number;
  readonly reused: number;
  /** What must not be: outputs other than the golden one, segments done twice, broken files under the final name. */
  readonly problems: readonly string[];
}

/** Small deterministic generator (mulberry32): a failure can be repeated with its seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface RunResult {
  readonly code: number | null;
  readonly killed: boolean;
  readonly done: number[];
  readonly reused: number[];
  readonly stderr: string;
  readonly ms: number;
}

/** A run that is going on. */
interface LiveRun {
  readonly pid: number;
  readonly ended: AbortSignal;
  /** Segments that this run has finished so far. */
  segments(): number;
}

const SEGMENT_LINE = /^\{"type":"segment".*"index":(\d+).*"state":"(done|reused)"/;

/** Starts one run; `interrupt` may kill what it likes. */
export async function runOnce(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  interrupt?: (run: LiveRun) => Promise<void>,
): Promise<RunResult> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CLI, FILM, '-o', OUTPUT, '--json', ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new AbortController();
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      ended.abort();
      resolve({ code, signal });
    });
  });
  const segments = (): number => stdout.split('"state":"done"').length - 1;
  const interrupted =
    child.pid === undefined ? undefined : interrupt?.({ pid: child.pid, ended: ended.signal, segments });
  const { code, signal } = await exited;
  await interrupted;
  const done: number[] = [];
  const reused: number[] = [];
  for (const line of stdout.split('\n')) {
    const match = SEGMENT_LINE.exec(line);
    if (match) (match[2] === 'done' ? done : reused).push(Number(match[1]));
  }
  return { code, killed: signal === 'SIGKILL', done, reused, stderr, ms: performance.now() - startedAt };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** After so many segments of a run, and then so many milliseconds. */
interface Moment {
  readonly segments: number;
  readonly ms: number;
}

/** Most kills fall between segments, some before the first and some over joining and verifying; undefined: none. */
function chooseMoment(next: () => number, remaining: number, wholeMs: number): Moment | undefined {
  const where = next();
  if (remaining === 0) return where < 0.5 ? { segments: 0, ms: next() * 0.6 * wholeMs } : undefined;
  if (where < 0.1) return { segments: 0, ms: next() * 0.5 * wholeMs };
  if (where < 0.2) return { segments: remaining, ms: next() * 0.3 * wholeMs };
  return { segments: 1 + Math.floor(next() * Math.min(5, remaining)), ms: next() * 200 };
}

/** False when the run ended before. */
async function until(moment: Moment, live: LiveRun): Promise<boolean> {
  while (live.segments() < moment.segments) {
    if (live.ended.aborted) return false;
    await delay(10);
  }
  return delay(moment.ms, true, { signal: live.ended }).catch(() => false);
}

/** Segment numbers in the journals of all work folders, in the order they were written. */
async function journaled(folder: string): Promise<number[]> {
  const work = path.join(folder, '.restore');
  const numbers: number[] = [];
  for (const hash of await readdir(work).catch(() => [])) {
    const text = await readFile(path.join(work, hash, 'journal.ndjson'), 'utf8').catch(() => '');
    for (const match of text.matchAll(/^\{"segment":(\d+).*\}$/gm)) numbers.push(Number(match[1]));
  }
  return numbers;
}

const digest = async (file: string): Promise<string | undefined> => {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes && createHash('sha256').update(bytes).digest('hex');
};

export const outputDigest = (folder: string): Promise<string | undefined> => digest(path.join(folder, OUTPUT));

/**
 * Kills runs at random moments, resuming each time, until all kills are used; compares every result with that of a run that
 * nobody disturbed.
 */
export async function killRuns(options: KillOptions): Promise<KillFigures> {
  const { folder, kills, args, env = {}, log = () => undefined } = options;
  const next = random(options.seed);
  const golden = path.join(folder, 'golden');
  const victim = path.join(folder, 'victim');
  await mkdir(golden, { recursive: true });
  const reference = await runOnce(golden, args, env);
  const expected = await outputDigest(golden);
  if (reference.code !== 0 || expected === undefined)
    throw new Error(`the undisturbed run failed: ${reference.stderr}`);
  log(
    `undisturbed: ${reference.done.length} segments in ${Math.round(reference.ms)} ms, sha256 ${expected.slice(0, 16)}`,
  );

  const figures = { mainKills: 0, childKills: 0, failedByChild: 0, results: 0, reused: 0 };
  const problems: string[] = [];
  await mkdir(victim, { recursive: true });
  for (let run = 1; figures.mainKills + figures.childKills < kills || figures.results === 0; run++) {
    const isLast = figures.mainKills + figures.childKills >= kills;
    const before = new Set(await journaled(victim));
    const wantsChild = next() < 0.25;
    const moment = chooseMoment(next, reference.done.length - before.size, reference.ms);
    const hit = { child: false };
    const result = await runOnce(victim, args, env, async (live) => {
      if (isLast || !moment || !(await until(moment, live))) return;
      const children = wantsChild ? await childrenOf(live.pid) : [];
      const chosen = children[Math.floor(next() * children.length)];
      try {
        process.kill(chosen ?? live.pid, 'SIGKILL');
        hit.child = chosen !== undefined;
        if (hit.child) figures.childKills++;
        else figures.mainKills++;
      } catch {
        // It was faster.
      }
    });
    figures.reused += result.reused.length;
    const twice = result.done.filter((segment) => before.has(segment));
    if (twice.length > 0) problems.push(`run ${run} did segments ${twice.join(', ')} again`);
    const lines = await journaled(victim);
    if (new Set(lines).size !== lines.length) problems.push(`run ${run}: the journal names a segment twice`);
    const output = await outputDigest(victim);
    if (output !== undefined && output !== expected)
      problems.push(`run ${run}: another output (${output.slice(0, 16)})`);
    if (result.code !== null && result.code !== 0) {
      // Killed after the output got its name, but before the work folder was removed: nothing is left to do.
      if (hit.child) figures.failedByChild++;
      else problems.push(`run ${run} ended with ${result.code}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`);
    }
    const what = hit.child ? 'child killed' : result.killed ? 'main killed' : `ended with ${result.code ?? '?'}`;
    log(
      `run ${run}: ${what} (${moment ? `${moment.segments} segments and ${Math.round(moment.ms)} ms` : 'left alone'}), ${result.reused.length} reused, ${result.done.length} done${output === undefined ? '' : ', result'}`,
    );
    if (output !== undefined) {
      figures.results++;
      await rm(victim, { recursive: true });
      await mkdir(victim);
    }
  }
  return { segments: reference.done.length, ...figures, problems };
}

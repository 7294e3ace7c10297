import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const FILM = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
const OUTPUT = 'out.mkv';

export interface KillOptions {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  /** Options of the run; decide how many segments it has, and whether it has worker threads at all. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly log?: (line: string) => void;
}

export interface KillFigures {
  readonly segments: number;
  /** Kills that hit a running main process, one of its children (ffmpeg), one of its worker threads. */
  readonly mainKills: number;
  readonly childKills: number;
  readonly workerKills: number;
  /** Runs that a killed child made fail; they were resumed. */
  readonly failedByChild: number;
  /** Runs that went through to a result. */
  readonly results: number;
  readonly reused: number;
  /** What must not be: outputs other than the golden one, segments done twice, broken files under the final name. */
  readonly problems: readonly string[];
}

/** Small deterministic generator (mulberry32): a failure can be repeated with its seed. */
export function random(seed: number): () => number {
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
  readonly done: number[];
  readonly reused: number[];
  /** Of the film; 0 when there was no result. */
  readonly frames: number;
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
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', () => ended.abort());
    // Not before all that it has said is here.
    child.once('close', resolve);
  });
  const segments = (): number => stdout.split('"state":"done"').length - 1;
  const interrupted =
    child.pid === undefined ? undefined : interrupt?.({ pid: child.pid, ended: ended.signal, segments });
  const code = await exited;
  await interrupted;
  const done: number[] = [];
  const reused: number[] = [];
  for (const line of stdout.split('\n')) {
    const match = SEGMENT_LINE.exec(line);
    if (match) (match[2] === 'done' ? done : reused).push(Number(match[1]));
  }
  const frames = Number(/^\{"type":"done".*"frames":(\d+)/m.exec(stdout)?.[1] ?? 0);
  return { code, done, reused, frames, stderr, ms: performance.now() - startedAt };
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** What is killed; each kind as often as the others. */
const VICTIMS = ['main', 'child', 'worker'] as const;
type Victim = (typeof VICTIMS)[number];

/**
 * A worker is a thread and has no number to kill it by: it ends with a message that it gets, which is chosen here. Each frame
 * is some messages; a number beyond the last one is a kill that comes too late.
 */
const MESSAGES_PER_FRAME = 2;

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

export const digest = async (file: string): Promise<string | undefined> => {
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

  const figures = { failedByChild: 0, results: 0, reused: 0 };
  const hits: Record<Victim, number> = { main: 0, child: 0, worker: 0 };
  const tries: Record<Victim, number> = { ...hits };
  const killed = (): number => hits.main + hits.child + hits.worker;
  const problems: string[] = [];
  await mkdir(victim, { recursive: true });
  for (let run = 1; killed() < kills || figures.results === 0; run++) {
    const isLast = killed() >= kills;
    const before = new Set(await journaled(victim));
    const remaining = reference.done.length - before.size;
    const fewest = Math.min(...Object.values(tries));
    const candidates = VICTIMS.filter((kind) => tries[kind] === fewest);
    const wanted = isLast ? undefined : candidates[Math.floor(next() * candidates.length)];
    if (wanted) tries[wanted]++;
    const moment = chooseMoment(next, remaining, reference.ms);
    const framesLeft = (reference.frames * remaining) / reference.done.length;
    const message = 1 + Math.floor(next() * framesLeft * MESSAGES_PER_FRAME);
    const fault = wanted === 'worker' ? { RESTORE_FAULT: `thread:${message}:EXIT` } : {};
    let hit: Victim | undefined;
    const result = await runOnce(victim, args, { ...env, ...fault }, async (live) => {
      if (wanted === undefined || wanted === 'worker' || !moment || !(await until(moment, live))) return;
      const children = wanted === 'child' ? await childrenOf(live.pid) : [];
      const chosen = children[Math.floor(next() * children.length)];
      try {
        process.kill(chosen ?? live.pid, 'SIGKILL');
        hit = chosen === undefined ? 'main' : 'child';
      } catch {
        // It was faster.
      }
    });
    if (result.stderr.includes('[fault] thread')) hit = 'worker';
    if (hit) hits[hit]++;
    figures.reused += result.reused.length;
    const twice = result.done.filter((segment) => before.has(segment));
    if (twice.length > 0) problems.push(`run ${run} did segments ${twice.join(', ')} again`);
    const lines = await journaled(victim);
    if (new Set(lines).size !== lines.length) problems.push(`run ${run}: the journal names a segment twice`);
    const output = await outputDigest(victim);
    if (output !== undefined && output !== expected)
      problems.push(`run ${run}: another output (${output.slice(0, 16)})`);
    if (result.code !== null && result.code !== 0) {
      if (hit === 'child') figures.failedByChild++;
      else problems.push(`run ${run} ended with ${result.code}: ${result.stderr.trim().split('\n').at(-1) ?? ''}`);
    }
    const what = hit ? `${hit} killed` : `ended with ${result.code ?? '?'}`;
    const when =
      wanted === 'worker'
        ? `message ${message}`
        : moment
          ? `${moment.segments} segments and ${Math.round(moment.ms)} ms`
          : '';
    log(
      `run ${run}: ${what} (${when === '' || isLast ? 'left alone' : when}), ${result.reused.length} reused, ${result.done.length} done${output === undefined ? '' : ', result'}`,
    );
    if (output !== undefined) {
      figures.results++;
      await rm(victim, { recursive: true });
      await mkdir(victim);
    }
  }
  const { main: mainKills, child: childKills, worker: workerKills } = hits;
  return { segments: reference.done.length, mainKills, childKills, workerKills, ...figures, problems };
}

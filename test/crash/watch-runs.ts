import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { digest, outputDigest, random, runOnce, CLI, FILM } from './kill-runs.ts';

/** Every so many-th file that is dropped is no film. */
const BAD_EVERY = 8;

export interface WatchKillOptions {
  readonly folder: string;
  /** Films that are dropped. */
  readonly films: number;
  readonly kills: number;
  readonly seed: number;
  /** Options of the restoration. */
  readonly args: readonly string[];
  readonly log?: (line: string) => void;
}

export interface WatchKillFigures {
  readonly films: number;
  readonly bad: number;
  readonly kills: number;
  readonly seconds: number;
  readonly problems: readonly string[];
}

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
};

/**
 * Runs the watcher; with `killAfter` it is killed when so many more segments are done. True when it came to its end by itself.
 */
async function watchOnce(folder: string, args: readonly string[], killAfter: number | undefined): Promise<boolean> {
  const child = spawn(process.execPath, [CLI, 'watch', folder, '--once', '--json', '--settle', '1', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    if (killAfter !== undefined && said.split('"state":"done"').length > killAfter) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

/**
 * Drops films while the program itself watches, and kills it again and again: every film must be done once, with the very
 * bytes of an undisturbed run, every bad file must have failed with its reason, and nothing may be left over.
 */
export async function watchRuns(options: WatchKillOptions): Promise<WatchKillFigures> {
  const { folder, films, kills, args, log = () => undefined } = options;
  const next = random(options.seed);
  const golden = path.join(folder, 'golden');
  const watched = path.join(folder, 'watched');
  const inbox = path.join(watched, 'inbox');
  await mkdir(golden, { recursive: true });
  await mkdir(inbox, { recursive: true });
  const reference = await runOnce(golden, args);
  const expected = await outputDigest(golden);
  if (reference.code !== 0 || expected === undefined)
    throw new Error(`the undisturbed run failed: ${reference.stderr}`);
  log(`undisturbed: ${reference.done.length} segments, sha256 ${expected.slice(0, 16)}`);

  const startedAt = performance.now();
  const isBad = (i: number): boolean => i % BAD_EVERY === BAD_EVERY - 1;
  const bad = Array.from({ length: films }, (_, i) => i).filter(isBad).length;
  const dropping = (async () => {
    for (let i = 0; i < films; i++) {
      if (isBad(i)) await writeFile(path.join(inbox, `film-${i}.mp4`), `no film ${i}`);
      else await copyFile(FILM, path.join(inbox, `film-${i}.mp4`));
      if (i % 5 === 4) await delay(500 * next());
    }
  })();
  let killed = 0;
  for (let run = 1; killed < kills; run++) {
    const killAfter = 1 + Math.floor(next() * 3 * reference.done.length);
    const isWhole = await watchOnce(watched, args, killAfter);
    if (isWhole) break;
    killed++;
    log(`run ${run}: killed after ${killAfter} segments`);
  }
  await dropping;
  const problems: string[] = [];
  if (!(await watchOnce(watched, args, undefined))) problems.push('the last run failed');
  const done = await filesBelow(path.join(watched, 'done'));
  const results = done.filter((name) => name.includes('.restored'));
  const digests = await Promise.all(results.map(digest));
  if (results.length !== films - bad) problems.push(`${results.length} results of ${films - bad} films`);
  if (done.length !== 2 * (films - bad)) problems.push(`${done.length - results.length} sources beside their results`);
  const others = digests.filter((one) => one !== expected).length;
  if (others > 0) problems.push(`${others} results are others than that of an undisturbed run`);
  const failed = await filesBelow(path.join(watched, 'failed'));
  if (failed.length !== 2 * bad) problems.push(`failed holds ${failed.length} files for ${bad} bad ones`);
  const left = [...(await filesBelow(inbox)), ...(await filesBelow(path.join(watched, 'working')))];
  const strange = left.filter((name) => !name.endsWith('.ndjson'));
  if (strange.length > 0) problems.push(`left: ${strange.join(', ')}`);
  return { films, bad, kills: killed, seconds: Math.round((performance.now() - startedAt) / 1000), problems };
}

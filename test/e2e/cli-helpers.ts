import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import { expect } from 'vitest';

/** The compiled program, as a user runs it. */
export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
if (!existsSync(CLI)) throw new Error('These tests run the compiled program: npm run build comes first.');

/** Nobody's id on Debian: as root, file permissions stop nobody else. */
const NOBODY = 65_534;
export const asNobody: Options = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface CliResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end. Models run on the CPU, which every machine has, unless `args` say otherwise. */
export async function cli(args: readonly string[], options: Options = {}): Promise<CliResult> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [CLI, ...args], {
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    encoding: 'utf8',
    ...options,
  });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
}

/**
 * Sends a signal to a program that stops itself at a chosen call (RESTORE_FAULT=rename:5:PAUSE): it comes in the middle of
 * the work on every machine, however fast.
 */
export function signalWhenPaused(
  run: { readonly stderr: Readable; kill(signal: NodeJS.Signals): boolean },
  signal: NodeJS.Signals,
): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    run.stderr.on('data', (text: Buffer) => {
      said += text.toString();
      if (!/^\[fault\].*PAUSE/m.test(said)) return;
      said = '';
      run.kill(signal);
      // It may have said so and not have stopped itself yet.
      const goOn = setInterval(() => run.kill('SIGCONT'), 50);
      run.stderr.once('end', () => clearInterval(goOn));
    });
    run.stderr.once('end', resolve);
  });
}

/** A folder of its own for one test file; its name holds nothing that a test is about. */
export async function makeFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await realpath(await mkdtemp(path.join(tmpdir(), 'restore-cli-')));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Everything under a folder, hidden files too: path and content's hash, one line each. */
export async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const file = path.join(entry.parentPath, entry.name);
      if (!entry.isFile()) return `${file}/`;
      return `${file} ${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}`;
    }),
  );
  return lines.sort();
}

/** One sentence (and what to do), the exit code, no stack trace, nothing on stdout. */
export function expectRefusal(result: CliResult, exitCode: number, sentence: RegExp): void {
  expect(result.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(result.stderr).toMatch(sentence);
  expect(result.stderr).not.toMatch(/\bat .*:\d+:\d+/);
  expect(result.stdout).toBe('');
  expect(result.exitCode).toBe(exitCode);
}

/** Events of `--json`; fails when anything else is on stdout. */
export const eventsOf = ({
  stdout,
}: Pick<CliResult, 'stdout'>): { readonly type: string; readonly [key: string]: unknown }[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string });

import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli, CLI, expectRefusal, signalWhenPaused } from './cli-helpers.ts';
import { filesIn, tempFolder } from '../unit/batch-helpers.ts';

const FILM = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
const WORKER = fileURLToPath(new URL('../crash/watch-worker.ts', import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = tempFolder();
  await mkdir(path.join(folder, 'inbox', 'sub'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

interface Watcher {
  readonly exited: Promise<number | null>;
  kill(): void;
}

function startWatcher(): Watcher {
  const log = path.join(folder, 'log');
  const child = spawn(process.execPath, ['--import', 'tsx', WORKER, folder, log], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    exited: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
    kill: () => child.kill('SIGKILL'),
  };
}

const inbox = (name: string): string => path.join(folder, 'inbox', name);
/** With RESTORE_WATCH_FILES=200 and RESTORE_WATCH_KILLS=10 it is the whole test, of some minutes. */
const FILES = Number(process.env['RESTORE_WATCH_FILES'] ?? 40);
const KILLS = Number(process.env['RESTORE_WATCH_KILLS'] ?? 4);
const GOOD = 'slow one two three';

/** Drops files in bursts: most good, some bad, some written slowly, some renamed soon after. */
async function dropAll(count: number): Promise<{ good: Set<string>; bad: Set<string> }> {
  const good = new Set<string>();
  const bad = new Set<string>();
  const slow: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    const name = `${i % 5 === 0 ? 'sub/' : ''}film-${i}.film`;
    const text = `${GOOD} ${i}`;
    if (i % 10 === 3) {
      await writeFile(inbox(name), `bad ${i}`);
      bad.add(`bad ${i}`);
    } else if (i % 10 === 7) {
      slow.push(writeSlowly(inbox(name), text));
      good.add(text);
    } else {
      await writeFile(inbox(name), text);
      good.add(text);
      if (i % 10 === 9) {
        slow.push(delay(1_500).then(() => rename(inbox(name), inbox(`${name}-renamed.film`)).catch(() => undefined)));
      }
    }
    if (i % 20 === 19) await delay(300);
  }
  await Promise.all(slow);
  return { good, bad };
}

/**
 * Until its last block is there it is no film, as an MP4 before its table of contents is none: a pause between two blocks
 * may be long.
 */
async function writeSlowly(file: string, text: string): Promise<void> {
  for (let length = 4; length < text.length; length += 4) {
    await writeFile(file, `bad ${text.slice(4, length)}`);
    await delay(300);
  }
  await writeFile(file, text);
}

const logLines = async (): Promise<string[]> =>
  (await readFile(path.join(folder, 'log'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

/** Every good file done once, beside its result; every bad one failed with its reason; nothing left and nothing lost. */
async function check(good: ReadonlySet<string>, bad: ReadonlySet<string>): Promise<void> {
  const done = Object.entries(await filesIn(path.join(folder, 'done')));
  const results = done.filter(([name]) => name.includes('.restored'));
  const sources = done.filter(([name]) => !name.includes('.restored'));
  expect(sources.map(([, text]) => text).sort()).toEqual([...good].sort());
  expect(results.map(([, text]) => text).sort()).toEqual([...good].map((text) => text.toUpperCase()).sort());
  const failed = Object.entries(await filesIn(path.join(folder, 'failed')));
  const reasons = failed.filter(([name]) => name.endsWith('.film.txt'));
  expect(
    failed
      .filter(([name]) => !name.endsWith('.film.txt'))
      .map(([, text]) => text)
      .sort(),
  ).toEqual([...bad].sort());
  expect(reasons).toHaveLength(bad.size);
  for (const [, text] of reasons) expect(text).toContain('is no film');
  expect(await filesIn(path.join(folder, 'inbox'))).toEqual({});
  expect(await filesIn(path.join(folder, 'working'))).toEqual({});
}

test('under load, with the watcher killed again and again: every good film once, every bad one with its reason, none lost', async () => {
  const dropping = dropAll(FILES);
  let kills = 0;
  for (;;) {
    const watcher = startWatcher();
    if (kills === KILLS) {
      await dropping;
      expect(await watcher.exited).toBe(0);
      break;
    }
    // Inside its work, however long its start takes; the moments differ.
    const before = (await logLines()).length;
    const ended = new AbortController();
    void watcher.exited.then(() => ended.abort());
    while (!ended.signal.aborted && (await logLines()).length < before + 3 + 5 * (kills % 4)) await delay(20);
    await delay(30 * (kills % 5));
    watcher.kill();
    await watcher.exited;
    kills++;
  }
  // What was dropped or renamed at the very end, while the last watcher was about to leave.
  expect(await startWatcher().exited).toBe(0);
  const { good, bad } = await dropping;
  await check(good, bad);
  const lines = await logLines();
  const again = lines.length - new Set(lines).size;
  // A kill may come between a segment's work and its file.
  expect(again).toBeLessThanOrEqual(kills);
}, 300_000);

test('two watchers share a folder: each film is done by one of them', async () => {
  const { good, bad } = await dropAll(20);
  const [one, two] = [startWatcher(), startWatcher()];
  expect([await one.exited, await two.exited]).toEqual([0, 0]);
  await check(good, bad);
  const lines = await logLines();
  expect(new Set(lines).size).toBe(lines.length);
}, 120_000);

test('the program itself: a stop parks the film, the next start goes on with its segments, and a bad file fails', async () => {
  await copyFile(FILM, inbox('old film.mp4'));
  await writeFile(inbox('not a film.mp4'), 'no film');
  const args = ['watch', folder, '--once', '--json', '--settle', '0.5', '--preset', 'none', '--codec', 'ffv1'];
  const start = (env: NodeJS.ProcessEnv = {}) =>
    execa(process.execPath, [CLI, ...args, '--segment-frames', '8'], { reject: false, stdin: 'ignore', env });
  const first = start({ RESTORE_FAULT: 'rename:6:PAUSE' });
  await signalWhenPaused(first, 'SIGTERM');
  const stopped = await first;
  expect(stopped.exitCode).toBe(75);
  expect(stopped.stdout).toContain('"state":"done"');
  expect(Object.keys(await filesIn(path.join(folder, 'inbox')))).toContain('old film.mp4');
  const second = await start();
  expect(second.exitCode).toBe(0);
  expect(second.stdout).toContain('"state":"reused"');
  expect(await readdir(path.join(folder, 'done'))).toEqual(['old film.mp4', 'old film.restored.mkv']);
  expect(await readFile(path.join(folder, 'done', 'old film.mp4'))).toEqual(await readFile(FILM));
  expect(await readdir(path.join(folder, 'failed'))).toEqual(['not a film.mp4', 'not a film.mp4.txt']);
  expect(await readFile(path.join(folder, 'failed', 'not a film.mp4.txt'), 'utf8')).toContain('INPUT_NOT_MEDIA');
}, 300_000);

test('a place for results that is full is told with what to do here: to make room, and nothing else', async () => {
  await copyFile(FILM, inbox('film.mp4'));
  const args = ['watch', folder, '--settle', '0.5', '--preset', 'none', '--codec', 'ffv1'];
  const env = { RESTORE_FAULT: 'rename:1:ENOSPC:result/film.restored' };
  const watcher = execa(process.execPath, [CLI, ...args], { reject: false, stdin: 'ignore', env });
  watcher.stderr.on('data', (text: Buffer) => {
    if (text.toString().includes('no space left')) watcher.kill('SIGTERM');
  });
  const { stderr, exitCode } = await watcher;
  expect(stderr).toMatch(/There is no space left to write \S+\. Free some space: it goes on by itself\.$/m);
  expect(exitCode).toBe(75);
}, 120_000);

test.each([
  ['--preset', 'vsh', 2, /There is no preset called "vsh"/],
  ['--codec', 'nonsense', 2, /"nonsense" is neither a codec/],
  ['--encoder-preset', 'slwo', 2, /libx265 does not take the preset slwo/],
  ['--time-zone', 'Mars/Phobos', 2, /There is no time zone called "Mars\/Phobos"/],
  ['--attempts', '2.5', 2, /--attempts needs a whole number from 1 to 100/],
  ['--input-color', 'pink', 2, /"pink" is not a known input color/],
  ['--model', 'upscale=nope', 69, /There is no upscale model called "nope"/],
])('%s %s is refused before anything is watched', async (flag, value, exitCode, sentence) => {
  const empty = path.join(folder, 'empty');
  expectRefusal(await cli(['watch', empty, '--once', flag, value]), exitCode, sentence);
  expect(await readdir(folder)).toEqual(['inbox']);
});

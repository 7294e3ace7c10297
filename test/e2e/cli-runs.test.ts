import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeClip } from '../fixtures/media/clips.ts';
import { cli, CLI, eventsOf, makeFolder, signalWhenPaused, snapshot } from './cli-helpers.ts';

/** The quickest that still goes the whole way: nothing is done to the picture, and the encoder hurries. */
const QUICK = ['--device', 'cpu', '--preset', 'none', '--codec', 'h264', '--encoder-preset', 'ultrafast'];

let folder = '';
let remove = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
});
afterAll(() => remove());

async function room(name: string): Promise<string> {
  const own = path.join(folder, name);
  await mkdir(own);
  return own;
}

async function countFrames(file: string): Promise<number> {
  const { stdout } = await execa('ffprobe', [
    ...['-v', 'error', '-count_packets', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_packets'],
    ...['-of', 'csv=p=0', `file:${file}`],
  ]);
  return Number(stdout);
}

/** A moving test picture of 160 x 120, 25 frames a second. */
const draw = (file: string, args: readonly string[], seconds: number): Promise<unknown> =>
  execa('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=160x120:rate=25:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', ...args, file],
  ]);

test('names with blanks, quotes, newlines, a leading dash and what FFmpeg takes for patterns', async () => {
  const cwd = await room('names');
  const names = ['two  words', `it's "it"`, 'new\nline', '-dash', '%03d', 'concat:a|b', 'ünï', '$HOME `x` ;'];
  const clip = await makeClip('single-frame', folder);
  for (const name of names) await copyFile(clip, path.join(cwd, `${name}.mp4`));
  const result = await cli([...QUICK, '--', ...names.map((name) => `${name}.mp4`)], { cwd });
  expect(result.stderr).not.toContain('error:');
  expect(result.exitCode).toBe(0);
  const made = (await readdir(cwd)).filter((name) => name.includes('.restored.'));
  expect(made.sort()).toEqual(names.map((name) => `${name}.restored.mp4`).sort());
  for (const name of made) expect(await countFrames(path.join(cwd, name))).toBe(1);
  expect((await readdir(cwd)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('one bad input does not keep the others from being restored; the exit code is the first failure', async () => {
  const cwd = await room('several');
  const good = await makeClip('single-frame', folder);
  const empty = await makeClip('empty', folder);
  const result = await cli(['nowhere.mp4', empty, good, ...QUICK, '-o', 'done'], { cwd });
  expect(result.exitCode).toBe(66);
  expect(result.stderr.match(/^error: .*$/gm)).toHaveLength(2);
  expect(await readdir(path.join(cwd, 'done'))).toEqual(['single-frame.restored.mp4']);
});

test('a batch that is run again leaves alone what is there and what it has made', async () => {
  const cwd = await room('again');
  const clip = await makeClip('single-frame', folder);
  for (const name of ['a.mp4', 'b.mp4']) await copyFile(clip, path.join(cwd, name));
  expect((await cli(['a.mp4', ...QUICK], { cwd })).exitCode).toBe(0);
  const kept = (await snapshot(cwd)).find((line) => line.includes('a.restored.mp4'));

  // What a shell makes of *.mp4 now.
  const names = ['a.mp4', 'a.restored.mp4', 'b.mp4'];
  const again = await cli([...names, ...QUICK], { cwd });
  expect(again.stderr).toMatch(/^a\.mp4: a\.restored\.mp4 exists already\. It is left alone/m);
  expect(again.stderr).toMatch(/^a\.restored\.mp4: It is the result of a\.mp4/m);
  expect(again.stderr).not.toContain('error:');
  expect(again.exitCode).toBe(0);
  expect((await readdir(cwd)).sort()).toEqual(['a.mp4', 'a.restored.mp4', 'b.mp4', 'b.restored.mp4']);
  expect(await snapshot(cwd)).toContain(kept);

  const told = eventsOf(await cli([...names, '--json', ...QUICK], { cwd }));
  expect(told.map(({ type, input }) => [type, input])).toEqual([
    ['skipped', 'a.restored.mp4'],
    ['skipped', 'a.mp4'],
    ['skipped', 'b.mp4'],
  ]);

  // One that is named alone is meant.
  expect((await cli(['a.mp4', ...QUICK], { cwd })).exitCode).toBe(73);
  expect((await cli(['a.restored.mp4', ...QUICK], { cwd })).exitCode).toBe(0);
  expect(await readdir(cwd)).toContain('a.restored.restored.mp4');
});

test('inputs that are missing and results that would meet are told before the first film is begun', async () => {
  const cwd = await room('ahead');
  const clip = await makeClip('single-frame', folder);
  for (const name of ['one', 'two']) {
    await mkdir(path.join(cwd, name));
    await copyFile(clip, path.join(cwd, name, 'film.mp4'));
  }
  const films = ['one/film.mp4', 'two/film.mp4', 'nowhere.mp4'];
  const result = await cli([...films, '--json', ...QUICK, '-o', 'done'], { cwd });
  const events = eventsOf(result).filter(({ type }) => ['error', 'plan', 'done'].includes(type));
  expect(events.map(({ type, input, code }) => [type, input, code])).toEqual([
    ['error', 'two/film.mp4', 'OUTPUT_EXISTS'],
    ['error', 'nowhere.mp4', 'INPUT_MISSING'],
    ['plan', 'one/film.mp4', undefined],
    ['done', 'one/film.mp4', undefined],
  ]);
  expect(result.exitCode).toBe(73);
});

test('--plan says what would be done and does nothing', async () => {
  const cwd = await room('plan');
  const clip = await makeClip('multi-stream', folder);
  const result = await cli([clip, '--plan', ...QUICK, '-o', `${cwd}/new/`]);
  expect(result.exitCode).toBe(0);
  expect(result.stdout).toMatch(/^Input .*\n(.*\n)*Streams .*restored\n(.*\n)*Disk .*\n$/);
  expect(result.stdout).toMatch(/audio fra Commentary .*kept/);
  expect(await snapshot(cwd)).toEqual([]);
});

test('--json prints the events of a run and nothing else', async () => {
  const cwd = await room('json');
  const clip = await makeClip('no-audio', folder);
  const result = await cli([clip, '--json', ...QUICK, '-o', 'out.mp4'], { cwd });
  expect(result.stderr).toBe('');
  expect(result.exitCode).toBe(0);
  const events = eventsOf(result);
  const types = events.map(({ type }) => type);
  expect(types[0]).toBe('plan');
  expect(types).toEqual(expect.arrayContaining(['progress', 'segment']));
  expect(events.at(-1)).toMatchObject({ type: 'done', input: clip, output: 'out.mp4', frames: 10 });
});

test('whoever reads the events may stop reading: the run stops without a word', async () => {
  const cwd = await room('gone');
  const film = await makeClip('no-audio', folder);
  const script = '"$0" "$@" | head -n 1; echo "${PIPESTATUS[0]}"';
  const { stdout, stderr } = await execa('bash', ['-c', script, process.execPath, CLI, film, '--json', ...QUICK], {
    cwd,
  });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\{"type":"plan".*\}\n(0|75)$/);
});

test('a damaged film is restored as far as it decodes, with a warning that counts', async () => {
  const cwd = await room('damaged');
  const corrupt = await makeClip('corrupt', folder);
  const result = await cli([corrupt, ...QUICK, '-o', 'corrupt.mp4'], { cwd });
  expect(result.stderr).toMatch(/^warning: .*damaged.*\d+/m);
  expect(result.exitCode).toBe(0);
  expect(await countFrames(path.join(cwd, 'corrupt.mp4'))).toBeGreaterThan(20);

  // Its table of contents is in front, so that a part of the film is still a film.
  const film = path.join(cwd, 'film.mp4');
  await draw(film, ['-g', '8', '-movflags', '+faststart'], 1.6);
  const bytes = await readFile(film);
  await writeFile(path.join(cwd, 'cut.mp4'), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
  const cut = await cli(['cut.mp4', ...QUICK], { cwd });
  expect(cut.stderr).toMatch(/^warning: .*\d+ frames can be restored/m);
  expect(cut.exitCode).toBe(0);
  const frames = await countFrames(path.join(cwd, 'cut.restored.mp4'));
  expect(frames).toBeGreaterThan(0);
  expect(frames).toBeLessThan(40);
});

test('Ctrl-C stops in order with exit code 75, and the same command goes on', async () => {
  const cwd = await room('stop');
  const film = path.join(cwd, 'film.mkv');
  await draw(film, [], 8);
  const args = [
    'film.mkv',
    '--json',
    '--device',
    'cpu',
    '--preset',
    'none',
    '--upscale',
    '2',
    '--segment-frames',
    '20',
  ];
  const env = { RESTORE_FAULT: 'rename:5:PAUSE' };
  const run = execa(process.execPath, [CLI, ...args], { cwd, reject: false, stdin: 'ignore', env });
  await signalWhenPaused(run, 'SIGINT');
  const stopped = await run;
  expect(stopped.exitCode).toBe(75);
  expect(eventsOf({ stdout: stopped.stdout }).at(-1)).toMatchObject({ type: 'error', code: 'STOPPED' });
  expect(await readdir(cwd)).not.toContain('film.restored.mkv');

  const resumed = await cli(args, { cwd });
  expect(resumed.exitCode).toBe(0);
  const segments = eventsOf(resumed).filter(({ type }) => type === 'segment');
  expect(segments[0]).toMatchObject({ index: 0, state: 'reused' });
  expect(await countFrames(path.join(cwd, 'film.restored.mkv'))).toBe(200);
  expect((await readdir(cwd)).sort()).toEqual(['film.mkv', 'film.restored.mkv']);
});

test('a terminal that closes does not stop a run that has none, as nohup starts it', async () => {
  const cwd = await room('nohup');
  await draw(path.join(cwd, 'film.mkv'), [], 2);
  const env = { RESTORE_FAULT: 'rename:3:PAUSE' };
  const args = [CLI, 'film.mkv', ...QUICK, '--segment-frames', '20'];
  const run = execa(process.execPath, args, { cwd, reject: false, stdin: 'ignore', env });
  await signalWhenPaused(run, 'SIGHUP');
  const { exitCode, stderr } = await run;
  expect(stderr).not.toContain('Stopping');
  expect(exitCode).toBe(0);
  expect(await countFrames(path.join(cwd, 'film.restored.mkv'))).toBe(50);
});

describe('while networks compute, which nothing may interrupt', () => {
  /** A run that spends nearly all its time in a network; once it has begun it gets Ctrl-C once, or again and again. */
  async function stopped(name: string, again: boolean) {
    const cwd = await room(name);
    await draw(path.join(cwd, 'film.mkv'), ['-vf', 'scale=480:360'], 2);
    const args = [
      'film.mkv',
      ...QUICK,
      '--json',
      '--upscale',
      '2',
      '--model',
      'upscale=old-x2',
      '--segment-frames',
      '2',
    ];
    const run = execa(process.execPath, [CLI, ...args], { cwd, reject: false, stdin: 'ignore', timeout: 120_000 });
    let repeat: NodeJS.Timeout | undefined;
    let begun = false;
    run.stdout.on('data', (text: Buffer) => {
      if (begun || !text.includes('"state":"done"')) return;
      begun = true;
      run.kill('SIGINT');
      if (again) repeat = setInterval(() => run.kill('SIGINT'), 50);
    });
    const result = await run;
    clearInterval(repeat);
    expect(result.stderr).not.toContain('terminate');
    expect((await readdir(cwd)).sort()).toEqual(['.restore', 'film.mkv']);
    const { exitCode, signal, stdout } = result;
    return { exitCode, signal, stdout };
  }

  test('Ctrl-C stops in order', async () => {
    const { exitCode, stdout } = await stopped('busy', false);
    expect(exitCode).toBe(75);
    expect(eventsOf({ stdout }).at(-1)).toMatchObject({ type: 'error', code: 'STOPPED' });
  });

  test('a second one ends the program at once', async () => {
    const { exitCode, signal } = await stopped('busy-twice', true);
    expect(exitCode === 130 || signal === 'SIGINT').toBe(true);
  });
});

/**
 * Runs a command with a small file system mounted on `$0`, hands SIGTERM on to it, and lists at the end what lies there.
 * Needs the right to make namespaces.
 */
const ON_A_SMALL_DISK = `
  mount -t tmpfs -o size=64k none "$0" || exit 99
  "$@" & child=$!
  trap 'kill -TERM $child' TERM
  wait $child; wait $child; code=$?
  find "$0" -type f -printf 'left: %f\\n'
  exit $code`;

test.for([
  { wait: [] as string[], code: 75, said: /^error: Stopped\.[^\n]*$/m },
  { wait: ['--space-wait', '0'], code: 73, said: /^error: The disk is full: [^\n]*finished segments are kept\.$/m },
])('a full disk leaves no partial file: exit code $code', async ({ wait, code, said }, { skip }) => {
  const cwd = await room(`full-${code}`);
  const small = path.join(cwd, 'small');
  await mkdir(small);
  const onSmallDisk = ['--map-root-user', '--mount', 'bash', '-c', ON_A_SMALL_DISK, small];
  const mounts = await execa('unshare', [...onSmallDisk, 'true'], { reject: false });
  skip(mounts.exitCode !== 0, 'this system lets nobody mount a small file system');
  const film = path.join(cwd, 'film.mkv');
  await draw(film, ['-vf', 'noise=alls=80:allf=t'], 1);
  const args = [process.execPath, CLI, film, ...QUICK, '--crf', '5', ...wait, '-o', path.join(small, 'out.mp4')];
  const run = execa('unshare', [...onSmallDisk, ...args], { reject: false, stdin: 'ignore' });
  let isStopping = false;
  run.stderr.on('data', (text: Buffer) => {
    if (code !== 75 || isStopping || !text.includes('The disk is full')) return;
    isStopping = true;
    run.kill('SIGTERM');
  });
  const { exitCode, stdout, stderr } = await run;
  if (code === 75) expect(stderr).toMatch(/^warning: [^\n]*The disk is full: [^\n]* are needed\.[^\n]*$/m);
  expect(stderr).toMatch(said);
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
  expect(exitCode).toBe(code);
  expect(stdout).not.toContain('left: out.mp4');
});

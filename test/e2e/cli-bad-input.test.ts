import { chmod, copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeClip } from '../fixtures/media/clips.ts';
import { asNobody, cli, CLI, eventsOf, expectRefusal, makeFolder, snapshot } from './cli-helpers.ts';

let folder = '';
let remove = (): Promise<void> => Promise.resolve();
let film = '';
let before: string[] = [];

beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  await chmod(folder, 0o755);
  film = await makeClip('no-audio', folder);
  for (const name of ['empty', 'text', 'audio-only', 'truncated'] as const) await makeClip(name, folder);
  await copyFile(film, path.join(folder, 'unreadable.mp4'));
  await chmod(path.join(folder, 'unreadable.mp4'), 0o000);
  await mkdir(path.join(folder, 'closed'));
  await chmod(path.join(folder, 'closed'), 0o555);
  await symlink(film, path.join(folder, 'link.mp4'));
  await writeFile(path.join(folder, 'taken.mp4'), 'mine');
  await writeFile(path.join(folder, 'note.nfo'), 'The reel of 1917.\n');
  await writeFile(path.join(folder, 'preset.json'), '{"name": "x", "stages": "all of them"}');
  await writeFile(path.join(folder, 'not.json'), 'denoise: a lot');
  await writeFile(path.join(folder, 'bad.onnx'), 'not a network');
});
afterAll(() => remove());

// Root reads everything; what root cannot test, nobody can, and nobody cannot list what it cannot read.
const files = async (): Promise<string[]> => (await snapshot(folder)).filter((line) => !line.includes('unreadable'));
beforeEach(async () => {
  await chmod(path.join(folder, 'unreadable.mp4'), 0o600);
  before = await files();
  await chmod(path.join(folder, 'unreadable.mp4'), 0o000);
});
// Whatever was refused, nothing may have been made, changed or left behind.
afterEach(async () => {
  await chmod(path.join(folder, 'unreadable.mp4'), 0o600);
  expect(await files()).toEqual(before);
});

const at = (name: string): string => path.join(folder, name);

describe('inputs that cannot be restored', () => {
  test.each([
    ['a missing file', 'nowhere.mp4', 66, /There is no file .*nowhere\.mp4/],
    ['a name that is no UTF-8, as Node gives it', 'caf\ufffd.mp4', 66, /not written in UTF-8 cannot be opened/],
    ['a folder', '.', 66, /is a folder/],
    ['an empty file', 'empty.mp4', 65, /is empty/],
    ['text under a film name', 'text.mp4', 65, /is not a film/],
    ['text that FFmpeg would draw', 'note.nfo', 65, /is a text, not a film/],
    ['sound without a picture', 'audio-only.mp4', 65, /has no video/],
    ['an MP4 that lost its end', 'truncated.mp4', 65, /not a complete MP4/],
  ])('%s', async (_about, name, exitCode, sentence) => {
    expectRefusal(await cli(['--colorize', at(name)]), exitCode, sentence);
  });

  test('a file that may not be read', async () => {
    expectRefusal(await cli([at('unreadable.mp4')], asNobody), 66, /unreadable\.mp4 cannot be read/);
  });

  test('an empty name', async () => {
    expectRefusal(await cli(['']), 2, /empty name/);
  });

  test('no input at all', async () => {
    expectRefusal(await cli(['--colorize']), 2, /No input is named/);
  });

  test('a name is shown so that it cannot be misread', async () => {
    const result = await cli([at('no\nsuch \u001b[2Jfile.mp4')]);
    expectRefusal(result, 66, /no\\nsuch \\u001b\[2Jfile\.mp4/);
  });

  test('for programs: one event of type error on stdout and nothing else', async () => {
    const result = await cli(['--json', at('empty.mp4')]);
    expect(eventsOf(result)).toEqual([
      expect.objectContaining({ type: 'error', input: at('empty.mp4'), code: 'INPUT_EMPTY' }),
    ]);
    expect(result.exitCode).toBe(65);
  });
});

describe('outputs that cannot be written', () => {
  test.each([
    ['the input itself', () => film, 2, /is the input itself/],
    ['the input by a detour', () => at('closed/../no-audio.mp4'), 2, /is the input itself/],
    ['the input by a link', () => at('link.mp4'), 2, /is the input itself/],
    ['a file that exists', () => at('taken.mp4'), 73, /exists already.*--overwrite/],
    ['a folder that does not exist', () => at('nowhere/out.mp4'), 73, /nowhere does not exist/],
  ])('%s', async (_about, output, exitCode, sentence) => {
    expectRefusal(await cli([film, '--device', 'cpu', '-o', output()]), exitCode, sentence);
  });

  test('the input itself, even when replacing is allowed', async () => {
    expectRefusal(await cli([film, '--device', 'cpu', '--overwrite', '-o', at('link.mp4')]), 2, /is the input itself/);
  });

  test('a folder that may not be written', async () => {
    const result = await cli([film, '--device', 'cpu', '-o', at('closed/out.mp4')], asNobody);
    expectRefusal(result, 73, /Nothing can be written in the folder .*closed/);
  });

  test('the default place may not be written either', async () => {
    const result = await cli([film, '--device', 'cpu'], { ...asNobody, cwd: folder });
    if (asNobody.uid === undefined) return;
    expectRefusal(result, 73, /Nothing can be written in the folder/);
  });

  test('two inputs that would become one file', async () => {
    const result = await cli(['--plan', '--device', 'cpu', '--preset', 'none', film, film]);
    expect(result.exitCode).toBe(73);
    expect(result.stderr).toMatch(/^error: Two inputs of this command would both become [^\n]+\n$/);
  });
});

describe('things that do not exist', () => {
  test.each([
    ['preset', ['--preset', 'sepia'], 2, /no preset called "sepia".*bw-film/],
    ['preset file', ['--preset', 'nowhere/x.json'], 2, /no preset file/],
    ['device', ['--device', 'abacus'], 69, /abacus/],
    ['model', ['--upscale', '2', '--model', 'upscale=deluxe'], 69, /deluxe/],
    ['model that would not run', ['--model', 'colorize=nope'], 69, /no colorize model called "nope"/],
    ['model of that kind', ['--upscale', '2', '--model', 'upscale=colorize'], 69, /colorize/],
    ['model file', ['--upscale', '2', '--model', 'upscale=nowhere/x.onnx'], 69, /nowhere\/x\.onnx/],
    ['codec', ['--codec', 'betamax'], 2, /"betamax" is neither a codec nor an encoder/],
    ['encoder here', ['--codec', 'hevc_videotoolbox'], 69, /hevc_videotoolbox/],
    ['input color', ['--input-color', 'sepia'], 2, /"sepia" is not a known input color/],
    ['quality of that encoder', ['--crf', '60'], 2, /libx265 does not take a crf of 60: .*to 51/],
    ['preset of that encoder', ['--encoder-preset', 'slwo'], 2, /libx265 does not take .*preset slwo: /],
    ['place in the film', ['--start', '1:00:00'], 2, /--start 3600 lies behind the end/],
  ])('a %s', async (_about, args, exitCode, sentence) => {
    expectRefusal(await cli([film, '--device', 'cpu', ...args]), exitCode, sentence);
  });

  test('a preset file that is none', async () => {
    expectRefusal(await cli([film, '--preset', at('preset.json')]), 2, /preset\.json is wrong at "/);
    expectRefusal(await cli([film, '--preset', at('not.json')]), 2, /not\.json is not JSON/);
  });

  test('a model file that is none', async () => {
    const result = await cli([film, '--device', 'cpu', '--upscale', '2', '--model', `upscale=${at('bad.onnx')}`]);
    expectRefusal(result, 69, /bad\.onnx/);
  });

  test('ffmpeg', async () => {
    const result = await cli([film], { env: { FFMPEG_PATH: at('nowhere/ffmpeg') } });
    expectRefusal(
      result,
      69,
      /ffmpeg was not found.*apt-get install ffmpeg.*brew install ffmpeg.*winget install ffmpeg/,
    );
  });
});

describe('nonsense is refused before any file is looked at', () => {
  test.each([
    [['--upscale', '0']],
    [['--upscale', 'four']],
    [['--to', '8K!']],
    [['--denoise', '2']],
    [['--crf', '-1']],
    [['--start=-5']],
    [['--duration', '0']],
    [['--deinterlace', 'maybe']],
    [['--model', 'upscale']],
    [['--workers', '0']],
    [['--upscale', '2', '--to', '4k']],
    [['--frobnicate']],
    [['--crf']],
  ])('%s', async (args) => {
    // The input does not exist: that it is not what is complained of shows the order.
    expectRefusal(await cli([at('nowhere.mp4'), ...args]), 2, /^error: (--|There is no option --)/);
  });

  test('an unknown option is answered with a guess', async () => {
    expectRefusal(await cli([film, '--colourize']), 2, /There is no option --colourize\. Did you mean --colorize\?/);
  });
});

test('options that do nothing are said, unless the preset makes them do something', async () => {
  const stages = [{ kind: 'colorize', when: 'always' }, { kind: 'chroma-anchor' }, { kind: 'chroma-smooth' }];
  const preset = { name: 'tint', summary: 'Gives color to everything.', stages };
  await writeFile(at('always.json'), JSON.stringify(preset));
  const args = [film, '--plan', '--device', 'cpu', '--saturation', '2', '-o', at('never.mp4')];
  const idle = await cli([...args, '--preset', 'none', '--model', 'upscale=old-x2']);
  const always = await cli([...args, '--preset', at('always.json')]);
  await rm(at('always.json'));
  expect(idle.stdout).toMatch(/^Note .*--saturation has no effect without --colorize\.$/m);
  expect(idle.stdout).toMatch(/^Note .*--model upscale=old-x2 has no effect without --upscale or --to\.$/m);
  expect(always.stdout).toContain('saturation 2');
  expect(always.stdout).not.toContain('has no effect');
  expect([idle.exitCode, always.exitCode]).toEqual([0, 0]);
});

describe('commands', () => {
  test.each([
    [
      ['--colorize', '--upscale', '2', 'watch', 'nowhere'],
      /--colorize goes after `watch`.*`restore watch \.\.\. --colorize`/,
    ],
    [['-o', 'x', 'watch', 'nowhere'], /--output goes after `watch`/],
    [['--plan', 'watch', 'nowhere'], /`restore watch` has no --plan/],
    [['--no-cap', 'presets'], /`restore presets` has no --no-cap/],
    [['watch'], /`restore watch` needs <folder>/],
    [['models', 'info'], /`restore models info` needs <name\|file>/],
    [['models', 'frobnicate'], /^error: Too many arguments/],
    [['degrade', 'film.mp4'], /No output is named.*INPUT OUTPUT/],
    [['help', 'frobnicate'], /There is no command "frobnicate"/],
  ])('%s', async (args, sentence) => {
    expectRefusal(await cli(args, { cwd: folder }), 2, sentence);
  });

  test('for programs too, before a command and before the name of one of its own', async () => {
    for (const args of [
      ['--json', 'models'],
      ['models', '--json', 'list'],
    ]) {
      const result = await cli(args);
      expect(eventsOf(result)).toEqual([expect.objectContaining({ type: 'error', code: 'USAGE' })]);
      expect(result.exitCode).toBe(2);
    }
  });

  test('help is a command, as elsewhere', async () => {
    const [whole, watch] = [await cli(['help']), await cli(['help', 'watch'])];
    expect(whole.stdout).toBe((await cli(['--help'])).stdout);
    expect(watch.stdout).toBe((await cli(['watch', '--help'])).stdout);
    expect([whole.exitCode, watch.exitCode]).toEqual([0, 0]);
  });
});

test.skipIf(process.platform !== 'linux').each([
  ['a list', ['presets']],
  ['help', ['--help']],
  ['events', ['--json', '--log-level', 'info', '--device', 'cpu', '--preset', 'none']],
])('a full disk behind stdout is said on stderr, and is no success: %s', async (_about, args) => {
  const film = at('no-audio.mp4');
  const more = args[0] === '--json' ? [film, '-o', at('never.mp4'), '--workdir', at('never')] : [];
  const run = ['-c', '"$0" "$@" > /dev/full', process.execPath, CLI, ...args, ...more];
  const { stderr, exitCode } = await execa('bash', run, { reject: false });
  await rm(at('never'), { recursive: true, force: true });
  expect(stderr).toMatch(/There is no space left for what is printed on stdout\./);
  expect(exitCode).toBe(73);
});

test('whoever reads the output may stop reading', async () => {
  const { stderr } = await execa('bash', ['-c', '"$0" "$1" --help | head -c 1', process.execPath, CLI]);
  expect(stderr).toBe('');
});

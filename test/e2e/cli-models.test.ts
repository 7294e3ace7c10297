import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pictureNet } from '../fixtures/models/nets.ts';
import * as habits from '../fixtures/servers/habits.ts';
import { cli, eventsOf, expectRefusal, makeFolder, type CliResult } from './cli-helpers.ts';

const FILM = fileURLToPath(new URL('../fixtures/old-film.mp4', import.meta.url));
/** Of the catalog, without a sum: anything that fits is taken. */
const KNOWN = 'realesr-animevideov3';
const NET = pictureNet({ scale: 4, channels: 3 });

let folder: string;
let remove: () => Promise<void>;
const servers: habits.TestServer[] = [];

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await remove();
});

async function serve(habit: RequestListener): Promise<habits.TestServer> {
  const server = await habits.serve(habit);
  servers.push(server);
  return server;
}

/** The program with a store of its own, and with a mirror on this machine. */
const run = (
  server: habits.TestServer | undefined,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CliResult> =>
  cli(args, {
    cwd: folder,
    env: {
      RESTORE_MODELS_DIR: join(folder, 'store'),
      RESTORE_MODELS_URL: server?.url ?? '',
      NO_PROXY: '127.0.0.1',
      ...env,
    },
  });

const models = (server: habits.TestServer | undefined, ...args: string[]): Promise<CliResult> =>
  run(server, ['models', ...args]);

describe('restore models', () => {
  test('alone lists what is here and what could be', async () => {
    const [bare, list] = [await models(undefined), await models(undefined, 'list')];
    expect(bare.exitCode).toBe(0);
    expect(bare.stdout).toBe(list.stdout);
    expect(bare.stdout).toMatch(/^embedded +upscale +luma-x4-fast +x4 .* MIT /m);
    expect(bare.stdout).toMatch(new RegExp(`^available +upscale +${KNOWN} +x4 +\\? +BSD-3-Clause `, 'm'));
    const json = eventsOf(await models(undefined, '--json')) as unknown as { id: string; place: string }[];
    expect(json).toContainEqual(expect.objectContaining({ id: KNOWN, place: 'available', licence: 'BSD-3-Clause' }));
  });

  test('pull brings a model that a run then finds; remove takes it away', async () => {
    const server = await serve(habits.good(NET));
    const pulled = await models(server, 'pull', KNOWN);
    expect(pulled).toMatchObject({ exitCode: 0, stdout: '' });
    expect(pulled.stderr).toMatch(/pinned now: [0-9a-f]{64}\./);
    expect(server.seen.map(({ path }) => path)).toEqual([`/${KNOWN}.onnx`]);
    expect((await models(undefined, 'info', KNOWN)).stdout).toMatch(
      /^where +installed.*^sha256 +[0-9a-f]{64} \(pinned/ms,
    );
    const plan = await run(undefined, [
      FILM,
      '-o',
      'out.mp4',
      '--plan',
      '--upscale',
      '4',
      '--model',
      `upscale=${KNOWN}`,
      '--device',
      'cpu',
    ]);
    expect(plan.stdout).toMatch(new RegExp(`upscale \\(${KNOWN}`));
    expect((await models(undefined, 'verify', KNOWN)).stdout).toMatch(/^ok +realesr/);
    await writeFile(join(folder, 'store', KNOWN, `${KNOWN}.onnx`), 'damaged');
    const damaged = await models(undefined, 'verify');
    expect(damaged).toMatchObject({ exitCode: 69, stderr: '' });
    expect(damaged.stdout).toMatch(/^DAMAGED +realesr/m);
    expect((await models(undefined, 'remove', KNOWN)).stdout).toBe(`Removed ${KNOWN}.\n`);
    expect(existsSync(join(folder, 'store', KNOWN))).toBe(false);
  });

  test('pull --json prints events', async () => {
    const server = await serve(habits.good(NET));
    const events = eventsOf(await models(server, 'pull', KNOWN, '--json'));
    expect(events.at(-2)).toEqual({ type: 'download', model: KNOWN, bytesDone: NET.length, bytesTotal: NET.length });
    expect(events.at(-1)).toMatchObject({ type: 'installed', model: KNOWN, pinned: true, downloaded: true });
  });

  test.each([
    ['a login page', habits.loginPage(false), /sent a web page instead of/],
    ['nothing', habits.fails(404, Infinity, habits.silent()), /does not have .* \(404\)/],
    ['no network', habits.chunked(Buffer.from('no network')), /arrived and cannot be used/],
  ])('pull that gets %s says so in one sentence and leaves nothing', async (_, habit, sentence) => {
    const result = await models(await serve(habit), 'pull', KNOWN);
    // Before it: how far the download was.
    const [last = ''] = /^error: .*\n$/m.exec(result.stderr) ?? [];
    expectRefusal({ ...result, stderr: last }, 69, sentence);
    expect(readdirSync(join(folder, 'store'))).toEqual([]);
  });

  test('pull without a network, or of nothing known, says so', async () => {
    const gone = await habits.serve(habits.silent());
    await gone.close();
    expectRefusal(await models(gone, 'pull', KNOWN), 69, /cannot be reached .*online/);
    expectRefusal(await models(undefined, 'pull', 'nonsense'), 69, /no model called "nonsense" in the catalog/);
    expectRefusal(await run(undefined, ['models', 'pull', KNOWN], { RESTORE_MODELS_URL: '/mnt' }), 2, /no web address/);
  });

  test('a full disk ends a pull, and the next one goes on', async () => {
    const server = await serve(habits.good(NET));
    const full = await run(server, ['models', 'pull', KNOWN], { RESTORE_FAULT: 'write:3:ENOSPC' });
    expect(full.exitCode).toBe(73);
    expect(existsSync(join(folder, 'store', KNOWN))).toBe(false);
    expect((await models(server, 'pull', KNOWN)).exitCode).toBe(0);
  });

  test("add takes a file of one's own", async () => {
    await writeFile(join(folder, 'my net.onnx'), NET);
    expectRefusal(await models(undefined, 'add', 'my net.onnx'), 2, /cannot be called "my net"/);
    const added = await models(undefined, 'add', 'my net.onnx', '--name', 'mine', '--kind', 'upscale');
    expect(added.stdout).toBe('Added mine. Use it with --model upscale=mine\n');
    expectRefusal(await models(undefined, 'remove', 'colorize'), 2, /is part of the program and stays/);
    expectRefusal(await models(undefined, 'add', 'none.onnx'), 69, /no model file/);
  });

  test('info says that there is no such model, of whatever kind', async () => {
    const { stderr, exitCode } = await models(undefined, 'info', 'nope');
    expect(stderr).toBe('error: There is no model called "nope". `restore models` lists them all.\n');
    expect(exitCode).toBe(69);
  });

  test('info looks at a file', async () => {
    await writeFile(join(folder, 'net.onnx'), NET);
    const { stdout, exitCode } = await models(undefined, 'info', 'net.onnx');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^does +.*RGB/m);
    expect(stdout).toMatch(/^scale +x4$/m);
  });
});

describe('a run that names a known model', () => {
  // Beside the film there may be a result that somebody made by hand.
  const args = [FILM, '-o', 'out.mp4', '--plan', '--upscale', '4', '--model', `upscale=${KNOWN}`, '--device', 'cpu'];

  test('never downloads it by itself', async () => {
    const server = await serve(habits.good(NET));
    const refused = await run(server, args);
    expectRefusal(refused, 69, /is known, but not on this machine \(.*, licence BSD-3-Clause\)/);
    expect(refused.stderr).toContain(`restore models pull ${KNOWN}`);
    expect(server.seen).toEqual([]);
    expect(existsSync(join(folder, 'store'))).toBe(false);
  });

  test('does with --yes', async () => {
    const server = await serve(habits.good(NET));
    const done = await run(server, [...args, '--yes']);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toMatch(new RegExp(`upscale \\(${KNOWN}`));
    expect(server.seen).toHaveLength(1);
  });
});

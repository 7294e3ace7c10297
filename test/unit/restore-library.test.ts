import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownIdentity } from '../../src/platform/host.ts';
import { cacheFolder } from '../../src/platform/user-folders.ts';
import {
  addModel,
  listLibrary,
  missingModels,
  pullModel,
  removeModel,
  resolveModel,
  verifyModels,
  type Pulled,
  type PullOptions,
} from '../../src/restore/index.ts';
import { addressOf } from '../../src/restore/models/pull.ts';
import { storeFolder } from '../../src/restore/models/store.ts';
import { pictureManifest, pictureNet, writeModel } from '../fixtures/models/nets.ts';
import { externalTensor, node, onnxModel } from '../fixtures/models/onnx.ts';
import * as habits from '../fixtures/servers/habits.ts';

const NET = pictureNet({ scale: 2, channels: 3 });
const OTHER = pictureNet({ scale: 2, channels: 3, layers: 3 });
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const ENTRY = {
  id: 'known-x2',
  title: 'A known network.',
  kind: 'upscale',
  adapter: 'rgb-sr',
  scale: 2,
  url: 'https://nowhere.invalid/known.onnx',
  file: 'known.onnx',
  sha256: sum(NET),
  sizeBytes: NET.length,
  licence: 'BSD-3-Clause',
  author: 'Somebody',
  homepage: 'https://nowhere.invalid/',
  source: 'this test',
};

let store = '';
let catalog = '';
const servers: habits.TestServer[] = [];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'restore-library-'));
  [store, catalog] = [join(folder, 'store'), join(folder, 'catalog')];
  mkdirSync(catalog);
  write(ENTRY);
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const write = (entry: { readonly id: string; readonly [key: string]: unknown }): void => {
  writeFileSync(join(catalog, `${entry.id}.json`), JSON.stringify(entry));
};

/** The entry as it is before anybody knows the sum. */
function forgetSum(): void {
  write({ ...ENTRY, sha256: undefined, sizeBytes: undefined });
}

async function pullFrom(habit: RequestListener, options: PullOptions = {}): Promise<Pulled> {
  const server = await habits.serve(habit);
  servers.push(server);
  return pullModel('known-x2', { store, catalog, mirror: server.url, ...options });
}

/** Everything in the store but pins. */
const stored = (): string[] => (existsSync(store) ? readdirSync(store).filter((name) => name !== '.pins') : []);

describe('a pull', () => {
  test('brings a model to where it is found by name', async () => {
    await expect(resolveModel('upscale', 'known-x2', { store })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect(await missingModels(['known-x2', 'luma-x4-fast', 'no.onnx'], { store, catalog })).toMatchObject([
      { id: 'known-x2' },
    ]);
    const pulled = await pullFrom(habits.good(NET));
    expect(pulled).toMatchObject({ model: 'known-x2', sha256: sum(NET), pinned: false, downloaded: true });
    expect(servers[0]?.seen[0]?.path).toBe('/known.onnx');
    const { manifest, path } = await resolveModel('upscale', 'known-x2', { store });
    expect(path).toBe(pulled.path);
    expect(manifest).toMatchObject({ id: 'known-x2', adapter: 'rgb-sr', scale: 2, licence: 'BSD-3-Clause' });
    expect(stored()).toEqual(['known-x2']);
    expect(await missingModels(['known-x2'], { store, catalog })).toEqual([]);
  });

  test('of what is here asks nobody; of what is damaged brings it again', async () => {
    const { path } = await pullFrom(habits.good(NET));
    expect(await pullFrom(habits.silent())).toMatchObject({ downloaded: false });
    expect(servers[1]?.seen).toEqual([]);
    writeFileSync(path, NET.subarray(1));
    await expect(resolveModel('upscale', 'known-x2', { store })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(await pullFrom(habits.good(NET))).toMatchObject({ downloaded: true });
    expect(readFileSync(path).equals(NET)).toBe(true);
  });

  test.each([
    ['a login page', habits.loginPage(true), 'DOWNLOAD_FAILED'],
    ['a missing file', habits.fails(404, Infinity, habits.silent()), 'DOWNLOAD_FAILED'],
    ['another file', habits.good(OTHER), 'DOWNLOAD_FAILED'],
    ['a redirect without end', habits.redirects((path) => `${path}x`), 'DOWNLOAD_FAILED'],
  ])('that gets %s leaves nothing', async (_, habit, code) => {
    await expect(pullFrom(habit)).rejects.toMatchObject({ code });
    expect(stored()).toEqual([]);
  });

  test('of an unknown sum pins what comes first, also after it was removed', async () => {
    forgetSum();
    expect(await pullFrom(habits.good(NET))).toMatchObject({ pinned: true, sha256: sum(NET) });
    await removeModel('known-x2', { store, catalog });
    await expect(pullFrom(habits.good(OTHER))).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      hint: expect.stringContaining('.pins') as string,
    });
    expect(stored()).toEqual([]);
    expect(await pullFrom(habits.good(NET))).toMatchObject({ pinned: true, downloaded: true });
    expect(readFileSync(join(store, '.pins'), 'utf8').split('\n').filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['no network', Buffer.from('neither a page nor a network')],
    ['a truncated one', NET.subarray(0, 700)],
    ['one that does something else', pictureNet({ scale: 4, channels: 3 })],
  ])('of an unknown sum that gets %s is refused and pins nothing', async (_, bytes) => {
    forgetSum();
    const error: unknown = await pullFrom(habits.chunked(bytes)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringMatching(/^known-x2 /) as string });
    expect(stored()).toEqual([]);
    expect(existsSync(join(store, '.pins'))).toBe(false);
  });

  test('waits for nobody: another process at it is said', async () => {
    mkdirSync(store);
    const lock = join(store, '.known-x2.lock');
    writeFileSync(lock, JSON.stringify(ownIdentity()));
    await expect(pullFrom(habits.good(NET))).rejects.toMatchObject({ code: 'BUSY' });
    writeFileSync(lock, JSON.stringify({ ...ownIdentity(), pid: 2 ** 22 + 1 }));
    expect(await pullFrom(habits.good(NET))).toMatchObject({ downloaded: true });
    expect(stored()).toEqual(['known-x2']);
  });

  test('of an unknown name says what there is', async () => {
    await expect(pullModel('nonsense', { store, catalog })).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      hint: expect.stringContaining('known-x2') as string,
    });
  });
});

test('a mirror takes the place of an address, and has to be one', () => {
  expect(addressOf(ENTRY, undefined)).toBe(ENTRY.url);
  expect(addressOf(ENTRY, '')).toBe(ENTRY.url);
  expect(addressOf(ENTRY, 'http://nas:8080/models/')).toBe('http://nas:8080/models/known.onnx');
  expect(addressOf(ENTRY, 'https://mirror.example')).toBe('https://mirror.example/known.onnx');
  for (const wrong of ['/mnt/models', 'ftp://x/', 'https://']) {
    expect(() => addressOf(ENTRY, wrong)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  }
});

describe("a file of one's own", () => {
  test('is added, listed, verified and removed', async () => {
    const file = writeModel(OTHER);
    expect(await addModel(file, { store, catalog, name: 'mine' })).toMatchObject({
      id: 'mine',
      place: 'added',
      from: file,
    });
    expect((await resolveModel('upscale', 'mine', { store })).manifest).toMatchObject({ id: 'mine', scale: 2 });
    const verdicts = await verifyModels([], { store, catalog });
    expect(verdicts.filter(({ problem }) => problem !== undefined)).toEqual([]);
    expect(verdicts.map(({ model }) => model)).toEqual(expect.arrayContaining(['mine', 'colorize']));
    await removeModel('mine', { store, catalog });
    await expect(resolveModel('upscale', 'mine', { store })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect(existsSync(file)).toBe(true);
  });

  test('keeps what its manifest says', async () => {
    const net = pictureNet({ scale: 2 });
    const file = writeModel(net, { ...pictureManifest(net, { scale: 2 }), title: 'Mine.' });
    expect(await addModel(file, { store, catalog })).toMatchObject({ id: 'fixture', title: 'Mine.', licence: 'MIT' });
  });

  test('keeps the file that holds its weights', async () => {
    const net = onnxModel({
      inputs: { x: ['N', 1, 'H', 'W'] },
      outputs: { y: ['N', 1, 'H2', 'W2'] },
      constants: [externalTensor('w', [4, 1, 1, 1], 'model.onnx_data', 0)],
      nodes: [
        node('Conv', ['x', 'w'], 'many', { kernel_shape: [1, 1] }),
        node('DepthToSpace', ['many'], 'y', { blocksize: 2, mode: 'CRD' }),
      ],
    });
    const file = writeModel(net);
    writeFileSync(join(dirname(file), 'model.onnx_data'), new Uint8Array(Float32Array.from([1, 1, 1, 1]).buffer));
    await addModel(file, { store, catalog, name: 'mine' });
    expect(await resolveModel('upscale', 'mine', { store })).toMatchObject({ external: ['model.onnx_data'] });
    expect(await verifyModels(['mine'], { store, catalog })).toMatchObject([{ problem: undefined }]);
    writeFileSync(join(store, 'mine', 'model.onnx_data'), 'damaged');
    expect(await verifyModels(['mine'], { store, catalog })).not.toMatchObject([{ problem: undefined }]);
  });

  test('may be one of the catalog that came by another way, and then has to be that file', async () => {
    const wrong = addModel(writeModel(OTHER), { store, catalog, name: 'known-x2' });
    await expect(wrong).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    const added = await addModel(writeModel(NET), { store, catalog, name: 'known-x2' });
    expect(added).toMatchObject({ place: 'installed', licence: 'BSD-3-Clause' });
    expect(await pullFrom(habits.silent())).toMatchObject({ downloaded: false });
  });

  test.each([
    ['of the name of an embedded model', 'luma-x4-fast'],
    ['of no name', ''],
    ['of a name with a folder', '../x'],
  ])('is refused: %s', async (_, name) => {
    await expect(addModel(writeModel(NET), { store, catalog, name })).rejects.toMatchObject({ code: 'USAGE' });
    expect(stored()).toEqual([]);
  });

  test('is refused when it is no network, or not there', async () => {
    const file = writeModel(Buffer.from('nothing'));
    await expect(addModel(file, { store, catalog })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(addModel('/nowhere/x.onnx', { store, catalog })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
    expect(stored()).toEqual([]);
  });

  test('is not replaced by another of the same name', async () => {
    await addModel(writeModel(NET), { store, catalog, name: 'mine' });
    await expect(addModel(writeModel(OTHER), { store, catalog, name: 'mine' })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('what is in the store', () => {
  test('is listed with where it is; a damaged manifest hides nothing else', async () => {
    await addModel(writeModel(OTHER), { store, catalog, name: 'mine' });
    await pullFrom(habits.good(NET));
    writeFileSync(join(store, 'mine', 'mine.json'), '{');
    writeFileSync(join(store, 'stray.txt'), '');
    const places = Object.fromEntries(
      (await listLibrary({ store, catalog })).map(({ id, place, problem }) => [id, [place, problem !== undefined]]),
    );
    expect(places).toMatchObject({
      mine: ['added', true],
      'known-x2': ['installed', false],
      colorize: ['embedded', false],
    });
    expect(Object.keys(places)).not.toContain('stray.txt');
    expect((await resolveModel('upscale', 'luma-x4-fast', { store })).manifest.id).toBe('luma-x4-fast');
  });

  test('is verified by reading it', async () => {
    const { path } = await pullFrom(habits.good(NET));
    expect(await verifyModels(['known-x2'], { store, catalog })).toMatchObject([{ problem: undefined }]);
    const bytes = Buffer.from(NET);
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(await verifyModels(['known-x2'], { store, catalog })).toMatchObject([
      { problem: expect.stringMatching(/sha256 is/) as string },
    ]);
    await expect(verifyModels(['nonsense'], { store, catalog })).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' });
  });

  test('is of one kind', async () => {
    await addModel(writeModel(NET), { store, catalog, name: 'mine' });
    await expect(resolveModel('colorize', 'mine', { store })).rejects.toThrow(/is a model for upscale/);
  });

  test('of the package is not removed', async () => {
    await expect(removeModel('colorize', { store, catalog })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(removeModel('known-x2', { store, catalog })).rejects.toMatchObject({ code: 'MODEL_NOT_INSTALLED' });
  });
});

test('a known model that is not here says how it comes', async () => {
  await expect(resolveModel('upscale', 'realesrgan-x4plus', { store })).rejects.toMatchObject({
    code: 'MODEL_NOT_INSTALLED',
    exitCode: 69,
    message: expect.stringMatching(/67\.1 MB, licence BSD-3-Clause/) as string,
    hint: expect.stringContaining('restore models pull realesrgan-x4plus') as string,
  });
  await expect(resolveModel('denoise', 'realesrgan-x4plus', { store })).rejects.toMatchObject({
    code: 'MODEL_INVALID',
  });
});

test('the store is where each system keeps what can be had again', () => {
  const home = '/home/me';
  expect(cacheFolder({}, 'linux', home)).toBe('/home/me/.cache/film-restore');
  expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache/me' }, 'linux', home)).toBe('/var/cache/me/film-restore');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux', home)).toBe('/home/me/.cache/film-restore');
  expect(cacheFolder({}, 'darwin', home)).toBe('/home/me/Library/Caches/film-restore');
  expect(cacheFolder({ LOCALAPPDATA: 'C:\\L' }, 'win32', 'C:\\me')).toBe('C:\\L\\film-restore\\Cache');
  expect(cacheFolder({}, 'win32', 'C:\\me')).toBe('C:\\me\\AppData\\Local\\film-restore\\Cache');
  expect(storeFolder({ RESTORE_MODELS_DIR: '/models' })).toBe('/models');
  expect(storeFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/film-restore/models');
});

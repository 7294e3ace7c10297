import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inspectGraphics } from '../../src/platform/graphics.ts';
import { chooseDevices, resolveModel } from '../../src/restore/index.ts';
import { findDevices } from '../../src/restore/engine/devices.ts';
import { tune } from '../../src/restore/engine/measure.ts';
import { keepTuning, readTunings } from '../../src/restore/engine/tuning-cache.ts';
import type { ResolvedModel } from '../../src/restore/index.ts';
import { pictureManifest, pictureNet, repeatNet, writeModel } from '../fixtures/models/nets.ts';

// What is measured of devices, and kept. Runs real worker threads: the compiled files must be there (npm run build).

let cache = '';
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'restore-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

const model = async (): Promise<ResolvedModel> => {
  const bytes = repeatNet(2);
  return resolveModel('upscale', writeModel(bytes, pictureManifest(bytes, { scale: 2 })));
};

const faulty = (habit: string): string[] => [
  `${pathToFileURL(join(import.meta.dirname, '../fixtures/backends/faulty.js')).href}?trust=compared&${habit}`,
];

describe('a measured search', () => {
  test('finds a tile size, sessions and a speed, and how far from the CPU the results are', async () => {
    const backendModules = faulty('fault=none');
    const [device] = await findDevices('faulty', { backendModules });
    const found = await tune(device!, await model(), backendModules);
    expect([64, 128, 256, 512, 1024, 2048]).toContain(found.tileSize);
    expect([1, 2]).toContain(found.workers);
    expect(found.pixelsPerSecond).toBeGreaterThan(0);
    expect(found.deviation).toBeLessThan(1e-3);
  });

  test.each([
    ['slow-full', 'fp16'],
    ['half', 'fp32'],
    ['no-half', 'fp32'],
  ])('takes 16-bit floats where they are faster and right (%s: %s)', async (fault, floats) => {
    const backendModules = faulty(`fault=${fault}`);
    const [device] = await findDevices('faulty', { backendModules });
    expect((await tune(device!, await model(), backendModules)).floats).toBe(floats);
  });

  test('does not go beyond what memory suffices for', async () => {
    const backendModules = faulty('fault=oom&side=300');
    const [device] = await findDevices('faulty', { backendModules });
    expect((await tune(device!, await model(), backendModules)).tileSize).toBeLessThanOrEqual(256);
  });

  test('feeds networks of another form, of one size, as they want it', async () => {
    const form = { layout: 'nhwc', type: 'uint8', range: [0, 255], size: [96, 64] } as const;
    const brought = await resolveModel('upscale', writeModel(pictureNet({ scale: 2, channels: 3, form })));
    const [device] = await findDevices('cpu', {});
    const { tileSize, pixelsPerSecond } = await tune(device!, brought, []);
    expect(tileSize).toBe(96);
    expect(pixelsPerSecond).toBeGreaterThan(0);
  });

  test.each(['wrong', 'nan', 'error'])('ends with a device that gives %s results', async (fault) => {
    const backendModules = faulty(`fault=${fault}`);
    const [device] = await findDevices('faulty', { backendModules });
    await expect(tune(device!, await model(), backendModules)).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
  });
});

describe('what was measured', () => {
  const tuning = { tileSize: 256, workers: 2, pixelsPerSecond: 1e6, deviation: 1e-5, floats: 'fp32' } as const;

  test('is found again, for its device only', async () => {
    await keepTuning('webgpu', 'a'.repeat(64), tuning);
    await keepTuning('cuda', 'a'.repeat(64), { ...tuning, tileSize: 512 });
    expect(await readTunings('webgpu')).toMatchObject([{ device: 'webgpu', sha256: 'a'.repeat(64), ...tuning }]);
    expect(await readTunings('dml')).toEqual([]);
  });

  test('is not believed with another driver', async () => {
    await keepTuning('webgpu', 'a'.repeat(64), tuning);
    vi.stubEnv('VK_DRIVER_FILES', '/elsewhere/driver.json');
    expect(await readTunings('webgpu')).toEqual([]);
  });

  test('is measured again where the file is damaged, and a cache that cannot be written is no error', async () => {
    await keepTuning('webgpu', 'a'.repeat(64), tuning);
    const folder = join(cache, 'film-restore', 'devices');
    const [name] = readdirSync(folder);
    writeFileSync(join(folder, name!), '{"device": "webgpu"');
    expect(await readTunings('webgpu')).toEqual([]);
    vi.stubEnv('XDG_CACHE_HOME', join(folder, name!));
    await keepTuning('webgpu', 'a'.repeat(64), tuning);
    expect(await readTunings('webgpu')).toEqual([]);
  });
});

test('without a driver, auto is the CPU and nothing is measured', async () => {
  // Names a driver that is not there, so that those of this machine are not looked for.
  vi.stubEnv('VK_DRIVER_FILES', '/nowhere/driver.json');
  const graphics = inspectGraphics();
  expect(graphics.drivers).toEqual([]);
  if (graphics.nvidiaDriver) return;
  expect(await chooseDevices({}, [await model()])).toEqual({ device: 'cpu', notes: [] });
  expect(readdirSync(cache)).toEqual([]);
});

test('Vulkan drivers are looked for where the loader does', () => {
  const folder = join(cache, 'vulkan', 'icd.d');
  const env = {
    XDG_DATA_DIRS: cache,
    XDG_CONFIG_HOME: '/nowhere',
    XDG_CONFIG_DIRS: '/nowhere',
    XDG_DATA_HOME: '/nowhere',
  };
  const before = inspectGraphics(env).drivers;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'gpu.json'), '{}');
  expect(inspectGraphics(env).drivers).toEqual([...before, join(folder, 'gpu.json')]);
  expect(inspectGraphics({ ...env, VK_ICD_FILENAMES: join(folder, 'gpu.json') }).drivers).toEqual([
    join(folder, 'gpu.json'),
  ]);
});

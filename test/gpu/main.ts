import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { listDevices } from '../../src/restore/backends/index.ts';

/**
 * `npm run test:gpu`: the conformance suite and a film's frames on every GPU device of onnxruntime that works here. Where
 * there is no GPU it is the software Vulkan driver that comes with Chromium: correct, and slow. Devices that were found
 * must pass; with none at all it says so and ends with 0.
 */
const SOFTWARE_DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];
const FILES = ['test/contract/backends.test.ts', 'test/unit/restore-gpu.test.ts'];

const isGpu = (id: string): boolean => ['webgpu', 'cuda', 'tensorrt', 'dml', 'coreml'].includes(id);

/** What the tests run with; undefined where nothing can be tested. */
async function choose(): Promise<{ readonly devices: readonly string[]; readonly env: NodeJS.ProcessEnv } | undefined> {
  const devices = (await listDevices()).filter(({ id, available }) => available && isGpu(id)).map(({ id }) => id);
  if (devices.length > 0) return { devices, env: {} };
  const driver = SOFTWARE_DRIVERS.find((path) => existsSync(path));
  return driver === undefined
    ? undefined
    : { devices: ['webgpu'], env: { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver } };
}

const chosen = await choose();
if (chosen) {
  const { devices, env } = chosen;
  console.log(
    `Devices: ${devices.join(', ')}${env['VK_ICD_FILENAMES'] === undefined ? '' : ' on a software Vulkan driver'}.`,
  );
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', ...FILES, '-t', `on (${devices.join('|')})|have to be here`],
    { stdio: 'inherit', env: { ...process.env, ...env, RESTORE_TEST_DEVICES: devices.join(',') } },
  );
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.log(
    'Skipped: there is no GPU here, and no software Vulkan driver (`apt-get install libvulkan1 chromium-common`).',
  );
}

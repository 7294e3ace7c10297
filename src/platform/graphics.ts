import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What a Linux system has for computing on a GPU, looked up without starting any of it. */
export interface Graphics {
  /** The Vulkan loader, libvulkan.so.1, in one of the usual places. */
  readonly loader: boolean;
  /** Manifests of Vulkan drivers, where the loader looks for them. */
  readonly drivers: readonly string[];
  /** The environment names the drivers: somebody wants just these, be they software. */
  readonly driversNamed: boolean;
  readonly gpus: readonly GpuVendor[];
  /** NVIDIA's kernel driver is loaded. */
  readonly nvidiaDriver: boolean;
}
export type GpuVendor = 'NVIDIA' | 'AMD' | 'Intel' | 'other';

const VENDORS: Readonly<Record<string, GpuVendor>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

const list = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const pathsIn = (value: string | undefined): readonly string[] =>
  (value ?? '').split(delimiter).filter((part) => part !== '');

/** The loader's documentation names these; a variable replaces them all. */
function driverManifests(env: NodeJS.ProcessEnv): readonly string[] {
  const named = pathsIn(env['VK_DRIVER_FILES'] ?? env['VK_ICD_FILENAMES']);
  if (named.length > 0) return named.filter((path) => existsSync(path));
  const home = homedir();
  const folders = [
    ...[env['XDG_CONFIG_HOME'] ?? join(home, '.config'), ...pathsIn(env['XDG_CONFIG_DIRS'] ?? '/etc/xdg'), '/etc'],
    ...[env['XDG_DATA_HOME'] ?? join(home, '.local/share')],
    ...pathsIn(env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share'),
  ].map((base) => join(base, 'vulkan/icd.d'));
  const found = folders.flatMap((folder) =>
    list(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(folder, name)),
  );
  return [...pathsIn(env['VK_ADD_DRIVER_FILES']).filter((path) => existsSync(path)), ...found];
}

function hasLoader(env: NodeJS.ProcessEnv): boolean {
  const system = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/usr/local/lib', '/run/opengl-driver/lib'];
  const triplets = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((name) => `/usr/lib/${name}`);
  return [...pathsIn(env['LD_LIBRARY_PATH']), ...system, ...triplets].some((folder) =>
    existsSync(join(folder, 'libvulkan.so.1')),
  );
}

function gpuVendors(): readonly GpuVendor[] {
  const vendors = list('/sys/class/drm')
    .filter((name) => /^renderD\d+$/.test(name))
    .map((name): GpuVendor => {
      try {
        return VENDORS[readFileSync(`/sys/class/drm/${name}/device/vendor`, 'latin1').trim()] ?? 'other';
      } catch {
        return 'other';
      }
    });
  return [...new Set(vendors)];
}

export function inspectGraphics(env: NodeJS.ProcessEnv = process.env): Graphics {
  const nvidiaDriver = existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl');
  // Under Windows' Linux subsystem the GPU is behind a device of its own.
  const found = gpuVendors();
  const gpus: readonly GpuVendor[] = found.length === 0 && existsSync('/dev/dxg') ? ['other'] : found;
  return {
    loader: hasLoader(env),
    drivers: driverManifests(env),
    driversNamed: (env['VK_DRIVER_FILES'] ?? env['VK_ICD_FILENAMES'] ?? '') !== '',
    gpus: nvidiaDriver && !gpus.includes('NVIDIA') ? [...gpus, 'NVIDIA'] : gpus,
    nvidiaDriver,
  };
}

/** Whether a file lies beside a module, by the path that it is found under. */
export const fileExists = (path: string): boolean => existsSync(path);

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileExists, inspectGraphics, type Graphics } from '../../platform/graphics.ts';

/** Why a device of onnxruntime does not start, where this can be told, and the command that helps. */
export interface Missing {
  /** Half a sentence; undefined where only the runtime's own words tell. */
  readonly reason?: string;
  readonly hint: string;
}

const NO_GPU = 'Nothing to install: without a GPU, networks run on the CPU.';

function vulkan({ loader, drivers, gpus, nvidiaDriver }: Graphics): Missing {
  const packages = [
    ...(loader ? [] : ['libvulkan1']),
    ...(drivers.length > 0 ? [] : [gpus.includes('NVIDIA') ? 'nvidia-driver' : 'mesa-vulkan-drivers']),
  ];
  const hint = `\`apt-get install ${packages.join(' ')}\``;
  if (gpus.length === 0 && !nvidiaDriver) return { reason: 'this machine has no GPU', hint: NO_GPU };
  if (!loader) return { reason: 'the Vulkan loader is missing (libvulkan.so.1)', hint };
  if (drivers.length === 0) return { reason: `there is no Vulkan driver for the ${gpus.join(' and ')} GPU`, hint };
  return {
    hint: "The GPU's Vulkan driver does not do; `vulkaninfo` (apt-get install vulkan-tools) shows what it can do.",
  };
}

const PROVIDER_FILES = { cuda: 'libonnxruntime_providers_cuda.so', tensorrt: 'libonnxruntime_providers_tensorrt.so' };
/** Names of NVIDIA's package repository. */
const LIBRARIES = {
  cuda: 'cuda-libraries-12-8 libcudnn9-cuda-12',
  tensorrt: 'cuda-libraries-12-8 libcudnn9-cuda-12 libnvinfer10 libnvinfer-plugin10 libnvonnxparsers10',
};

/** The package's own folder: it may lie anywhere that Node finds packages. */
const packageFolder = (): string => dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));

function nvidia(id: keyof typeof PROVIDER_FILES, { nvidiaDriver, gpus }: Graphics): Missing {
  if (!nvidiaDriver) {
    return gpus.includes('NVIDIA')
      ? {
          reason: "NVIDIA's driver is not loaded",
          hint: '`apt-get install nvidia-driver`, then start the machine again.',
        }
      : { reason: 'this machine has no NVIDIA GPU', hint: NO_GPU };
  }
  const folder = packageFolder();
  const provider = join(folder, 'bin', 'napi-v6', process.platform, process.arch, PROVIDER_FILES[id]);
  if (!fileExists(provider)) {
    const script = join(folder, 'script', 'install.js');
    return {
      reason: `onnxruntime's ${id === 'cuda' ? 'CUDA' : 'TensorRT'} provider is not installed`,
      hint: `\`ONNXRUNTIME_NODE_INSTALL=cuda12 node ${script}\``,
    };
  }
  return { hint: `With NVIDIA's package repository: \`apt-get install ${LIBRARIES[id]}\`` };
}

/** What an execution provider needs that is not here. Looks at files only. */
export function missingFor(provider: string): Missing {
  const linux = process.platform === 'linux';
  switch (provider) {
    case 'webgpu':
      return linux ? vulkan(inspectGraphics()) : { hint: 'Install the newest driver of your GPU.' };
    case 'cuda':
    case 'tensorrt':
      return nvidia(provider, inspectGraphics());
    case 'dml':
      return { hint: 'Install the newest driver of your GPU.' };
    case 'coreml':
      return { hint: 'Update macOS.' };
    default:
      return { hint: 'Install the dependencies again with `npm ci` on this machine.' };
  }
}

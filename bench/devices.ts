// Frames a second of every device that works here: npm run bench:devices [-- --seconds 5] [--only webgpu] [--precision fp16] [--sizes 480p] [--dry]
import path from 'node:path';
import { parseArgs } from 'node:util';
import { listDevices, openEngine, resolveModel, type ResolvedModel } from '../src/restore/index.ts';
import { PRECISIONS, type Precision } from '../src/core/plan.ts';
import { dataPath } from './common/data.ts';
import { fixed, publishSection } from './common/report.ts';
import { upscaleSpeed, type Size } from './common/upscale-speed.ts';

const SIZES: Readonly<Record<string, Size>> = {
  '480p': { width: 854, height: 480 },
  '720p': { width: 1280, height: 720 },
  '1080p': { width: 1920, height: 1080 },
};
/** Of the networks: 480p ends a little below 4K. */
const LARGEST_SCALE = 4;
const BOX: Size = { width: 3840, height: 2160 };

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string' },
    sizes: { type: 'string', default: Object.keys(SIZES).join(',') },
    models: { type: 'string' },
    precision: { type: 'string', default: 'fp32,fp16' },
    dry: { type: 'boolean', default: false },
  },
});

/** As large as fits into 4K, in even numbers. */
function fitted({ width, height }: Size): Size {
  const factor = Math.min(LARGEST_SCALE, BOX.width / width, BOX.height / height);
  return { width: 2 * Math.round((width * factor) / 2), height: 2 * Math.round((height * factor) / 2) };
}

const notes = [
  'Frames of 4:2:0 in 8 bits in memory, enlarged to what fits into 3840x2160, by the stage that ships: networks, tiles, chroma, rounding to 10 bits. x2 networks are used where twice the size suffices. The CPU computes in 32-bit floats only.',
  'Busy: share of the time that the sessions of the device were inside networks.',
];

async function models(): Promise<ResolvedModel[]> {
  const found = await Promise.all(
    ['luma-x2-fast', 'luma-x2-quality', 'luma-x4-fast', 'luma-x4-quality'].map((id) => resolveModel('upscale', id)),
  );
  const realesr = dataPath('models', 'realesr-general-x4v3.onnx');
  if (realesr === undefined) notes.push('Skipped: realesr-general-x4v3, which is not here.');
  else found.push(await resolveModel('upscale', realesr));
  const wanted = values.models?.split(',');
  return found.filter(({ manifest }) => !wanted || wanted.includes(manifest.id));
}

const floatsOf = (device: string): readonly Precision[] =>
  PRECISIONS.filter((each) => (device === 'cpu' ? each === 'fp32' : values.precision.split(',').includes(each)));

async function measured(
  device: string,
  name: string,
  size: Size,
  to: Size,
  model: ResolvedModel,
  precision: Precision,
): Promise<string[]> {
  const engine = await openEngine({ device, precision, reuse: false, signal: new AbortController().signal });
  try {
    const workers = engine.lookAhead - 1;
    const seconds = Number(values.seconds);
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const speed = await upscaleSpeed(engine, model, size, to, { seconds, workers, sampling: '420', warn });
    for (const warning of warnings) console.error(warning);
    const figures = [String(workers), fixed(speed.framesPerSecond, 3), fixed(100 * speed.busy, 0)];
    const lost = !engine.devices.includes(device);
    return [
      ...[device, name, path.basename(model.manifest.id), precision, ...figures],
      lost ? 'dropped' : warnings.length > 0 ? 'with a warning' : '',
    ];
  } finally {
    await engine.close();
  }
}

const rows: string[][] = [];
const usable = (await listDevices()).filter(({ available, backend }) => available && backend === 'onnxruntime');
const networks = await models();
for (const { id } of usable.filter((device) => values.only === undefined || device.id === values.only)) {
  for (const name of values.sizes.split(',')) {
    const size = SIZES[name];
    if (!size) throw new Error(`There is no size ${name}; there are ${Object.keys(SIZES).join(', ')}.`);
    for (const model of networks) {
      const to = fitted(size);
      if ((model.manifest.scale ?? 1) * size.width < to.width) continue;
      for (const precision of floatsOf(id)) rows.push(await measured(id, name, size, to, model, precision));
      console.error(rows.at(-1)?.join('  '));
    }
  }
}
await publishSection(
  {
    id: 'devices',
    title: 'Devices: frames a second to 4K',
    columns: ['device', 'source', 'network', 'precision', 'sessions', 'frames/s', 'busy %', ''],
    rows,
    notes,
  },
  ['npm run bench:devices', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  !values.dry,
);

// What the pipeline costs beyond inference: npm run bench:pipeline [-- --seconds 6] [--upscale 4] [--model ID] [--dry]
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Frame } from '../src/core/frame.ts';
import type { Plan } from '../src/core/plan.ts';
import { decodeFrames } from '../src/decode/index.ts';
import { openSegmentEncoder } from '../src/encode/index.ts';
import { plan, restore, type RestoreOptions } from '../src/index.ts';
import { buildStages, closeStages } from '../src/pipeline/build-stages.ts';
import { listModels } from '../src/restore/index.ts';
import { drawClip } from './common/clip.ts';
import { fixed, publishSection } from './common/report.ts';

/** Restored frames that are kept for timing the encoder; it gets them again and again. */
const KEPT_FRAMES = 32;
const MUST = 1.15;
const [WIDTH, HEIGHT] = [320, 240];

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    upscale: { type: 'string', default: '4' },
    model: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const since = performance.now();
  await work();
  return (performance.now() - since) / 1000;
};

async function decodeAll(made: Plan): Promise<Frame[]> {
  const frames: Frame[] = [];
  // Never disposed, so that the pool does not hand their memory out again.
  for await (const frame of decodeFrames(made.decode, { signal: new AbortController().signal })) frames.push(frame);
  return frames;
}

interface Inference {
  /** Time inside networks, summed over all workers, by their number: what the machine cannot do faster. */
  readonly network: number;
  /** Wall time of the stages with frames in memory on both sides. */
  readonly wall: number;
  readonly kept: readonly Frame[];
}

/** The stages alone, from frames in memory: tiles, networks and workers as in the whole run. */
async function infer(made: Plan, frames: readonly Frame[]): Promise<Inference> {
  const { signal } = new AbortController();
  const built = await buildStages(made, {}, signal);
  try {
    const shots = [{ index: 0, range: { start: 0, end: frames.length } }];
    const through = async (some: readonly Frame[]): Promise<Frame[]> => {
      // eslint-disable-next-line @typescript-eslint/require-await -- stages take async iterables
      let stream = (async function* () {
        for (const frame of some) yield { ...frame, planes: frame.planes.map((plane) => plane.slice()) };
      })() as AsyncIterable<Frame>;
      for (const stage of built.stages) stream = stage.run(stream, { signal, shots, warn: console.error });
      const results: Frame[] = [];
      for await (const frame of stream) {
        if (results.length < KEPT_FRAMES) results.push(frame);
        else frame.dispose();
      }
      return results;
    };
    // Opens the networks in all workers.
    await through(frames.slice(0, 2 * built.engine.lookAhead));
    const before = built.engine.busySeconds().inference;
    let kept: Frame[] = [];
    const wall = await seconds(async () => {
      kept = await through(frames);
    });
    const workers = built.engine.lookAhead - 1;
    return { network: (built.engine.busySeconds().inference - before) / workers, wall, kept };
  } finally {
    await closeStages(built);
  }
}

async function encodeAll(made: Plan, kept: readonly Frame[], frames: readonly Frame[], file: string): Promise<void> {
  const { timeBase, frameRate } = made.decode;
  const { signal } = new AbortController();
  const encoder = openSegmentEncoder(made.encode, { path: file, timeBase, frameRate, signal });
  for (const [i, { pts, duration, index }] of frames.entries()) {
    const picture = kept[i % kept.length];
    if (picture) await encoder.write({ ...picture, pts, duration, index });
  }
  await encoder.finish();
}

async function best(scale: number): Promise<string> {
  const ids = (await listModels())
    .filter((model) => model.kind === 'upscale' && model.scale === scale)
    .map(({ id }) => id);
  const found = [`luma-x${scale}-quality`, `luma-x${scale}-fast`].find((id) => ids.includes(id)) ?? ids[0];
  if (found === undefined)
    throw new Error(`There is no embedded model that enlarges ${scale} times; name one with --model.`);
  return found;
}

const folder = await mkdtemp(path.join(tmpdir(), 'restore-bench-'));
try {
  const scale = Number(values.upscale);
  const model = values.model ?? (await best(scale));
  const name = path.basename(model, '.onnx');
  const input = path.join(folder, 'clip.mp4');
  await drawClip(input, { width: WIDTH, height: HEIGHT, seconds: Number(values.seconds) });
  const options: RestoreOptions = {
    input,
    output: path.join(folder, 'restored.mp4'),
    preset: 'none',
    upscale: scale,
    models: { upscale: model },
    codec: 'h264',
    encoderPreset: 'ultrafast',
    device: 'cpu',
    overwrite: true,
  };
  const { plan: made } = await plan(options);
  let frames: Frame[] = [];
  const decode = await seconds(async () => {
    frames = await decodeAll(made);
  });
  // Before and after the whole, so that a machine that changes its pace does not favor either.
  const first = await infer(made, frames);
  const encode = await seconds(() => encodeAll(made, first.kept, frames, path.join(folder, 'alone.mkv')));
  const whole = await seconds(async () => {
    for await (const event of restore(options)) if (event.type === 'warning') console.error(event.message);
  });
  const second = await infer(made, frames);
  const network = (first.network + second.network) / 2;
  const stages = (first.wall + second.wall) / 2;
  const row = (name: string, time: number): string[] => [
    name,
    fixed(time, 2),
    fixed((time * 1000) / frames.length, 1),
    fixed(time / network, 3),
  ];
  await publishSection(
    {
      id: `pipeline-${name}`,
      title: `Pipeline: what a run costs beyond its network, ${name}`,
      columns: ['part', 'seconds', 'ms a frame', 'over pure inference'],
      rows: [
        row('pure inference (inside networks, all cores)', network),
        row('stages alone, frames in memory', stages),
        row('pure decode', decode),
        row('pure encode', encode),
        [...row('the whole: probe to verified file', whole)],
      ],
      notes: [
        `${frames.length} frames of ${WIDTH}x${HEIGHT}, x${scale} with ${name}, H.264 ultrafast, ${availableParallelism()} cores, full verification: settings with which inference is the bottleneck. The whole must take at most ${MUST} times pure inference: ${whole <= MUST * network ? 'met' : 'missed'}.`,
        `Inference is measured before and after the whole and averaged (${fixed(first.network, 2)} s and ${fixed(second.network, 2)} s).`,
      ],
    },
    `npm run bench:pipeline -- --seconds ${values.seconds} --upscale ${scale} --model ${values.model === undefined ? name : path.basename(values.model)}`,
    !values.dry,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

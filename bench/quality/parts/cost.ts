import path from 'node:path';
import { fixed, type Section } from '../../common/report.ts';
import { dataPath } from '../../common/data.ts';
import type { Stage } from '../../../src/core/stage.ts';
import { listModels } from '../../../src/restore/index.ts';
import type { Part, PartTools } from '../part.ts';
import type { RgbPicture } from '../picture.ts';
import { normals } from '../random.ts';
import { colorFrame, grayFrame, Shipped } from '../shipped.ts';
import { lumaOfRgb } from '../metrics/luma.ts';

const [WIDTH, HEIGHT] = [320, 240];
const REFERENCE = 'realesr-general-x4v3';
/** Largest share of the reference's time that a network may take. */
const MUST: Readonly<Record<string, number>> = { 'luma-x4-fast': 0.2, 'luma-x4-quality': 1 };
const ROUNDS = 5;
/** Each round measures every network for about so long, so that disturbances from outside hit all alike. */
const ROUND_MS = 1500;

function texture(): RgbPicture {
  const next = normals(1);
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    data[i] = Math.min(255, Math.max(0, 128 + 70 * Math.sin(x / 9) * Math.cos(y / 13) + 12 * next()));
  }
  return { width: WIDTH, height: HEIGHT, data };
}

interface Contender {
  readonly name: string;
  readonly inferenceMs: number[];
  readonly wholeMs: number[];
  /** One frame; returns milliseconds inside the network and in all. */
  readonly once: () => Promise<{ readonly inference: number; readonly whole: number }>;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;

const enlarged = (scale: number): { width: number; height: number } => ({
  width: WIDTH * scale,
  height: HEIGHT * scale,
});

async function contender(shipped: Shipped, name: string, stage: Stage, isColor = false): Promise<Contender> {
  const picture = texture();
  const frame = isColor ? colorFrame(picture) : grayFrame(lumaOfRgb(picture));
  const once = async (): Promise<{ inference: number; whole: number }> => {
    const [before, since] = [shipped.engine.busySeconds().inference, performance.now()];
    await shipped.one(frame, [stage]);
    return { inference: (shipped.engine.busySeconds().inference - before) * 1000, whole: performance.now() - since };
  };
  // The first run opens the model.
  await once();
  return { name, inferenceMs: [], wholeMs: [], once };
}

async function race(contenders: readonly Contender[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    for (const { once, inferenceMs, wholeMs } of contenders) {
      const until = performance.now() + ROUND_MS;
      do {
        const { inference, whole } = await once();
        inferenceMs.push(inference);
        wholeMs.push(whole);
      } while (performance.now() < until);
    }
  }
}

async function run({ progress }: PartTools): Promise<Section> {
  const section = {
    id: 'quality-cost',
    title: `Cost: one frame of ${WIDTH}x${HEIGHT}, enlarged or colored, one CPU thread`,
    columns: ['model', 'network ms', 'with conversions ms', `share of ${REFERENCE}`, 'must', ''],
  };
  // An engine of one thread: what is compared is work, not how it spreads over cores.
  const shipped = await Shipped.open({ workers: 1 });
  try {
    const models = (await listModels()).filter((model) => model.kind === 'upscale');
    const contenders: Contender[] = [];
    for (const { id, scale = 1 } of models)
      contenders.push(await contender(shipped, id, await shipped.stage('upscale', enlarged(scale), id)));
    contenders.push(await contender(shipped, 'colorize', await shipped.stage('colorize', {}, 'colorize')));
    const real = dataPath('models', `${REFERENCE}.onnx`);
    if (real !== undefined) {
      const stage = await shipped.stage('upscale', enlarged(4), path.resolve(real));
      contenders.push(await contender(shipped, REFERENCE, stage, true));
    }
    progress(`${contenders.map(({ name }) => name).join(', ')} in turns`);
    await race(contenders);
    const reference = contenders.find(({ name }) => name === REFERENCE);
    const rows = contenders.map(({ name, inferenceMs, wholeMs }) => {
      const share = reference ? median(inferenceMs) / median(reference.inferenceMs) : undefined;
      const must = MUST[name];
      const judged = share !== undefined && must !== undefined;
      return [
        name,
        fixed(median(inferenceMs), 1),
        fixed(median(wholeMs), 1),
        fixed(share, 3),
        fixed(must, 1),
        judged ? (share <= must ? 'met' : 'missed') : '',
      ];
    });
    const notes = [`Medians over ${ROUNDS} rounds in which the networks take turns.`];
    if (real === undefined) notes.push(`${REFERENCE} is not in the data folder: no shares.`);
    return { ...section, rows, notes };
  } finally {
    await shipped.close();
  }
}

export const cost: Part = {
  name: 'cost',
  summary: 'time of the enlarging networks and the colorizer beside realesr-general-x4v3',
  run,
};

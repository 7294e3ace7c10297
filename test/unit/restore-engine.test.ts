import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { codeRange } from '../../src/core/color.ts';
import { coreCount } from '../../src/platform/workers.ts';
import { openEngine, resolveModel, type Engine } from '../../src/restore/index.ts';
import type { EngineOptions } from '../../src/restore/engine/engine.ts';
import { pictureModel, type PictureModel } from '../../src/restore/stages/environment.ts';
import type { LumaRequest } from '../../src/restore/tasks/luma.ts';
import {
  nanNet,
  pictureManifest,
  pictureNet,
  repeatNet,
  writeModel,
  type NetOptions,
} from '../fixtures/models/nets.ts';
import { externalTensor, node, onnxModel } from '../fixtures/models/onnx.ts';

// Runs real worker threads: the compiled files must be there (npm run build).

const FAULTY = pathToFileURL(join(import.meta.dirname, '../fixtures/backends/faulty.js')).href;
const opened: Engine[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()));
});

async function engineWith(options: Partial<EngineOptions>): Promise<Engine> {
  const engine = await openEngine({ device: 'cpu', workers: 1, signal: new AbortController().signal, ...options });
  opened.push(engine);
  return engine;
}

async function modelOf(bytes: Uint8Array, options: NetOptions): Promise<PictureModel> {
  const manifest = pictureManifest(bytes, options);
  return pictureModel('upscale', await resolveModel('upscale', writeModel(bytes, manifest)));
}

const [width, height] = [61, 47];
const plane = Uint8Array.from({ length: width * height }, (_, i) => 16 + ((i * 37 + (i >> 3) * 11) % 220));

function request(model: PictureModel, source = plane): () => LumaRequest {
  const { scale } = model.manifest;
  return () => ({
    task: 'luma',
    model,
    plane: source.slice(),
    source: { width, height, codes: codeRange('limited', 8) },
    target: { width: width * scale, height: height * scale, codes: codeRange('limited', 10) },
    strength: 0,
  });
}

const plain = { signal: new AbortController().signal, order: 0 };

/** Runs one job; the warnings come with the result. */
async function runOne(engine: Engine, model: PictureModel): Promise<{ plane: Uint16Array; warnings: string[] }> {
  const warnings: string[] = [];
  const reply = await engine.run(request(model), { ...plain, warn: (message) => warnings.push(message) });
  return { plane: reply.plane as Uint16Array, warnings };
}

const faulty = (habit: string): string[] => [`${FAULTY}?${habit}`];
const countFile = (): string => join(mkdtempSync(join(tmpdir(), 'restore-fault-')), 'count');

test('any number of workers and any tile size give the same bits', async () => {
  const options = { scale: 2, width: 16, layers: 3 };
  const model = await modelOf(pictureNet(options), options);
  const results: Uint16Array[] = [];
  for (const [workers, tileSize] of [
    [1, undefined],
    [2, 16],
    [3, 33],
  ] as const) {
    const engine = await engineWith({ workers, tileSize });
    const replies = await Promise.all(Array.from({ length: 4 }, () => runOne(engine, model)));
    results.push(...replies.map((reply) => reply.plane));
  }
  for (const result of results) expect(result).toEqual(results[0]);
});

test('many jobs may wait: no word from Node about listeners', async () => {
  const told: Error[] = [];
  const listen = (warning: Error): void => void told.push(warning);
  process.on('warning', listen);
  const model = await modelOf(repeatNet(2), { scale: 2 });
  const engine = await engineWith({});
  const many = Array.from({ length: 12 }, () =>
    engine.run(request(model), { signal: new AbortController().signal, order: 0, warn: () => undefined }),
  );
  await Promise.all(many);
  process.off('warning', listen);
  expect(told).toEqual([]);
});

test('what needs no network is as far ahead as the CPU has workers, whatever device runs networks', async () => {
  const other = await engineWith({ device: 'faulty', backendModules: faulty('fault=none'), workers: undefined });
  expect([other.lookAhead, other.pixelLookAhead]).toEqual([2, coreCount() + 1]);
  const cpu = await engineWith({ workers: 3 });
  expect([cpu.lookAhead, cpu.pixelLookAhead]).toEqual([4, 4]);
  const given = await engineWith({ device: 'faulty', backendModules: faulty('fault=none'), workers: 5 });
  expect([given.lookAhead, given.pixelLookAhead]).toEqual([6, 6]);
});

test('counts the time that workers are busy', async () => {
  const engine = await engineWith({});
  await runOne(engine, await modelOf(repeatNet(2), { scale: 2 }));
  const { inference, total, byStage } = engine.busySeconds();
  expect(inference).toBeGreaterThan(0);
  expect(total).toBeGreaterThanOrEqual(inference);
  expect(byStage).toEqual({ luma: total });
});

describe('faults', () => {
  test('a worker that dies is replaced, and the frame is done again', async () => {
    const engine = await engineWith({
      device: 'faulty',
      backendModules: faulty(`fault=crash&times=2&count=${countFile()}`),
    });
    const model = await modelOf(repeatNet(2), { scale: 2 });
    const { plane: result, warnings } = await runOne(engine, model);
    expect(result[0]).toBe(plane[0]! * 4);
    expect(warnings).toHaveLength(2);
    expect(engine.devices).toEqual(['faulty']);
  });

  test('a device whose workers always die is dropped, and the CPU goes on', async () => {
    const engine = await engineWith({ device: 'faulty', backendModules: faulty('fault=crash') });
    const { plane: result, warnings } = await runOne(engine, await modelOf(repeatNet(2), { scale: 2 }));
    expect(result[0]).toBe(plane[0]! * 4);
    expect(warnings.at(-1)).toContain('goes on with cpu');
    expect(engine.devices).toEqual(['cpu']);
  });

  test('a hung worker is replaced', async () => {
    const engine = await engineWith({
      device: 'faulty',
      stallMs: 4000,
      backendModules: faulty(`fault=hang&count=${countFile()}`),
    });
    const { plane: result, warnings } = await runOne(engine, await modelOf(repeatNet(2), { scale: 2 }));
    expect(result[0]).toBe(plane[0]! * 4);
    expect(warnings.join()).toContain('no sign of life');
  }, 60_000);

  test("a caller's own job is done again when its worker dies, on memory that both sides see", async () => {
    const module = join(mkdtempSync(join(tmpdir(), 'restore-call-')), 'jobs.mjs');
    writeFileSync(
      module,
      'export const runJob = ({ seen, value }) => (++seen[0] === 1 ? process.exit(1) : { twice: Float32Array.of(2 * value) });',
    );
    const seen = new Uint8Array(new SharedArrayBuffer(1));
    const warnings: string[] = [];
    const engine = await engineWith({});
    const job = () => ({ task: 'call', module, job: { seen, value: 4 } }) as const;
    const { result } = await engine.run(job, { ...plain, warn: (message) => warnings.push(message) });
    expect(result).toEqual({ twice: Float32Array.of(8) });
    expect(seen[0]).toBe(2);
    expect(warnings.join()).toContain('The frame is done again');
  });

  test('short memory makes tiles smaller, not the frame worse', async () => {
    const model = await modelOf(repeatNet(2), { scale: 2 });
    const whole = await runOne(await engineWith({ device: 'null' }), model);
    const engine = await engineWith({ device: 'faulty', backendModules: faulty('fault=oom&side=48') });
    const { plane: result, warnings } = await runOne(engine, model);
    expect(result).toEqual(whole.plane);
    expect(warnings.join()).toContain('tiles of');
    expect((await runOne(engine, model)).warnings).toEqual([]);
  });

  test('memory that does not suffice for the smallest tile is said, and asked for no further', async () => {
    const engine = await engineWith({ device: 'faulty', backendModules: faulty('fault=oom&side=8') });
    const model = await modelOf(repeatNet(2), { scale: 2 });
    await expect(runOne(engine, model)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  });

  test.each(['wrong', 'nan', 'error'])('a device that gives %s results at once is never used', async (fault) => {
    const engine = await engineWith({ device: 'faulty', backendModules: faulty(`fault=${fault}&trust=compared`) });
    const { plane: result, warnings } = await runOne(engine, await modelOf(repeatNet(2), { scale: 2 }));
    expect(result[0]).toBe(plane[0]! * 4);
    expect(warnings).toHaveLength(1);
    expect(engine.devices).toEqual(['cpu']);
  });

  test.each(['black', 'nan', 'error'])('a device that later gives %s results is dropped', async (fault) => {
    const count = countFile();
    // The comparison runs once and passes; the first frame does not.
    const engine = await engineWith({
      device: 'faulty',
      backendModules: faulty(`fault=${fault}&trust=compared&after=1&count=${count}`),
    });
    const model = await modelOf(repeatNet(2), { scale: 2 });
    const { plane: result, warnings } = await runOne(engine, model);
    expect(result[0]).toBe(plane[0]! * 4);
    expect(warnings).toHaveLength(1);
    expect(engine.devices).toEqual(['cpu']);
  });

  test.each([
    ['error', 1],
    ['error', 2],
    ['crash', 2],
  ])('all jobs that wait for a device that is dropped are done elsewhere: %s, %i workers', async (fault, workers) => {
    const engine = await engineWith({
      device: 'faulty',
      workers,
      backendModules: faulty(`fault=${fault}&trust=compared&after=1&times=9&count=${countFile()}`),
    });
    const model = await modelOf(repeatNet(2), { scale: 2 });
    const done = await Promise.all(Array.from({ length: 6 }, () => runOne(engine, model)));
    for (const { plane: result } of done) expect(result[0]).toBe(plane[0]! * 4);
    expect(engine.devices).toEqual(['cpu']);
  });

  test('a model whose result is not a number is refused on the CPU', async () => {
    const engine = await engineWith({});
    const manifest = { ...pictureManifest(nanNet(), { scale: 2 }), scale: 1 };
    const model = pictureModel('upscale', await resolveModel('upscale', writeModel(nanNet(), manifest)));
    await expect(runOne(engine, model)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  test('weights that change under the run are refused', async () => {
    const model = await modelOf(repeatNet(2), { scale: 2 });
    const engine = await engineWith({});
    await expect(runOne(engine, { ...model, sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('networks of other forms than planes of floats', () => {
  const form = { layout: 'nhwc', type: 'uint8', range: [0, 255] } as const;
  const bytes = pictureNet({ scale: 2, form });
  const brought = async (): Promise<PictureModel> =>
    pictureModel('upscale', await resolveModel('upscale', writeModel(bytes)));

  test.each(['', '&fault=wrong'])('are compared with the CPU on other devices too%s', async (fault) => {
    // The device repeats pixels, which is not what the network does: it is found out and dropped.
    const engine = await engineWith({ device: 'faulty', backendModules: faulty(`trust=compared${fault}`) });
    const { warnings } = await runOne(engine, await brought());
    expect(warnings).toEqual([expect.stringMatching(/another result than the CPU/)]);
    expect(engine.devices).toEqual(['cpu']);
  });

  test('go on with smaller tiles where memory is short', async () => {
    const engine = await engineWith({ device: 'faulty', backendModules: faulty('fault=oom&side=60') });
    const { plane: result, warnings } = await runOne(engine, await brought());
    expect(result).toHaveLength(4 * plane.length);
    expect(warnings.join(' ')).toMatch(/goes on with tiles of/);
  });

  test('say so where they take one size, and that does not fit', async () => {
    const path = writeModel(pictureNet({ scale: 2, form: { size: [96, 96] } }));
    const model = pictureModel('upscale', await resolveModel('upscale', path));
    const engine = await engineWith({ device: 'faulty', backendModules: faulty('fault=oom&side=60') });
    await expect(runOne(engine, model)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
  });

  test('are read from several files', async () => {
    const path = writeModel(
      onnxModel({
        inputs: { x: ['N', 1, 'H', 'W'] },
        outputs: { y: ['N', 1, 'outH', 'outW'] },
        constants: [externalTensor('w', [4, 1, 1, 1], 'weights.bin', 0)],
        nodes: [
          node('Conv', ['x', 'w'], 'many', { kernel_shape: [1, 1] }),
          node('DepthToSpace', ['many'], 'y', { blocksize: 2, mode: 'CRD' }),
        ],
      }),
    );
    const weights = join(dirname(path), 'weights.bin');
    writeFileSync(weights, new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer));
    const model = pictureModel('upscale', await resolveModel('upscale', path));
    const { plane: result } = await runOne(await engineWith({}), model);
    expect(result[0]).toBe(plane[0]! * 4);
    writeFileSync(weights, new Uint8Array(Float32Array.of(1, 1, 1, 0).buffer));
    await expect(runOne(await engineWith({}), model)).rejects.toThrow(/not the ones that were checked before/);
  });
});

test('abort rejects what runs and what waits with its reason, and the engine works on', async () => {
  const engine = await engineWith({});
  const model = await modelOf(repeatNet(2), { scale: 2 });
  const controller = new AbortController();
  const jobs = Array.from({ length: 6 }, (_, order) =>
    engine.run(request(model), { signal: controller.signal, order, warn: () => undefined }),
  );
  const settled = Promise.allSettled(jobs);
  controller.abort(new Error('enough'));
  for (const job of await settled) expect(job).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
  expect((await runOne(engine, model)).plane[0]).toBe(plane[0]! * 4);
});

test('close rejects what is under way', async () => {
  const engine = await engineWith({});
  const model = await modelOf(repeatNet(2), { scale: 2 });
  const settled = Promise.allSettled([runOne(engine, model), runOne(engine, model)]);
  await engine.close();
  for (const job of await settled) expect(job).toMatchObject({ status: 'rejected', reason: { code: 'WORKER_FAILED' } });
});

test('an unknown device is refused with the ones that there are', async () => {
  await expect(engineWith({ device: 'abacus' })).rejects.toMatchObject({
    code: 'DEVICE_UNAVAILABLE',
    hint: expect.stringContaining('cpu') as string,
  });
});

import { setMaxListeners } from 'node:events';
import { createRequire } from 'node:module';
import { RestorationError } from '../../core/errors.ts';
import type { Precision } from '../../core/plan.ts';
import type { ModelFormat } from '../backends/index.ts';
import { formatOf } from '../models/weights.ts';
import type { ReplyTo, TaskRequest } from '../tasks/index.ts';
import { DeviceQueue, type QueuedJob } from './device-queue.ts';
import { findDevices, referenceDevices, type UsableDevice } from './devices.ts';
import type { Outcome } from './lane.ts';
import { defaultWorkers } from './measure.ts';
import { Tally } from './tally.ts';
import { readTunings, type TuningEntry } from './tuning-cache.ts';
import { workerDataFor } from './worker-data.ts';

/** Frames in flight at most for each worker, however unlike the devices are: each holds its planes in memory. */
const MOST_AHEAD = 4;

export interface EngineOptions {
  /** A device id, several with commas between them (frames are spread over them by their speed), or 'auto': the CPU. */
  readonly device: string;
  /** Worker threads for each device; default: one a core on the CPU, one on others. */
  readonly workers?: number | undefined;
  /** Longest side of a tile in input pixels; default: what fits memory. The result does not depend on it. */
  readonly tileSize?: number | undefined;
  /** false: every part of every picture is computed, whether it has changed or not. The result does not depend on it. */
  readonly reuse?: boolean | undefined;
  /** Default: 32-bit floats. The CPU always computes with those. */
  readonly precision?: Precision | undefined;
  readonly signal: AbortSignal;
  /** A worker that gives no sign of life for so long is replaced. Default: 5 minutes. */
  readonly stallMs?: number | undefined;
  /** URLs of modules that export a further `backend`. */
  readonly backendModules?: readonly string[] | undefined;
}

export interface JobOptions {
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
  /** The frame's index: earlier frames go first. */
  readonly order: number;
  /** Whose job it is; default: its task's name. */
  readonly stage?: string | undefined;
}

/** Seconds that all workers together have spent. */
export interface EngineLoad {
  /** Inside networks. */
  readonly inference: number;
  readonly total: number;
  /** `total` by stage, or by task where a job is no stage's. */
  readonly byStage: Readonly<Record<string, number>>;
}

/** Worker threads that run networks and pixel work. Close it, or they keep the program alive. */
export interface Engine {
  /** Devices in use; one that failed is gone from the list. */
  readonly devices: readonly string[];
  /** What networks were asked for. Stages count what they do not ask for. */
  readonly tally: Tally;
  /** Frames that a stage should have in flight to keep all workers busy; changes with what is measured. */
  readonly lookAhead: number;
  /** As `lookAhead`, of a stage whose jobs need no network: those are the CPU's, whatever the devices are. */
  readonly pixelLookAhead: number;
  /**
   * Does a job on the device that will be done with it first. `request` makes the message; its buffers are handed over, and it is called
   * again when a worker was lost. Rejects with the signal's reason on abort, WORKER_FAILED (retryable), OUT_OF_MEMORY,
   * MODEL_INVALID.
   */
  run<Request extends TaskRequest>(request: () => Request, options: JobOptions): Promise<ReplyTo<Request>>;
  busySeconds(): EngineLoad;
  close(): Promise<void>;
}

class WorkerEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #entry: string;
  readonly tally = new Tally();
  readonly #stop = new AbortController();
  readonly #load = { inference: 0, total: 0, byStage: {} as Record<string, number> };
  readonly #noted = new Set<string>();
  #queues: DeviceQueue[];
  /** For work that none of the devices does: without a network, or with one in a format that they do not read. */
  readonly #helpers = new Map<string, DeviceQueue>();
  readonly #references: ReadonlyMap<ModelFormat, UsableDevice>;
  readonly #tunings: ReadonlyMap<string, readonly TuningEntry[]>;

  constructor(
    options: EngineOptions,
    devices: readonly UsableDevice[],
    references: ReadonlyMap<ModelFormat, UsableDevice>,
    tunings: ReadonlyMap<string, readonly TuningEntry[]>,
  ) {
    // Every job that waits listens to it, and stages may have many waiting.
    setMaxListeners(0, this.#stop.signal);
    this.#tunings = tunings;
    this.#options = options;
    this.#references = references;
    this.#entry = createRequire(import.meta.url).resolve('#inference-worker');
    this.#queues = devices.map((device) => this.#queueFor(device));
  }

  get devices(): readonly string[] {
    return this.#queues.map(({ device }) => device);
  }

  get lookAhead(): number {
    const workers = this.#queues.reduce((sum, queue) => sum + queue.workers, 0);
    if (this.#queues.length < 2) return workers + 1;
    // While a slow device does one frame, a fast one does many: output is in order, so that they wait for it.
    const kinds = new Set(this.#queues.flatMap((queue) => queue.kinds));
    const ahead = [...kinds].map((kind) => {
      const slowest = Math.max(0, ...this.#queues.map((queue) => queue.pace(kind) ?? 0));
      return this.#queues.reduce(
        (sum, queue) => sum + queue.workers * Math.ceil(slowest / (queue.pace(kind) ?? slowest)),
        0,
      );
    });
    return Math.min(MOST_AHEAD * workers, Math.max(workers, ...ahead.filter(Number.isFinite))) + 1;
  }

  get pixelLookAhead(): number {
    return this.#helper('onnx').workers + 1;
  }

  async run<Request extends TaskRequest>(request: () => Request, options: JobOptions): Promise<ReplyTo<Request>> {
    const first = request();
    let made: Request | undefined = first;
    const signals = [options.signal, this.#stop.signal];
    const job: QueuedJob = {
      kind: 'model' in first ? `${first.task} ${first.model.sha256}` : first.task,
      // The first message is made already; it is used once.
      request: () => {
        const message = made ?? request();
        made = undefined;
        return message;
      },
      note: (message) => {
        this.#warn(message, options);
      },
      order: options.order,
      check: () => {
        for (const signal of signals) signal.throwIfAborted();
      },
    };
    const outcome = await abortable(
      this.#runSomewhere(job, 'model' in first ? formatOf(first.model.path) : undefined, options),
      signals,
    );
    this.#count(options.stage ?? first.task, outcome);
    if ('model' in first) this.tally.computed(outcome.unchanged);
    return outcome.reply;
  }

  busySeconds(): EngineLoad {
    return { ...this.#load, byStage: { ...this.#load.byStage } };
  }

  async close(): Promise<void> {
    this.#stop.abort(new RestorationError('WORKER_FAILED', 'The engine was closed.', { retryable: true }));
    await Promise.all([...new Set([...this.#queues, ...this.#helpers.values()])].map((queue) => queue.close()));
  }

  /** `format` is that of the job's network. */
  async #runSomewhere(job: QueuedJob, format: ModelFormat | undefined, options: JobOptions): Promise<Outcome> {
    for (;;) {
      const queue = format === undefined ? this.#helper('onnx') : this.#soonest(job.kind, format);
      try {
        return await queue.run(job);
      } catch (error) {
        const dropped =
          error instanceof RestorationError &&
          (error.code === 'DEVICE_UNAVAILABLE' || error.code === 'WORKER_FAILED') &&
          !queue.isReference;
        if (!dropped) throw error;
        job.check();
        await this.#drop(queue, error, options, format ?? 'onnx');
      }
    }
  }

  /** A device that fails leaves; when none is left the CPU takes over. */
  async #drop(queue: DeviceQueue, error: RestorationError, options: JobOptions, format: ModelFormat): Promise<void> {
    if (!this.#queues.includes(queue)) return;
    this.#queues = this.#queues.filter((each) => each !== queue);
    if (!this.#queues.some(({ formats }) => formats.includes(format))) this.#queues.push(this.#helper(format));
    this.#warn(`${error.message} The work goes on with ${this.devices.join(', ')}.`, options);
    await queue.close();
  }

  /** The device that will be done first with another job, by what its jobs have taken so far. */
  #soonest(kind: string, format: ModelFormat): DeviceQueue {
    const fit = this.#queues.filter(({ formats }) => formats.includes(format));
    const [first] = fit;
    if (!first) return this.#helper(format);
    // A device that has not been measured yet counts as the fastest known: so it gets a job and is measured.
    const known = Math.min(...fit.map((queue) => queue.pace(kind) ?? Infinity));
    const untried = Number.isFinite(known) ? known : 1;
    return fit.reduce((best, queue) => (queue.wait(kind, untried) < best.wait(kind, untried) ? queue : best), first);
  }

  /** The CPU's queue for networks of this format, of the chosen devices or besides them. */
  #helper(format: ModelFormat): DeviceQueue {
    const reference = this.#references.get(format);
    if (!reference) throw new RestorationError('INTERNAL', `No device is the reference for ${format} models.`);
    const { id } = reference.kind;
    const own = this.#queues.find(({ device }) => device === id) ?? this.#helpers.get(id);
    if (own) return own;
    const helper = this.#queueFor(reference);
    this.#helpers.set(id, helper);
    return helper;
  }

  #queueFor({ kind, formats }: UsableDevice): DeviceQueue {
    const tunings = this.#tunings.get(kind.id) ?? [];
    const most = Math.max(0, ...tunings.map((tuning) => tuning.workers));
    const wanted = this.#options.workers ?? (most > 0 ? most : defaultWorkers(kind));
    const workers = kind.oneThread ? 1 : wanted;
    const data = workerDataFor(kind, {
      workers,
      backendModules: this.#options.backendModules ?? [],
      tileSize: this.#options.tileSize,
      precision: this.#options.precision,
      tuned: Object.fromEntries(tunings.map((tuning) => [tuning.sha256, tuning])),
      reuse: this.#options.reuse ?? true,
    });
    const isReference = kind.trust === 'reference';
    const lane = { entry: this.#entry, data, stallMs: this.#options.stallMs ?? 300_000 };
    return new DeviceQueue({ device: kind.id, formats, isReference, workers, lane });
  }

  #count(stage: string, { inferenceMs, totalMs }: Outcome): void {
    this.#load.inference += inferenceMs / 1000;
    this.#load.total += totalMs / 1000;
    this.#load.byStage[stage] = (this.#load.byStage[stage] ?? 0) + totalMs / 1000;
  }

  /** Each sentence once: what happens to one frame happens to the next. */
  #warn(message: string, { warn }: JobOptions): void {
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    warn(message);
  }
}

/** Rejects with a signal's reason as soon as one is aborted; the work itself is left to end. */
function abortable<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signals.find(({ aborted }) => aborted)?.reason as Error);
    };
    if (signals.some(({ aborted }) => aborted)) onAbort();
    for (const signal of signals) signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(() => {
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    });
  });
}

/**
 * Checks the devices and starts nothing yet: threads start with their first job. Throws DEVICE_UNAVAILABLE for a device
 * that does not exist or does not start. One that fails later is dropped with a warning.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  options.signal.throwIfAborted();
  const { device, backendModules = [] } = options;
  const [devices, references] = [await findDevices(device, { backendModules }), await referenceDevices(backendModules)];
  const tunings = new Map<string, readonly TuningEntry[]>();
  for (const { kind } of devices) {
    // The CPU is as fast on any tile, and gets a session for each core.
    if (kind.trust === 'compared') tunings.set(kind.id, await readTunings(kind.id));
  }
  return new WorkerEngine(options, devices, references, tunings);
}

import { createRequire } from 'node:module';
import { RestorationError } from '../../core/errors.ts';
import { coreCount, totalMemoryBytes } from '../../platform/workers.ts';
import { allBackends, findDevice } from '../backends/index.ts';
import type { ReplyTo, TaskName, TaskRequest } from '../tasks/index.ts';
import { DeviceQueue, type QueuedJob } from './device-queue.ts';
import type { Outcome } from './lane.ts';
import type { WorkerData } from './protocol.ts';

/** Share of the machine's memory that all networks together may fill, and its bound for each worker. */
const MEMORY_SHARE = 0.25;
const WORKER_MEMORY_BYTES = 192 * 2 ** 20;
const REFERENCE_DEVICE = 'cpu';

export interface EngineOptions {
  /** A device id, several with commas between them, or 'auto'. */
  readonly device: string;
  /** Worker threads for each device; default: one a core on the CPU, one on others. */
  readonly workers?: number | undefined;
  /** Longest side of a tile in input pixels; default: what fits memory. The result does not depend on it. */
  readonly tileSize?: number | undefined;
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
}

/** Seconds that all workers together have spent. */
export interface EngineLoad {
  /** Inside networks. */
  readonly inference: number;
  readonly total: number;
  /** `total` by kind of task. */
  readonly byTask: Readonly<Partial<Record<TaskName, number>>>;
}

/** Worker threads that run networks and pixel work. Close it, or they keep the program alive. */
export interface Engine {
  /** Devices in use; one that failed is gone from the list. */
  readonly devices: readonly string[];
  /** Frames that a stage should have in flight to keep all workers busy. */
  readonly lookAhead: number;
  /**
   * Does a job on the least loaded worker. `request` makes the message; its buffers are handed over, and it is called
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
  readonly #stop = new AbortController();
  readonly #load = { inference: 0, total: 0, byTask: {} as Partial<Record<TaskName, number>> };
  readonly #noted = new Set<string>();
  #queues: DeviceQueue[];
  /** For work without a network when all devices are others than the CPU. */
  #helpers: DeviceQueue | undefined;

  constructor(options: EngineOptions, devices: readonly string[]) {
    this.#options = options;
    this.#entry = createRequire(import.meta.url).resolve('#inference-worker');
    this.#queues = devices.map((device) => this.#queueFor(device));
  }

  get devices(): readonly string[] {
    return this.#queues.map(({ device }) => device);
  }

  get lookAhead(): number {
    return this.#queues.reduce((sum, { workers }) => sum + workers, 0) + 1;
  }

  async run<Request extends TaskRequest>(request: () => Request, options: JobOptions): Promise<ReplyTo<Request>> {
    const first = request();
    let made: Request | undefined = first;
    const signals = [options.signal, this.#stop.signal];
    const job: QueuedJob = {
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
    const outcome = await abortable(this.#runSomewhere(job, 'model' in first, options), signals);
    this.#count(first.task, outcome);
    return outcome.reply;
  }

  busySeconds(): EngineLoad {
    return { ...this.#load, byTask: { ...this.#load.byTask } };
  }

  async close(): Promise<void> {
    this.#stop.abort(new RestorationError('WORKER_FAILED', 'The engine was closed.', { retryable: true }));
    const queues = this.#helpers ? [...this.#queues, this.#helpers] : this.#queues;
    await Promise.all(queues.map((queue) => queue.close()));
  }

  async #runSomewhere(job: QueuedJob, needsNetwork: boolean, options: JobOptions): Promise<Outcome> {
    for (;;) {
      const queue = needsNetwork ? this.#leastLoaded() : this.#helper();
      try {
        return await queue.run(job);
      } catch (error) {
        const dropped =
          error instanceof RestorationError &&
          (error.code === 'DEVICE_UNAVAILABLE' || error.code === 'WORKER_FAILED') &&
          queue.device !== REFERENCE_DEVICE;
        if (!dropped) throw error;
        job.check();
        await this.#drop(queue, error, options);
      }
    }
  }

  /** A device that fails leaves; when none is left the CPU takes over. */
  async #drop(queue: DeviceQueue, error: RestorationError, options: JobOptions): Promise<void> {
    if (!this.#queues.includes(queue)) return;
    this.#queues = this.#queues.filter((each) => each !== queue);
    if (this.#queues.length === 0) this.#queues = [this.#helper()];
    this.#warn(`${error.message} The work goes on with ${this.devices.join(', ')}.`, options);
    await queue.close();
  }

  #leastLoaded(): DeviceQueue {
    return this.#queues.reduce((best, queue) => (queue.load < best.load ? queue : best));
  }

  #helper(): DeviceQueue {
    return (
      this.#queues.find(({ device }) => device === REFERENCE_DEVICE) ??
      (this.#helpers ??= this.#queueFor(REFERENCE_DEVICE))
    );
  }

  #queueFor(device: string): DeviceQueue {
    const cores = coreCount();
    const workers = this.#options.workers ?? (device === REFERENCE_DEVICE ? cores : 1);
    const data: WorkerData = {
      device,
      backendModules: this.#options.backendModules ?? [],
      // Sessions of one thread each use the cores better than one session of many.
      threads: device === REFERENCE_DEVICE ? 1 : Math.max(1, Math.floor(cores / 2)),
      tileSize: this.#options.tileSize,
      memoryBytes: Math.min(WORKER_MEMORY_BYTES, (totalMemoryBytes() * MEMORY_SHARE) / workers),
    };
    return new DeviceQueue(device, workers, {
      entry: this.#entry,
      data,
      stallMs: this.#options.stallMs ?? 300_000,
    });
  }

  #count(task: TaskName, { inferenceMs, totalMs }: Outcome): void {
    this.#load.inference += inferenceMs / 1000;
    this.#load.total += totalMs / 1000;
    this.#load.byTask[task] = (this.#load.byTask[task] ?? 0) + totalMs / 1000;
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

async function checkedDevices(device: string, backendModules: readonly string[]): Promise<readonly string[]> {
  const devices = device === 'auto' ? [REFERENCE_DEVICE] : device.split(',').map((id) => id.trim());
  const all = await allBackends(backendModules);
  for (const id of devices) {
    const { backend, kind } = findDevice(id, all);
    if (kind.trust === 'reference') continue;
    const { available, name, reason, hint } = await backend.inspect(id);
    if (available) continue;
    throw new RestorationError('DEVICE_UNAVAILABLE', `${name} cannot be used here. ${reason ?? ''}`.trim(), {
      hint: hint ?? '`restore doctor` shows which devices work here.',
    });
  }
  return devices;
}

/** What a plan names: the devices behind 'auto', tried. Throws DEVICE_UNAVAILABLE as `openEngine` does. */
export const resolveDevice = async (device: string): Promise<string> => (await checkedDevices(device, [])).join(',');

/**
 * Checks the devices and starts nothing yet: threads start with their first job. Throws DEVICE_UNAVAILABLE for a device
 * that does not exist or does not start. One that fails later is dropped with a warning.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  options.signal.throwIfAborted();
  return new WorkerEngine(options, await checkedDevices(options.device, options.backendModules ?? []));
}

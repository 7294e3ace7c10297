import { setMaxListeners } from 'node:events';
import PQueue from 'p-queue';
import { RestorationError } from '../../core/errors.ts';
import type { ModelFormat } from '../backends/index.ts';
import type { TaskRequest } from '../tasks/index.ts';
import { Lane, type LaneOptions, type Outcome } from './lane.ts';

/** Attempts at one job whose worker crashes or hangs. */
const ATTEMPTS = 3;

export interface QueuedJob {
  /** Jobs of the same kind take about the same time on the same device: task and network. */
  readonly kind: string;
  readonly request: () => TaskRequest;
  readonly note: (message: string) => void;
  /** Earlier frames first. */
  readonly order: number;
  /** Throws when the job is not wanted any more. */
  readonly check: () => void;
}

/** Weight of the newest job in the running mean of what jobs take: some ten jobs are remembered. */
const NEWEST = 0.2;

/** Share of a picture up to which the rest tells how long the whole would take. */
const MOST_UNCHANGED = 0.8;

export interface DeviceQueueOptions {
  readonly device: string;
  readonly formats: readonly ModelFormat[];
  readonly isReference: boolean;
  readonly workers: number;
  readonly lane: LaneOptions;
}

/** The workers of one device and the jobs that wait for them. */
export class DeviceQueue {
  readonly device: string;
  readonly formats: readonly ModelFormat[];
  readonly isReference: boolean;
  readonly workers: number;
  readonly #queue: PQueue;
  readonly #idle: Lane[];
  readonly #lanes: readonly Lane[];
  readonly #closing = new AbortController();

  /** Running mean of what a job takes, by kind, and how many were done. */
  readonly #paces = new Map<string, { readonly done: number; readonly ms: number | undefined }>();

  constructor({ device, formats, isReference, workers, lane }: DeviceQueueOptions) {
    this.device = device;
    this.formats = formats;
    this.isReference = isReference;
    this.workers = workers;
    this.#queue = new PQueue({ concurrency: workers });
    this.#lanes = Array.from({ length: workers }, () => new Lane(lane));
    this.#idle = [...this.#lanes];
    // Every job that waits listens to it.
    setMaxListeners(0, this.#closing.signal);
  }

  /** Milliseconds that one of its workers needs for a job of a kind; undefined as long as too few were done. */
  pace(kind: string): number | undefined {
    return this.#paces.get(kind)?.ms;
  }

  /** Kinds of jobs that were done here. */
  get kinds(): readonly string[] {
    return [...this.#paces.keys()];
  }

  /** When one more job would be done, in milliseconds; `untried` is the pace to assume of a device without one. */
  wait(kind: string, untried: number): number {
    const rounds = Math.floor((this.#queue.size + this.#queue.pending) / this.workers) + 1;
    return rounds * (this.pace(kind) ?? untried);
  }

  async run(job: QueuedJob): Promise<Outcome> {
    const { signal } = this.#closing;
    const outcome = await this.#queue.add(() => this.#attempt(job), { priority: -job.order, signal });
    const { done, ms } = this.#paces.get(job.kind) ?? { done: 0, ms: undefined };
    // A picture that was hardly computed says nothing about the device.
    if (outcome.unchanged > MOST_UNCHANGED) return outcome;
    const whole = outcome.totalMs / (1 - outcome.unchanged);
    const mean = ms === undefined ? whole : (1 - NEWEST) * ms + NEWEST * whole;
    // The first job of each worker opens the network too, which says nothing about the next.
    this.#paces.set(job.kind, { done: done + 1, ms: done < this.workers ? undefined : mean });
    return outcome;
  }

  /** Ends the threads. Jobs that run or wait are rejected with WORKER_FAILED, so that another device can do them. */
  async close(): Promise<void> {
    this.#closing.abort(new RestorationError('WORKER_FAILED', `${this.device} was given up.`, { retryable: true }));
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  async #attempt({ request, note, check }: QueuedJob): Promise<Outcome> {
    // The queue runs as many jobs at once as there are lanes, so one is idle.
    const lane = this.#idle.pop();
    if (!lane) throw new RestorationError('INTERNAL', `The queue of ${this.device} has no free worker.`);
    try {
      for (let attempt = 1; ; attempt++) {
        check();
        try {
          return await lane.run(request, note);
        } catch (error) {
          const again = error instanceof RestorationError && error.code === 'WORKER_FAILED' && attempt < ATTEMPTS;
          // What was closed must not start a thread anew.
          if (!again || this.#closing.signal.aborted) throw error;
          check();
          note(`${error.message} The frame is done again (attempt ${attempt + 1} of ${ATTEMPTS}).`);
        }
      }
    } finally {
      this.#idle.push(lane);
    }
  }
}

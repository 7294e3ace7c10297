import PQueue from 'p-queue';
import { RestorationError } from '../../core/errors.ts';
import type { TaskRequest } from '../tasks/index.ts';
import { Lane, type LaneOptions, type Outcome } from './lane.ts';

/** Attempts at one job whose worker crashes or hangs. */
const ATTEMPTS = 3;

export interface QueuedJob {
  readonly request: () => TaskRequest;
  readonly note: (message: string) => void;
  /** Earlier frames first. */
  readonly order: number;
  /** Throws when the job is not wanted any more. */
  readonly check: () => void;
}

/** The workers of one device and the jobs that wait for them. */
export class DeviceQueue {
  readonly device: string;
  readonly workers: number;
  readonly #queue: PQueue;
  readonly #idle: Lane[];
  readonly #lanes: readonly Lane[];

  constructor(device: string, workers: number, options: LaneOptions) {
    this.device = device;
    this.workers = workers;
    this.#queue = new PQueue({ concurrency: workers });
    this.#lanes = Array.from({ length: workers }, () => new Lane(options));
    this.#idle = [...this.#lanes];
  }

  /** Jobs waiting and running for each worker. */
  get load(): number {
    return (this.#queue.size + this.#queue.pending) / this.workers;
  }

  run(job: QueuedJob): Promise<Outcome> {
    return this.#queue.add(() => this.#attempt(job), { priority: -job.order });
  }

  async close(): Promise<void> {
    this.#queue.clear();
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
          if (!again) throw error;
          check();
          note(`${error.message} The frame is done again (attempt ${attempt + 1} of ${ATTEMPTS}).`);
        }
      }
    } finally {
      this.#idle.push(lane);
    }
  }
}

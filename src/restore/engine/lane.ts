import { RestorationError } from '../../core/errors.ts';
import { startThread, type Thread } from '../../platform/workers.ts';
import type { TaskReply, TaskRequest } from '../tasks/index.ts';
import { buffersOf, type FromWorker, type ToWorker, type WorkerData } from './protocol.ts';

/** A finished job. */
export interface Outcome {
  readonly reply: TaskReply;
  readonly inferenceMs: number;
  readonly totalMs: number;
  /** Share (0..1) of the picture that the network need not compute. */
  readonly unchanged: number;
}

interface Current {
  readonly id: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: RestorationError) => void;
  readonly note: (message: string) => void;
}

export interface LaneOptions {
  readonly entry: string;
  readonly data: WorkerData;
  /** A worker that says nothing for so long during a job is taken for hung. */
  readonly stallMs: number;
}

const lost = (what: string): RestorationError =>
  new RestorationError('WORKER_FAILED', `A worker thread ${what}.`, {
    hint: 'Run the same command again: finished segments are kept.',
    retryable: true,
  });

/** One worker thread and its replacement when it dies. Does one job at a time. */
export class Lane {
  readonly #options: LaneOptions;
  #thread: Thread | undefined;
  #current: Current | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextId = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /**
   * Does a job. `request` is called for the message to send: its buffers are handed over, so that every attempt needs
   * its own. Rejects with WORKER_FAILED (retryable) when the thread crashed or hung; the next job gets a new one.
   */
  run(request: () => TaskRequest, note: (message: string) => void): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#current = { id, resolve, reject, note };
      const message: ToWorker = { id, request: request() };
      this.#thread ??= this.#start();
      this.#thread.post(message, buffersOf(message.request));
      this.#watch();
    });
  }

  /** Ends the thread: an idle one at once, others when the network returns. A job that runs is rejected. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#fail(lost('was closed'));
    if (!thread) return;
    // A network that computes is not to be interrupted, and one that hangs never returns: neither is waited for longer.
    const patience = new Promise<void>((resolve) => setTimeout(resolve, 5000).unref());
    await Promise.race([thread.end(), patience]);
  }

  #start(): Thread {
    const thread = startThread(this.#options.entry, this.#options.data, {
      onMessage: (message) => {
        if (this.#thread === thread) this.#receive(message as FromWorker);
      },
      onEnd: (reason) => {
        if (this.#thread === thread) this.#fail(lost(`died: ${reason}`));
      },
    });
    return thread;
  }

  #receive(message: FromWorker): void {
    const current = this.#current;
    if (!current) return;
    this.#watch();
    switch (message.type) {
      case 'alive':
        return;
      case 'note':
        current.note(message.message);
        return;
      case 'done':
        if (message.id !== current.id) return;
        this.#settle();
        current.resolve(message);
        return;
      case 'failed': {
        if (message.id !== current.id) return;
        this.#settle();
        const { code, message: text, hint, retryable } = message.error;
        current.reject(new RestorationError(code, text, { retryable, ...(hint === undefined ? {} : { hint }) }));
      }
    }
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const { stallMs } = this.#options;
    this.#timer = setTimeout(() => {
      void this.#thread?.end();
      this.#fail(lost(`gave no sign of life for ${Math.round(stallMs / 1000)} s`));
    }, stallMs);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#current = undefined;
  }

  #fail(error: RestorationError): void {
    const current = this.#current;
    this.#settle();
    this.#thread = undefined;
    current?.reject(error);
  }
}

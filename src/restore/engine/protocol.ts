import type { ErrorCode } from '../../core/errors.ts';
import type { Precision } from '../../core/plan.ts';
import type { TaskReply, TaskRequest } from '../tasks/index.ts';
import type { FloatType } from '../tasks/task.ts';

/** What suits a network on a device, as far as a worker needs it. */
export interface Tuned {
  readonly tileSize: number;
  readonly floats: FloatType;
}

/** What a worker thread is started with. */
export interface WorkerData {
  readonly device: string;
  /** Modules that bring backends beyond the registry's; each exports `backend`. */
  readonly backendModules: readonly string[];
  /** CPU threads that one run may use. */
  readonly threads: number;
  /** Fixed tile size; otherwise the largest that fits `memoryBytes`. */
  readonly tileSize: number | undefined;
  readonly precision: Precision;
  /** What was measured, by the SHA-256 of the network's weights; its tile size goes before `memoryBytes`. */
  readonly tuned: Readonly<Record<string, Tuned>>;
  /** What one network's activations may take in this worker. */
  readonly memoryBytes: number;
  /** Whether what has not changed since the picture before is left out; the result is the same. */
  readonly reuse: boolean;
}

export interface ToWorker {
  readonly id: number;
  readonly request: TaskRequest;
}

export interface WorkerError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly retryable: boolean;
}

export type FromWorker =
  /** Sent between the steps of a job: the thread works. */
  | { readonly type: 'alive' }
  | { readonly type: 'note'; readonly message: string }
  | {
      readonly type: 'done';
      readonly id: number;
      readonly reply: TaskReply;
      /** Time inside the network's runs, and of the whole job. */
      readonly inferenceMs: number;
      readonly totalMs: number;
      /** Share (0..1) of the picture that the network need not compute. */
      readonly unchanged: number;
    }
  | { readonly type: 'failed'; readonly id: number; readonly error: WorkerError };

/** Memory of arrays in a message that can be handed over instead of copied. */
export function buffersOf(message: object): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
    } else if (typeof value === 'object' && value !== null) {
      Object.values(value).forEach(visit);
    }
  };
  visit(message);
  return [...buffers];
}

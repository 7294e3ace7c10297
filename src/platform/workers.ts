import { availableParallelism, cpus, hostname, totalmem } from 'node:os';
import { parentPort, Worker, workerData, type Transferable } from 'node:worker_threads';
import { threadFault } from './faults.ts';

/** What the starter of a thread hears from it. After `onEnd` nothing more is heard. */
export interface ThreadListener {
  onMessage(message: unknown): void;
  /** The thread is gone: it threw what it did not catch, was ended, or returned. */
  onEnd(reason: string): void;
}

/** A running thread. */
export interface Thread {
  /** Sends a message; buffers in `transfer` are gone here afterwards. */
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Ends the thread. Settles when it is gone, which native code that does not return delays for ever. */
  end(): Promise<void>;
}

/** Starts `entry` (a compiled module) in a thread of its own. `data` is what `threadData` returns there. */
export function startThread(entry: string, data: unknown, listener: ThreadListener): Thread {
  const worker = new Worker(entry, { workerData: data });
  let ended = false;
  const finish = (reason: string): void => {
    if (ended) return;
    ended = true;
    listener.onEnd(reason);
  };
  worker.on('message', (message: unknown) => {
    if (!ended) listener.onMessage(message);
  });
  worker.on('messageerror', (error) => {
    finish(`a message could not be read (${error.message})`);
  });
  worker.on('error', (error: unknown) => {
    finish(error instanceof Error ? error.message : String(error));
  });
  worker.on('exit', (code) => {
    finish(`it ended with code ${code}`);
  });
  return {
    post: (message, transfer) => {
      const fault = threadFault();
      if (fault !== 'HANG') worker.postMessage(message, transfer ?? []);
      if (fault === 'EXIT') void worker.terminate();
    },
    end: async () => {
      await worker.terminate();
    },
  };
}

/** The other end, inside the thread. */
export interface ThreadPort {
  readonly data: unknown;
  post(message: unknown, transfer?: readonly Transferable[]): void;
  listen(onMessage: (message: unknown) => void): void;
  /** Lets the thread end once nothing is left to do. */
  close(): void;
}

/** The port to the starter. Throws outside a thread. */
export function threadPort(): ThreadPort {
  const port = parentPort;
  if (!port) throw new Error('This module runs only in a worker thread.');
  return {
    data: workerData,
    post: (message, transfer) => {
      port.postMessage(message, transfer ?? []);
    },
    listen: (onMessage) => {
      port.on('message', onMessage);
    },
    close: () => {
      port.close();
    },
  };
}

/** Cores that this process may use. */
export const coreCount = (): number => availableParallelism();
/** Tells machines apart that share a home folder, and one machine before and after a change of its processor. */
export const machineName = (): string => `${hostname()}, ${cpus()[0]?.model.trim() ?? ''} x ${coreCount()}`;
export const totalMemoryBytes = (): number => totalmem();

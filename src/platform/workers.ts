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
  /**
   * Asks the thread to end and settles when it is gone. It is never terminated from outside: a native addon that
   * returns into a terminated thread throws where nobody can catch, and takes the whole process with it. So code that does
   * not return delays this for ever.
   */
  end(): Promise<void>;
}

/** What a thread is sent to end it. */
const END = 'end of thread';

const living = new Set<Thread>();

/** Asks all threads to end; whether they are gone within `patienceMs`. Only then is process.exit safe and sure to return. */
export async function endThreads(patienceMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)));
  await Promise.race([Promise.all([...living].map((thread) => thread.end())), patience]);
  clearTimeout(timer);
  return living.size === 0;
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
  const gone = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.once('exit', (code) => {
    living.delete(thread);
    finish(`it ended with code ${code}`);
  });
  const thread: Thread = {
    post: (message, transfer) => {
      const fault = threadFault();
      if (fault === 'EXIT') worker.postMessage(END);
      else if (fault !== 'HANG') worker.postMessage(message, transfer ?? []);
    },
    end: () => {
      worker.postMessage(END);
      return gone;
    },
  };
  living.add(thread);
  return thread;
}

/** The other end, inside the thread. */
export interface ThreadPort {
  readonly data: unknown;
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** `onEnd` is called when the thread is to end, which it does when that has settled. */
  listen(onMessage: (message: unknown) => void, onEnd: () => Promise<void>): void;
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
    listen: (onMessage, onEnd) => {
      let ending: Promise<void> | undefined;
      port.on('message', (message: unknown) => {
        if (message !== END) onMessage(message);
        // In a thread this ends the thread alone. Nothing native is running, or no message would have come.
        else ending ??= onEnd().finally(() => process.exit());
      });
    },
  };
}

/** Cores that this process may use. */
export const coreCount = (): number => availableParallelism();
/** Tells machines apart that share a home folder, and one machine before and after a change of its processor. */
export const machineName = (): string => `${hostname()}, ${cpus()[0]?.model.trim() ?? ''} x ${coreCount()}`;
export const totalMemoryBytes = (): number => totalmem();

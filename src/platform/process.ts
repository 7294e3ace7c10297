import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { RestorationError } from '../core/errors.ts';
import { spawn } from './faults.ts';
import { decodeText } from './text.ts';

const STDERR_TAIL_BYTES = 64 * 1024;

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running child. `exited` settles only when the process is really gone and its pipes are closed; it never rejects. */
export interface RunningProcess {
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly exited: Promise<ProcessExit>;
  /** The last 64 KiB of stderr. */
  stderrTail(): string;
  kill(signal?: NodeJS.Signals): void;
}

export interface StartOptions {
  readonly stdin?: 'pipe' | 'ignore';
  readonly stdout?: 'pipe' | 'ignore';
  readonly signal?: AbortSignal | undefined;
  /** Called with each complete line of stderr. */
  readonly onStderrLine?: (line: string) => void;
}

/** Starts a program without a shell. An abort kills it with SIGKILL; wait for `exited` before anything it held is reused. */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): RunningProcess {
  options.signal?.throwIfAborted();
  const child: ChildProcess = spawn(command, args, {
    stdio: [options.stdin ?? 'ignore', options.stdout ?? 'ignore', 'pipe'],
    windowsHide: true,
    // Signals of the terminal are for this process alone, which knows what to stop. On Windows it would open a window.
    detached: process.platform !== 'win32',
  });
  let tail = '';
  let partial = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_TAIL_BYTES);
    if (!options.onStderrLine) return;
    const lines = (partial + text).split(/\r?\n|\r/);
    partial = lines.pop() ?? '';
    for (const line of lines) if (line !== '') options.onStderrLine(line);
  });
  const onAbort = (): void => {
    child.kill('SIGKILL');
  };
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const exited = new Promise<ProcessExit>((resolve) => {
    const finish = (exit: ProcessExit): void => {
      options.signal?.removeEventListener('abort', onAbort);
      if (partial !== '') options.onStderrLine?.(partial);
      partial = '';
      resolve(exit);
    };
    child.once('close', (code, signal) => {
      finish({ code, signal });
    });
    child.once('error', (error) => {
      // A process that never started has no 'close'.
      if (child.pid !== undefined) return;
      tail += error.message;
      finish({ code: null, signal: null });
    });
  });
  // EPIPE and the like show in `exited`; unhandled they would end the program.
  child.stdin?.on('error', () => undefined);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    exited,
    stderrTail: () => tail,
    kill: (signal = 'SIGKILL') => {
      child.kill(signal);
    },
  };
}

export interface CaptureResult extends ProcessExit {
  /** Lines that are no UTF-8 are read as Windows-1252. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface CaptureOptions {
  readonly signal?: AbortSignal | undefined;
  /** Kill and report when the program takes longer. */
  readonly timeoutMs?: number;
  /** Text beyond this ends the program: output that cannot be what was asked for. */
  readonly maxBytes?: number;
}

/** A program that only looks at something is started again when it is killed or crashes. */
const CAPTURE_ATTEMPTS = 3;

/**
 * Runs a program that only reads to its end and returns what it printed. A bad exit code is in the result; throws on abort
 * and timeout, and when the program was killed (or crashed) again and again, which says nothing about what it looked at.
 */
export async function capture(
  command: string,
  args: readonly string[],
  options: CaptureOptions = {},
): Promise<CaptureResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await captureOnce(command, args, options);
    if (result.signal === null || result.isTooLong) return result;
    if (attempt < CAPTURE_ATTEMPTS) continue;
    throw new RestorationError('INTERNAL', `${command} was ended by ${result.signal} ${attempt} times.`, {
      hint: 'Something on this machine ends programs, perhaps for lack of memory.',
      retryable: true,
    });
  }
}

async function captureOnce(
  command: string,
  args: readonly string[],
  options: CaptureOptions,
): Promise<CaptureResult & { readonly isTooLong: boolean }> {
  const child = startProcess(command, args, { stdout: 'pipe', signal: options.signal });
  const maxBytes = options.maxBytes ?? 256 * 1024 * 1024;
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) child.kill();
    else chunks.push(chunk);
  });
  const late = new AbortController();
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          late.abort();
          child.kill();
        }, options.timeoutMs);
  const exit = await child.exited;
  clearTimeout(timer);
  options.signal?.throwIfAborted();
  if (late.signal.aborted) {
    throw new RestorationError('INTERNAL', `${command} did not finish within ${String(options.timeoutMs)} ms.`, {
      retryable: true,
    });
  }
  const stdout = decodeText(Buffer.concat(chunks));
  return { ...exit, stdout, stderr: child.stderrTail(), isTooLong: size > maxBytes };
}

export const ownProcessId = (): number => process.pid;

/** Whether a process of this id runs on this machine, ours or another user's. */
export function isProcessAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

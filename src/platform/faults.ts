import { spawn as realSpawn } from 'node:child_process';
import * as realFs from 'node:fs/promises';

/**
 * The door to files, processes and threads that fault tests stand in: with RESTORE_FAULT=write:3:ENOSPC the third write of
 * this process fails so. Kinds: open, read, write, fsync, rename, remove, spawn, and thread: a message to a worker thread,
 * which ends instead (EXIT) or never gets it (HANG). With the code PAUSE the process stops itself there until SIGCONT, with
 * KILL it is killed there. A fourth part (remove:1:KILL:plan.json) counts calls for such names only. Without the variable these
 * are Node's own functions.
 */
const KINDS = ['open', 'read', 'write', 'fsync', 'rename', 'remove', 'spawn', 'thread'] as const;
type Kind = (typeof KINDS)[number];

interface Fault {
  readonly kind: Kind;
  readonly at: number;
  readonly code: string;
  readonly name: string;
}

function parseFault(text: string | undefined): Fault | undefined {
  const [name, at, code = 'EIO', only = ''] = text?.split(':') ?? [];
  const kind = KINDS.find((known) => known === name);
  return kind === undefined ? undefined : { kind, at: Number(at), code, name: only };
}

const fault = parseFault(process.env['RESTORE_FAULT']);
let count = 0;

/** The code of the fault when its call has come. */
function due(kind: Kind, what: string): string | undefined {
  if (fault?.kind !== kind || !what.includes(fault.name) || ++count !== fault.at) return undefined;
  process.stderr.write(`[fault] ${kind} ${fault.at} ${fault.code} ${what}\n`);
  return fault.code;
}

function strike(kind: Kind, what: string): void {
  const code = due(kind, what);
  if (fault === undefined || code === undefined) return;
  if (code === 'KILL') process.kill(process.pid, 'SIGKILL');
  if (code === 'PAUSE') {
    process.kill(process.pid, 'SIGSTOP');
    return;
  }
  throw Object.assign(new Error(`${fault.code}: made to fail, ${kind} '${what}'`), { code: fault.code });
}

const HANDLE_KINDS: Readonly<Record<string, Kind>> = {
  read: 'read',
  write: 'write',
  appendFile: 'write',
  writeFile: 'write',
  sync: 'fsync',
};
const FUNCTION_KINDS: Readonly<Record<string, Kind>> = {
  open: 'open',
  mkdir: 'open',
  readFile: 'read',
  readdir: 'read',
  writeFile: 'write',
  copyFile: 'write',
  rename: 'rename',
  link: 'rename',
  rm: 'remove',
  rmdir: 'remove',
  unlink: 'remove',
};

type Anything = (...args: unknown[]) => unknown;

/** The same object, with the functions of `kinds` failing in their turn. */
function faulty<T extends object>(
  target: T,
  kinds: Readonly<Record<string, Kind>>,
  after?: (result: unknown) => unknown,
): T {
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key);
      if (typeof value !== 'function') return value;
      const kind = typeof key === 'string' ? kinds[key] : undefined;
      if (kind === undefined) return (value as Anything).bind(object);
      return async (...args: unknown[]) => {
        strike(kind, typeof args[0] === 'string' ? args[0] : String(key));
        const result: unknown = await (value as Anything).apply(object, args);
        return key === 'open' && after ? after(result) : result;
      };
    },
  });
}

/** node:fs/promises. */
export const fs: typeof realFs = fault
  ? faulty({ ...realFs }, FUNCTION_KINDS, (handle) => faulty(handle as realFs.FileHandle, HANDLE_KINDS))
  : realFs;

/** Of node:child_process. A fault is thrown, as Node throws for some of them. */
export const spawn: typeof realSpawn = fault
  ? (((...args: Parameters<typeof realSpawn>) => {
      strike('spawn', args[0]);
      return realSpawn(...args);
    }) as typeof realSpawn)
  : realSpawn;

/** What is to happen to a worker thread with the message that it gets now. */
export const threadFault = (): string | undefined => (fault ? due('thread', '') : undefined);

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessAlive, ownProcessId } from './process.ts';

/** Names one running process for good: process ids are given again after a restart of the machine or the process. */
export interface ProcessIdentity {
  /** The machine, and where the system has them the namespace that process ids belong to. */
  readonly host: string;
  readonly pid: number;
  /** Changes with every process and every boot; '' where the system does not tell. */
  readonly start: string;
}

const tryRead = (read: () => string): string => {
  try {
    return read();
  } catch {
    return '';
  }
};

/** Boot and start time in clock ticks since then (field 22 of /proc/PID/stat); '' where there is no /proc. */
function startOf(pid: number): string {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The name, in parentheses, may hold blanks and parentheses itself.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (ticks === undefined || stat === '') return '';
  const boot = tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
  return `${boot}/${ticks}`;
}

/** Two containers may share a name, but not the namespace of their process ids. */
const HOST = [hostname(), tryRead(() => readlinkSync('/proc/self/ns/pid'))].filter((part) => part !== '').join(' ');

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= { host: HOST, pid: ownProcessId(), start: startOf(ownProcessId()) };
  return own;
}

/** Whether that process runs: true or false where it can be known, undefined for another machine. */
export function isRunning(identity: ProcessIdentity): boolean | undefined {
  if (identity.host !== HOST) return undefined;
  if (!isProcessAlive(identity.pid)) return false;
  const start = startOf(identity.pid);
  if (identity.start === '' || start === '') return undefined;
  return identity.start === start;
}

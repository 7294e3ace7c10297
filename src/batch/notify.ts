import { postJson } from '../platform/http.ts';
import { startProcess } from '../platform/process.ts';
import type { NightSummary } from './summary.ts';

const TIMEOUT_MS = 30_000;

/**
 * Tells a program or a web address about a night: a URL gets the summary as a POST, anything else is run by the system's
 * shell with the summary on its standard input. Returns what went wrong, if anything; it never throws and never takes longer
 * than half a minute.
 */
export async function notify(
  target: string,
  summary: NightSummary,
  timeoutMs = TIMEOUT_MS,
): Promise<string | undefined> {
  const body = JSON.stringify(summary);
  try {
    if (/^https?:\/\//i.test(target)) {
      await postJson(target, body, timeoutMs);
      return undefined;
    }
    return await runHook(target, body, timeoutMs);
  } catch (error) {
    return `The notification to ${target} failed: ${error instanceof Error ? error.message : String(error)}.`;
  }
}

async function runHook(command: string, body: string, timeoutMs: number): Promise<string | undefined> {
  const isWindows = process.platform === 'win32';
  const args = isWindows ? ['/d', '/s', '/c', command] : ['-c', command];
  const child = startProcess(isWindows ? 'cmd.exe' : '/bin/sh', args, { stdin: 'pipe' });
  child.stdin?.end(body);
  const timeout = AbortSignal.timeout(timeoutMs);
  const late = new Promise<'late'>((resolve) =>
    timeout.addEventListener('abort', () => resolve('late'), { once: true }),
  );
  const exit = await Promise.race([child.exited, late]);
  if (exit === 'late') {
    child.kill();
    return `The notification command did not end within ${timeoutMs / 1000} s and was stopped: ${command}`;
  }
  if (exit.code === 0) return undefined;
  const said = child.stderrTail().trim().split('\n').at(-1) ?? '';
  return `The notification command ended with ${exit.code ?? exit.signal ?? 'no code'}: ${command}${said === '' ? '' : ` (${said})`}`;
}

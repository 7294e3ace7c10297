// What a watched folder costs while nothing happens: npm run bench:idle [-- --minutes 10] [--dry]
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { REPOSITORY } from './common/data.ts';
import { fixed, publishSection } from './common/report.ts';

/** Share of a core: less than this. */
const MUST_PERCENT = 1;
/** The start of the program is not what is measured. */
const START_MS = 20_000;
/** Empty folders in the inbox: each is watched, or looked at. */
const FOLDERS = 20;
const TICKS_PER_SECOND = 100;
const CLI = path.join(REPOSITORY, 'dist', 'cli', 'main.js');
const MODES = [
  { name: 'told by the file system', args: [] },
  { name: 'looking every 5 s (--poll)', args: ['--poll'] },
] as const;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, dry: { type: 'boolean', default: false } },
});

interface Sample {
  readonly atMs: number;
  /** Of all threads, so far. */
  readonly cpuSeconds: number;
  readonly residentMiB: number;
}

function sample(pid: number): Sample {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields after the command, which may hold spaces: time in user and kernel mode are the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return {
    atMs: performance.now(),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    residentMiB: Number(resident) / 1024,
  };
}

interface Idle {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pid: number;
}

async function start(folder: string, { name, args }: (typeof MODES)[number], index: number): Promise<Idle> {
  const watched = path.join(folder, String(index));
  for (let i = 0; i < FOLDERS; i++) await mkdir(path.join(watched, 'inbox', `tape ${i}`), { recursive: true });
  const child = spawn(process.execPath, [CLI, 'watch', watched, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (child.pid === undefined) throw new Error('The watcher did not start.');
  return { name, child, pid: child.pid };
}

if (!existsSync(CLI) || !existsSync('/proc/self/stat')) {
  console.error('This needs the built program (npm run build) and /proc.');
  process.exit(2);
}
const minutes = Number(values.minutes);
const folder = await mkdtemp(path.join(tmpdir(), 'restore-bench-'));
const watchers: Idle[] = [];
try {
  for (const [index, mode] of MODES.entries()) watchers.push(await start(folder, mode, index));
  await delay(START_MS);
  const before = watchers.map(({ pid }) => sample(pid));
  await delay(minutes * 60_000);
  const after = watchers.map(({ pid }) => sample(pid));
  const rows = watchers.map(({ name }, i) => {
    const [from, to] = [before[i], after[i]];
    if (!from || !to) throw new Error('A watcher ended.');
    const cpuSeconds = to.cpuSeconds - from.cpuSeconds;
    const percent = (100 * cpuSeconds) / ((to.atMs - from.atMs) / 1000);
    return [
      name,
      fixed(cpuSeconds, 2),
      fixed(percent, 3),
      fixed(from.residentMiB, 1),
      fixed(to.residentMiB, 1),
      String(MUST_PERCENT),
      percent < MUST_PERCENT ? 'met' : 'missed',
    ];
  });
  await publishSection(
    {
      id: 'idle',
      title: 'A watched folder while nothing happens',
      columns: ['mode', 'CPU s', '% of a core', 'MiB at start', 'MiB at end', 'below %', ''],
      rows,
      notes: [
        `${minutes} minutes after the first ${START_MS / 1000} s, both modes side by side; an inbox of ${FOLDERS} empty folders. CPU time and resident set are those of the whole process.`,
      ],
    },
    'npm run bench:idle',
    !values.dry,
  );
} finally {
  for (const { child } of watchers) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

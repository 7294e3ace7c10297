// Whether memory grows with a film's length: npm run bench:memory [-- --loops 20] [--seconds 12] [--input FILE] [--dry]
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { drawClip, loopClip } from './common/clip.ts';
import { REPOSITORY } from './common/data.ts';
import { fixed, publishSection } from './common/report.ts';

/** Peak of the long run over the short one's: at most. */
const MUST = 1.1;
const SAMPLE_MS = 250;
const CLI = path.join(REPOSITORY, 'dist', 'cli', 'main.js');
/** Says the process's peak on file descriptor 3 when it (or one of its threads, which see the same peak) ends. */
const REPORTER = `data:text/javascript,${encodeURIComponent(
  "import { writeSync } from 'node:fs'; process.on('exit', () => { try { writeSync(3, process.resourceUsage().maxRSS + '\\n'); } catch {} });",
)}`;

const { values } = parseArgs({
  options: {
    loops: { type: 'string', default: '20' },
    // More than one segment: the program has grown to its working size before the clip ends.
    seconds: { type: 'string', default: '12' },
    input: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});

interface Peaks {
  /** Peak resident set of the program with all its threads, in MiB. */
  readonly program: number;
  /** Largest sum of resident sets of its children at one time, in MiB; NaN where /proc is not there. */
  readonly children: number;
  readonly seconds: number;
}

/** Resident sets of all descendants of a process, summed, in MiB. */
function childrenMiB(parent: number): number {
  const parents = new Map<number, { readonly of: number; readonly pages: number }>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // Fields after the command, which may hold spaces: state, parent, ...; the resident set is the 22nd.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), { of: Number(fields[1]), pages: Number(fields[21]) });
    } catch {
      // It ended in between.
    }
  }
  const isDescendant = (id: number): boolean => {
    const of = parents.get(id)?.of;
    return of === parent || (of !== undefined && of > 1 && isDescendant(of));
  };
  let pages = 0;
  for (const [id, process] of parents) if (isDescendant(id)) pages += process.pages;
  return (pages * 4096) / 2 ** 20;
}

/** Runs the program that ships on one film and listens to its memory. */
function measure(input: string, output: string): Promise<Peaks> {
  const args = ['--colorize', '--upscale', '2', '--preset', 'none', '--codec', 'h264', '--encoder-preset', 'ultrafast'];
  const since = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', REPORTER, CLI, input, '-o', output, ...args, '--device', 'cpu', '--overwrite', '--json'],
    { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] },
  );
  let children = existsSync('/proc/self/stat') ? 0 : NaN;
  const timer = setInterval(() => {
    if (child.pid !== undefined && !Number.isNaN(children)) children = Math.max(children, childrenMiB(child.pid));
  }, SAMPLE_MS);
  let report = '';
  child.stdio[3]?.on('data', (chunk: Buffer) => (report += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      const peak = Math.max(...report.trim().split('\n').map(Number));
      if (code !== 0) reject(new Error(`restore ended with code ${String(code)}.`));
      else resolve({ program: peak / 1024, children, seconds: (performance.now() - since) / 1000 });
    });
  });
}

if (!existsSync(CLI)) {
  console.error('The program is not built yet: npm run build');
  process.exit(2);
}
const folder = await mkdtemp(path.join(tmpdir(), 'restore-bench-'));
try {
  const loops = Number(values.loops);
  const clip = values.input ?? path.join(folder, 'clip.mp4');
  if (values.input === undefined) await drawClip(clip, { width: 160, height: 120, seconds: Number(values.seconds) });
  const long = path.join(folder, `looped${path.extname(clip)}`);
  await loopClip(clip, loops, long);
  const output = path.join(folder, 'restored.mp4');
  const once = await measure(clip, output);
  const looped = await measure(long, output);
  const ratio = looped.program / once.program;
  const row = (name: string, { program, children, seconds }: Peaks): string[] => [
    name,
    fixed(program, 1),
    fixed(program / once.program, 3),
    fixed(children, 1),
    fixed(seconds, 1),
  ];
  await publishSection(
    {
      id: 'memory',
      title: 'Memory does not grow with length',
      columns: ['film', 'program MiB', 'over the clip', 'children MiB', 'seconds'],
      rows: [row('the clip', once), row(`the clip ${loops} times`, looped)],
      notes: [
        `Peak resident set of the program with its worker threads; children (ffmpeg) apart, as the largest sum at one time. The long film must stay within ${Math.round((MUST - 1) * 100)} % of the clip: ${ratio <= MUST ? 'met' : 'missed'}.`,
        `${values.input === undefined ? `A drawn clip of 160x120, ${values.seconds} s at 24 frames a second` : path.basename(clip)}, --colorize --upscale 2, H.264 ultrafast, CPU.`,
      ],
    },
    'npm run bench:memory',
    !values.dry,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

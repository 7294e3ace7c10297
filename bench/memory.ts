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
function measure(input: string, output: string, what: readonly string[]): Promise<Peaks> {
  const args = [...what, '--preset', 'none', '--codec', 'h264', '--encoder-preset', 'ultrafast'];
  const since = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', REPORTER, CLI, input, '-o', output, ...args, '--overwrite', '--json'],
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
interface Run {
  readonly id: string;
  readonly title: string;
  readonly clip: string;
  readonly loops: number;
  readonly args: readonly string[];
  /** What it is and what is done to it. */
  readonly about: string;
}

const row = (name: string, { program, children, seconds }: Peaks, once: Peaks): string[] => [
  name,
  fixed(program, 1),
  fixed(program / once.program, 3),
  fixed(children, 1),
  fixed(seconds, 1),
];

async function compare({ id, title, clip, loops, args, about }: Run, folder: string): Promise<void> {
  const long = path.join(folder, `looped${path.extname(clip)}`);
  await loopClip(clip, loops, long);
  const output = path.join(folder, 'restored.mp4');
  const once = await measure(clip, output, args);
  const looped = await measure(long, output, args);
  const verdict = looped.program <= MUST * once.program ? 'met' : 'missed';
  await publishSection(
    {
      id,
      title,
      columns: ['film', 'program MiB', 'over the clip', 'children MiB', 'seconds'],
      rows: [row('the clip', once, once), row(`the clip ${loops} times`, looped, once)],
      notes: [
        `Peak resident set of the program with its worker threads; children (ffmpeg) apart, as the largest sum at one time. The long film must stay within ${Math.round((MUST - 1) * 100)} % of the clip: ${verdict}.`,
        about,
      ],
    },
    'npm run bench:memory',
    !values.dry,
  );
}

const folder = await mkdtemp(path.join(tmpdir(), 'restore-bench-'));
try {
  const small = values.input ?? path.join(folder, 'clip.mp4');
  if (values.input === undefined) await drawClip(small, { width: 160, height: 120, seconds: Number(values.seconds) });
  const large = path.join(folder, 'large.mp4');
  await drawClip(large, { width: 960, height: 540, seconds: 2 });
  // Without a network, so that pictures come as fast as the rest can take them.
  await compare(
    {
      id: 'memory-large',
      title: 'Memory does not grow with length, 3840x2160',
      clip: large,
      loops: 4,
      args: ['--upscale', '4', '--degrain', '0.5', '--device', 'null'],
      about:
        'A drawn clip of 960x540, 2 s at 24 frames a second; the long film is one segment. --upscale 4 --degrain 0.5 with the device that computes nothing, H.264 ultrafast.',
    },
    folder,
  );
  await compare(
    {
      id: 'memory',
      title: 'Memory does not grow with length',
      clip: small,
      loops: Number(values.loops),
      args: ['--colorize', '--upscale', '2', '--device', 'cpu'],
      about: `${values.input === undefined ? `A drawn clip of 160x120, ${values.seconds} s at 24 frames a second` : path.basename(small)}, --colorize --upscale 2, H.264 ultrafast, CPU.`,
    },
    folder,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

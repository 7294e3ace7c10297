// What pictures that repeat the one before them save: npm run bench:repeats [-- --pictures 48] [--upscale 4] [--model ID] [--dry]
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { restore, type RestoreOptions } from '../src/index.ts';
import { fixed, publishSection } from './common/report.ts';

const run = promisify(execFile);
const FFMPEG = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
const RATE = 24;
/** Frames that show each picture: four of five repeat the one before. */
const HELD = 5;
const MUST = 3;
const [WIDTH, HEIGHT] = [320, 240];

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '48' },
    upscale: { type: 'string', default: '4' },
    model: { type: 'string', default: 'luma-x4-quality' },
    dry: { type: 'boolean', default: false },
  },
});

/** Pictures that differ everywhere, each held for several frames, and nothing lost in between. */
async function drawHeld(file: string, pictures: number): Promise<void> {
  const rate = `${RATE}/${HELD}`;
  const picture = `testsrc2=size=${WIDTH}x${HEIGHT}:rate=${rate}:duration=${(pictures * HELD) / RATE}`;
  const filters = `${picture},noise=alls=6:allf=t:all_seed=1,fps=${RATE},format=yuv420p`;
  await run(FFMPEG, ['-v', 'error', '-y', '-f', 'lavfi', '-i', filters, '-c:v', 'ffv1', file]);
}

async function frameHashes(file: string): Promise<string> {
  const { stdout } = await run(FFMPEG, ['-v', 'error', '-i', file, '-map', '0:V:0', '-f', 'framemd5', '-'], {
    maxBuffer: 2 ** 28,
  });
  return stdout;
}

interface Run {
  readonly seconds: number;
  readonly frames: number;
  readonly unchangedShare: number;
  readonly hashes: string;
}

async function timed(options: RestoreOptions & { readonly output: string }): Promise<Run> {
  for await (const event of restore(options)) {
    if (event.type === 'warning') console.error(event.message);
    if (event.type !== 'done') continue;
    const { seconds, frames, unchangedShare } = event;
    return { seconds, frames, unchangedShare, hashes: await frameHashes(options.output) };
  }
  throw new Error('The film was not finished.');
}

const folder = await mkdtemp(path.join(tmpdir(), 'restore-bench-'));
try {
  const input = path.join(folder, 'held.mkv');
  await drawHeld(input, Number(values.pictures));
  const model = values.model;
  const options = (name: string, reuse: boolean): RestoreOptions & { readonly output: string } => ({
    input,
    output: path.join(folder, `${name}.mp4`),
    preset: 'none',
    upscale: Number(values.upscale),
    models: { upscale: model },
    codec: 'h264',
    encoderPreset: 'ultrafast',
    device: 'cpu',
    reuse,
  });
  // Without first: whatever a first run warms up does not favor the fast path.
  const without = await timed(options('without', false));
  const reused = await timed(options('with', true));
  const ratio = without.seconds / reused.seconds;
  const identical = without.hashes === reused.hashes;
  const row = (name: string, { seconds, frames, unchangedShare }: Run): string[] => [
    name,
    fixed(seconds, 2),
    fixed((seconds * 1000) / frames, 1),
    fixed(100 * unchangedShare, 0),
  ];
  const name = path.basename(model, '.onnx');
  await publishSection(
    {
      id: `repeats-${name}`,
      title: `Repeated pictures: four of five frames as the one before, ${name}`,
      columns: ['run', 'seconds', 'ms a frame', 'not computed, %'],
      rows: [row('--no-reuse', without), row('as it ships', reused)],
      notes: [
        `${fixed(ratio, 2)} times as fast; must be at least ${MUST} times: ${ratio >= MUST ? 'met' : 'missed'}. The frames of both films are ${identical ? 'the same, bit for bit' : 'NOT THE SAME'}.`,
        `${without.frames} frames of ${WIDTH}x${HEIGHT}, each noisy picture held for ${HELD} of them, x${values.upscale}, H.264 ultrafast, ${availableParallelism()} cores, from probe to verified file.`,
      ],
    },
    `npm run bench:repeats -- --pictures ${values.pictures} --upscale ${values.upscale} --model ${name}`,
    !values.dry,
  );
  if (!identical) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FFMPEG = process.env['FFMPEG_PATH'] ?? 'ffmpeg';

/** Draws a clip with movement, some noise and a tone: benchmarks need no film of anybody's. */
export async function drawClip(
  path: string,
  { width, height, seconds }: { readonly width: number; readonly height: number; readonly seconds: number },
): Promise<void> {
  const picture = `testsrc2=size=${width}x${height}:rate=24:duration=${seconds},noise=alls=6:allf=t:all_seed=1`;
  await run(FFMPEG, [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', picture],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=44100:duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-pix_fmt', 'yuv420p', '-threads', '1'],
    ...['-c:a', 'aac', '-b:a', '64k', path],
  ]);
}

/** The clip several times in a row, without encoding it again. */
export async function loopClip(path: string, times: number, output: string): Promise<void> {
  await run(FFMPEG, ['-v', 'error', '-y', '-stream_loop', String(times - 1), '-i', path, '-c', 'copy', output]);
}

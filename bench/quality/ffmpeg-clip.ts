import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** Luma of a clip, 8 bits, one array a frame. */
export interface LumaClip {
  readonly width: number;
  readonly height: number;
  readonly frames: readonly Uint8Array<ArrayBuffer>[];
}

/** A clip through FFmpeg: `args` stand between its input and a raw output, or make a file first that is read again. */
export async function throughFfmpeg(clip: LumaClip, args: readonly string[], coded?: string): Promise<LumaClip> {
  const { width, height, frames } = clip;
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-clip-'));
  const file = (name: string): string => path.join(folder, name);
  const run = (words: readonly string[]) =>
    promisify(execFile)(process.env['FFMPEG_PATH'] ?? 'ffmpeg', ['-v', 'error', '-y', ...words]);
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'gray'];
  try {
    await writeFile(file('in'), Buffer.concat(frames));
    const input = [...raw, '-s', `${width}x${height}`, '-r', '24', '-i', file('in')];
    if (coded === undefined) await run([...input, ...args, ...raw, file('out')]);
    else {
      await run([...input, ...args, file(coded)]);
      await run(['-i', file(coded), ...raw, file('out')]);
    }
    const bytes = await readFile(file('out'));
    const size = width * height;
    return { width, height, frames: frames.map((_, t) => Uint8Array.from(bytes.subarray(t * size, (t + 1) * size))) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

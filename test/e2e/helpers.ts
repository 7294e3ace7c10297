import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { restore, type RestoreEvent, type RestoreOptions } from '../../src/index.ts';

/** Runs a restoration to its end and returns all its events. */
export async function restoreAll(options: RestoreOptions, signal?: AbortSignal): Promise<RestoreEvent[]> {
  const events: RestoreEvent[] = [];
  for await (const event of restore(options, signal ? { signal } : {})) events.push(event);
  return events;
}

/** One line a frame of the first real video stream: pts in seconds and MD5 of the planes. `filter` runs before hashing. */
export async function frameHashes(file: string, filter?: string): Promise<string[]> {
  const filters = filter === undefined ? [] : ['-vf', filter];
  const { stdout } = await execa('ffmpeg', [
    ...['-v', 'error', '-noautorotate', '-copyts', '-i', file, '-map', '0:V:0', ...filters],
    ...['-fps_mode', 'passthrough', '-f', 'framemd5', '-'],
  ]);
  return stdout
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** Presentation times of a stream's packets in seconds, sorted. */
export async function packetTimes(file: string, stream: string): Promise<number[]> {
  const { stdout } = await execa('ffprobe', [
    ...['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', file],
  ]);
  return stdout
    .split('\n')
    .map((line) => Number.parseFloat(line))
    .filter((time) => !Number.isNaN(time))
    .sort((a, b) => a - b);
}

export async function fileDigest(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

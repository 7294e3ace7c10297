import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureFolder, listFolder, readText, removeFile, writeFileAtomic } from '../../platform/files.ts';
import { cacheFolder } from '../../platform/user-folders.ts';
import { packageVersion } from '../../platform/version.ts';
import { machineName } from '../../platform/workers.ts';
import type { Tuning } from './measure.ts';

/** What was measured holds for one machine, one version of the program, and the drivers that the environment names. */
const entrySchema = z.object({
  device: z.string(),
  sha256: z.string(),
  circumstances: z.string(),
  tileSize: z.number().int().min(16).max(16_384),
  workers: z.number().int().min(1).max(256),
  floats: z.enum(['fp32', 'fp16']),
  pixelsPerSecond: z.number().positive(),
  deviation: z.number().nonnegative(),
});
export type TuningEntry = z.infer<typeof entrySchema>;

const DRIVER_VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'CUDA_VISIBLE_DEVICES'];

const circumstances = (): string =>
  [packageVersion(), machineName(), ...DRIVER_VARIABLES.map((name) => process.env[name] ?? '')].join(' | ');

const folderOf = (): string => join(cacheFolder(), 'devices');

/** A file for each device and network: programs that measure at the same time do not undo each other's work. */
const fileOf = (device: string, sha256: string): string => {
  const key = createHash('sha256').update([device, sha256, circumstances()].join('\n')).digest('hex');
  return join(folderOf(), `${device}-${key.slice(0, 16)}.json`);
};

/** All that is known of a device under the circumstances of today. What cannot be read is as good as not measured. */
export async function readTunings(device: string): Promise<readonly TuningEntry[]> {
  const names = await listFolder(folderOf()).catch(() => []);
  const entries: TuningEntry[] = [];
  for (const name of names.filter((each) => each.startsWith(`${device}-`) && each.endsWith('.json')).sort()) {
    try {
      const entry = entrySchema.parse(JSON.parse(await readText(join(folderOf(), name))));
      if (entry.device === device && entry.circumstances === circumstances()) entries.push(entry);
    } catch {
      // Another version's, or damaged: it is written again when it is measured again.
    }
  }
  return entries;
}

/** Keeps a measurement for the next run. A cache that cannot be written costs time, never the run. */
export async function keepTuning(device: string, sha256: string, tuning: Tuning): Promise<void> {
  try {
    await ensureFolder(folderOf());
    const entry: TuningEntry = { device, sha256, circumstances: circumstances(), ...tuning };
    await writeFileAtomic(fileOf(device, sha256), `${JSON.stringify(entry, undefined, 2)}\n`, folderOf());
  } catch {
    await removeFile(`${fileOf(device, sha256)}.tmp`).catch(() => undefined);
  }
}

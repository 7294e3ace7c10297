import { join } from 'node:path';
import { appendLine, exists, readText } from '../../platform/files.ts';

/** Begins with a dot: not a model. One line a model: sum, id, address. Outlives the model, or a pin would protect nothing. */
export const pinsFile = (store: string): string => join(store, '.pins');

/** The sum with which the model `id` came first, where the catalog does not know one. */
export async function findPin(store: string, id: string): Promise<string | undefined> {
  if (!(await exists(pinsFile(store)))) return undefined;
  const lines = (await readText(pinsFile(store))).split('\n').map((line) => line.split(' '));
  return lines.findLast(([sum = '', name]) => name === id && /^[0-9a-f]{64}$/.test(sum))?.[0];
}

export const addPin = (store: string, id: string, sha256: string, where: string): Promise<void> =>
  appendLine(pinsFile(store), `${sha256} ${id} ${where}`, store);

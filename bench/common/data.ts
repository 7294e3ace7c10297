import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/**
 * A file or folder of the data of others, which is no part of the repository: below RESTORE_DATA, or below
 * ../shared/data beside the checkout. undefined where it is not there, so that callers can say what they skip.
 */
export function dataPath(...parts: readonly string[]): string | undefined {
  const found = path.join(process.env['RESTORE_DATA'] ?? path.join(REPOSITORY, '../shared/data'), ...parts);
  return existsSync(found) ? found : undefined;
}

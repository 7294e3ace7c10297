import { listPresets } from '../index.ts';
import { formatTable, wrap } from './text.ts';

const TEXT_WIDTH = 84;

/** `restore presets`: name and sentence. */
export async function presetLines(): Promise<string[]> {
  const rows = (await listPresets()).flatMap(({ name, summary }) =>
    wrap(summary, TEXT_WIDTH).map((line, i) => [i === 0 ? name : '', line]),
  );
  return formatTable(rows);
}

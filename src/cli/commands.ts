import { listModels, listPresets } from '../index.ts';
import { formatBytes, formatTable, wrap } from './text.ts';

const TEXT_WIDTH = 84;

/** `restore presets`: name and sentence. */
export async function presetLines(): Promise<string[]> {
  const rows = (await listPresets()).flatMap(({ name, summary }) =>
    wrap(summary, TEXT_WIDTH).map((line, i) => [i === 0 ? name : '', line]),
  );
  return formatTable(rows);
}

/** `restore models`: what `--model KIND=ID` takes. */
export async function modelLines(): Promise<string[]> {
  const rows = (await listModels()).map(({ id, kind, title, scale, sizeBytes, licence }) => [
    kind,
    id,
    kind === 'upscale' ? `x${scale}` : '',
    formatBytes(sizeBytes),
    licence,
    title,
  ]);
  return formatTable([['KIND', 'ID', 'SCALE', 'SIZE', 'LICENCE', 'TITLE'], ...rows]);
}

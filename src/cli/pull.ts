import { loadPreset, missingModels, pullModel, type Pulled } from '../index.ts';
import type { Reporter } from './reporter.ts';
import type { Flags } from './settings.ts';
import { formatBytes } from './text.ts';

/** Downloads a model of the catalog and tells how far it is and what came of it. */
export async function pullOne(name: string, reporter: Reporter, signal: AbortSignal): Promise<Pulled> {
  const pulled = await pullModel(name, {
    signal,
    onProgress: (progress) => reporter.download(progress),
    onNotice: (text) => reporter.notice(text),
  });
  const { model, sizeBytes, sha256 } = pulled;
  if (!pulled.downloaded) reporter.notice(`${model} is here already.`);
  else if (pulled.pinned) {
    reporter.notice(
      `${model}: ${formatBytes(sizeBytes)}. The catalog knows no sha256 of it; it is pinned now: ${sha256}.`,
    );
  } else reporter.notice(`${model}: ${formatBytes(sizeBytes)}, checked.`);
  return pulled;
}

/** With --yes: brings the models that flags and preset name and that the catalog has. Without it nothing is ever downloaded. */
export async function pullMissing(flags: Flags, reporter: Reporter, signal: AbortSignal): Promise<void> {
  if (flags.yes !== true) return;
  const preset = flags.preset === undefined ? undefined : await loadPreset(flags.preset);
  const names = [...Object.values(flags.model ?? {}), ...Object.values(preset?.models ?? {})];
  for (const { id } of await missingModels(names)) await pullOne(id, reporter, signal);
}

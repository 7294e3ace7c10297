import type { ModelInterface } from '../backends/backend.ts';
import type { ModelManifest } from './schema.ts';

/** What a backend needs to know of a manifest. */
export function interfaceOf(manifest: ModelManifest): ModelInterface {
  const names = { input: manifest.input.name, output: manifest.output.name };
  if (manifest.kind === 'colorize') {
    return { ...names, channelsIn: 1, channelsOut: manifest.bins.length, scale: 1 / manifest.reduction };
  }
  const channels = manifest.adapter === 'rgb-sr' ? 3 : 1;
  return { ...names, channelsIn: channels, channelsOut: channels, scale: manifest.scale };
}

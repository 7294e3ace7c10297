import type { z } from 'zod';
import { ADAPTERS, formsOf } from './adapters.ts';
import { fixedSizeOf } from './interface.ts';
import type { ModelManifest, tensorSchema } from './schema.ts';

const number = (value: number): string => String(Math.round(value * 1000) / 1000);

function tensorText(tensor: z.infer<typeof tensorSchema>, ranges: readonly (readonly [number, number])[]): string {
  const { name, layout = 'nchw', type = 'float32' } = tensor;
  const [first] = ranges;
  const one = ranges.every(([zero, full]) => zero === first?.[0] && full === first[1]);
  const range = one && first ? `${number(first[0])}..${number(first[1])}` : "by ImageNet's mean and deviation";
  return `"${name}" ${layout.toUpperCase()} ${type} ${range}`;
}

const count = (parameters: number): string =>
  parameters >= 1e6 ? `${(parameters / 1e6).toFixed(1)} million` : `${Math.max(1, Math.round(parameters / 1000))} thousand`;

function sizes(manifest: ModelManifest): string {
  const fixed = fixedSizeOf(manifest);
  if (fixed) return `pictures of ${fixed.width}x${fixed.height} only`;
  return manifest.sizeMultiple === 1 ? 'any size' : `any size in multiples of ${manifest.sizeMultiple}`;
}

/** One line for a person: what a model does, how it is fed, what it needs. */
export function modelText(manifest: ModelManifest): string {
  const about = [sizes(manifest)];
  if (manifest.kind !== 'colorize') about.push(`looks ${manifest.receptiveField} pixels far`);
  if (manifest.input.strengthName !== undefined) about.push(`noise level in "${manifest.input.strengthName}"`);
  about.push(`${count(manifest.parameters)} parameters`);
  if (manifest.adapter === 'chroma-bins') {
    return `gives color: luma in, chances of ${manifest.bins.length} colors out (chroma-bins), ${about.join(', ')}`;
  }
  const { input, output } = formsOf(manifest);
  const factor = manifest.kind === 'upscale' ? ` ${manifest.scale} times` : '';
  return [
    `${ADAPTERS[manifest.adapter].summary}${factor} (${manifest.adapter})`,
    `${tensorText(manifest.input, input.ranges)} to ${tensorText(manifest.output, output.ranges)}`,
    ...about,
  ].join(', ');
}

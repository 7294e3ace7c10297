import { RestorationError } from '../core/errors.ts';
import { parseInputColor } from '../decode/index.ts';
import { checkEncoder, codecOf } from '../encode/index.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { checkDevices, resolveModel } from '../restore/index.ts';
import { parseBox } from './geometry.ts';
import { DEFAULT_CODEC, MODEL_KINDS, type RestoreOptions } from './options.ts';
import { parseOptions } from './plan.ts';
import { loadPreset } from './presets.ts';

/** Options of whatever film. */
type Settings = Omit<RestoreOptions, 'input'>;

/** What the schema lets through and no film can be restored with. Pure. Throws USAGE. */
export function checkValues({ upscale, to, codec, inputColor }: Settings): void {
  if (upscale !== undefined && to !== undefined) {
    throw new RestorationError('USAGE', '"upscale" and "to" both say how large the picture becomes.', {
      hint: 'Keep one of them.',
    });
  }
  if (to !== undefined) parseBox(to);
  if (codec !== undefined) codecOf(codec);
  if (inputColor !== undefined) parseInputColor(inputColor);
}

/**
 * Whether films can be restored with these settings on this machine, as far as that can be known without one: values,
 * preset, encoder, devices and the models that are named. Throws what is wrong with them first.
 */
export async function checkSettings(settings: Settings): Promise<void> {
  checkValues(parseOptions({ ...settings, input: 'film' }));
  const preset = settings.preset === undefined ? undefined : await loadPreset(settings.preset);
  await findFfmpeg();
  await checkEncoder({
    codec: settings.codec ?? preset?.encode.codec ?? DEFAULT_CODEC,
    crf: settings.crf ?? preset?.encode.crf,
    encoderPreset: settings.encoderPreset ?? preset?.encode.encoderPreset,
  });
  await checkDevices(settings);
  for (const kind of MODEL_KINDS) {
    const name = settings.models?.[kind];
    if (name !== undefined) await resolveModel(kind, name);
  }
}

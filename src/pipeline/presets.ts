import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { RestorationError } from '../core/errors.ts';
import { listFolder, readText, statOrUndefined, withoutMark } from '../platform/files.ts';
import { DEINTERLACE_MODES } from './options.ts';

/** All stages, in the order that they have where a preset does not say. */
export const STAGE_KINDS = [
  'deflicker',
  'scratches',
  'dust',
  'degrain',
  'colorize',
  'denoise',
  'chroma-anchor',
  'chroma-smooth',
  'upscale',
  'apply-chroma',
  'grain',
] as const;

export type StageKind = (typeof STAGE_KINDS)[number];

/** Stages that a number switches on. */
export const STRENGTHS = ['denoise', 'deflicker', 'scratches', 'dust', 'degrain', 'grain'] as const;

/** When a stage of a preset runs: always, or only when its flag (or the source) asks for it. */
const when = z.enum(['always', 'asked', 'never']);

const stageSchema = z.strictObject({
  kind: z.enum(STAGE_KINDS),
  when: when.default('asked'),
  options: z.record(z.string(), z.unknown()).default({}),
});

const modelSet = z.partialRecord(z.enum(['denoise', 'colorize', 'upscale2', 'upscale4']), z.string().min(1));

/** A preset file: strengths, models, the order of stages and the encoder. */
export const presetSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
    /** One sentence that says what it is for. */
    summary: z.string().min(10).max(200),
    stages: z.array(stageSchema),
    models: modelSet.default({}),
    deinterlace: z.enum(DEINTERLACE_MODES).default('auto'),
    /** Default strength when the denoise stage runs. */
    denoise: z.number().min(0).max(1).optional(),
    deflicker: z.number().min(0).max(1).optional(),
    scratches: z.number().min(0).max(1).optional(),
    dust: z.number().min(0).max(1).optional(),
    degrain: z.number().min(0).max(1).optional(),
    grain: z.number().min(0).max(1).optional(),
    saturation: z.number().min(0).max(3).optional(),
    encode: z
      .strictObject({
        codec: z.string().optional(),
        crf: z.number().min(0).max(63).optional(),
        encoderPreset: z.string().optional(),
      })
      .default({}),
  })
  .superRefine((preset, context) => {
    const problem = stageProblem(preset);
    if (problem) context.addIssue({ code: 'custom', path: ['stages', problem.at], message: problem.message });
  });
export type Preset = z.infer<typeof presetSchema>;

/** What is wrong with the stages of a preset beyond their form. */
function stageProblem(preset: {
  readonly stages: readonly { readonly kind: StageKind; readonly when: string }[];
  readonly [strength: string]: unknown;
}): { readonly at: number; readonly message: string } | undefined {
  const kinds = preset.stages.map(({ kind }) => kind);
  const [colorize, apply] = [kinds.indexOf('colorize'), kinds.indexOf('apply-chroma')];
  if (apply !== -1 && apply < colorize) return { at: apply, message: 'apply-chroma comes after colorize' };
  for (const [at, { kind, when }] of preset.stages.entries()) {
    if (kinds.indexOf(kind) < at) return { at, message: `${kind} is there twice` };
    const hasStrength = STRENGTHS.every((name) => name !== kind) || preset[kind] !== undefined;
    if (when === 'always' && !hasStrength)
      return { at, message: `what always runs needs its strength ("${kind}": 0 to 1)` };
  }
  return undefined;
}

/** The package's own presets folder; the same from source and from the compiled files. */
const PRESETS_FOLDER = fileURLToPath(new URL('../../presets', import.meta.url));

function parsePreset(text: string, where: string): Preset {
  let json: unknown;
  try {
    json = JSON.parse(withoutMark(text));
  } catch (error) {
    throw new RestorationError('PRESET_INVALID', `The preset ${where} is not JSON.`, {
      hint: 'Start from a copy of one of the files in presets/.',
      cause: error,
    });
  }
  const result = presetSchema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RestorationError(
    'PRESET_INVALID',
    `The preset ${where} is wrong${placeOf(issue)}: ${issue?.message ?? 'not a preset'}.`,
    { hint: 'Start from a copy of one of the files in presets/.' },
  );
}

/** ` at "encode.crf"`: where a mistake is; nothing for what is wrong with the whole. */
export const placeOf = (issue: { readonly path: readonly PropertyKey[] } | undefined): string =>
  issue === undefined || issue.path.length === 0 ? '' : ` at "${issue.path.join('.')}"`;

/** All embedded presets, by name. */
export async function listPresets(): Promise<Preset[]> {
  const names = (await listFolder(PRESETS_FOLDER)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(names.map(async (name) => parsePreset(await readText(path.join(PRESETS_FOLDER, name)), name)));
}

/** An embedded preset by name, or a preset file by path. Throws PRESET_UNKNOWN or PRESET_INVALID. */
export async function loadPreset(nameOrFile: string): Promise<Preset> {
  if (/[\\/]|\.json$/i.test(nameOrFile)) {
    if (!(await statOrUndefined(nameOrFile))?.isFile()) {
      throw new RestorationError('PRESET_UNKNOWN', `There is no preset file ${nameOrFile}.`, {
        hint: 'Name an existing JSON file, or see `restore presets` for the embedded ones.',
      });
    }
    return parsePreset(await readText(nameOrFile), nameOrFile);
  }
  const presets = await listPresets();
  const preset = presets.find(({ name }) => name === nameOrFile);
  if (preset) return preset;
  throw new RestorationError('PRESET_UNKNOWN', `There is no preset called "${nameOrFile}".`, {
    hint: `Choose one of ${presets.map(({ name }) => name).join(', ')}, or name a JSON file.`,
  });
}

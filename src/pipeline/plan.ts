import path from 'node:path';
import { Journal } from '../batch/journal.ts';
import { RestorationError } from '../core/errors.ts';
import type { FrameFormat } from '../core/format.ts';
import type { MediaInfo } from '../core/media.ts';
import type { Plan, StagePlan } from '../core/plan.ts';
import { decodeNotes, planDecode, probeMedia } from '../decode/index.ts';
import { chooseContainer, encodeNotes, ignoredOptions, lostNotes, planEncode, planStreams } from '../encode/index.ts';
import { findFfmpeg } from '../platform/ffmpeg.ts';
import { checkDevices, chooseDevices } from '../restore/index.ts';
import { planGeometry, type Geometry } from './geometry.ts';
import { planHash } from './hash.ts';
import { DEFAULT_CODEC, restoreOptionsSchema, type RestoreOptions } from './options.ts';
import { isFolderOutput, planOutput } from './output.ts';
import { loadPreset, type Preset } from './presets.ts';
import { planStages } from './planned-stages.ts';
import { isBarred, wantedStages } from './stages.ts';
import { suggestPreset } from './suggest.ts';
import { DEFAULT_WORKDIR } from './workdir.ts';

/** Ten seconds of film: little is lost with one, and an encoder's start costs little against it. */
const DEFAULT_SEGMENT_FRAMES = 240;

/** Checks options that come from outside. Throws USAGE with the first thing that is wrong. */
export function parseOptions(options: unknown): RestoreOptions {
  const result = restoreOptionsSchema.safeParse(options);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new RestorationError(
    'USAGE',
    `The option "${issue?.path.join('.') ?? ''}" is wrong: ${issue?.message ?? ''}.`,
    {
      hint: 'See `restore --help` for the options and their values.',
    },
  );
}

/** Looks at the source and decides everything that will be done, without writing anything. */
export async function makePlan(options: RestoreOptions, signal?: AbortSignal): Promise<Plan> {
  const tools = await findFfmpeg();
  // What can be refused without looking at the film is refused first.
  const chosen = options.preset === undefined ? undefined : await loadPreset(options.preset);
  await checkDevices(options);
  const probeOptions = options.inputColor === undefined ? {} : { inputColor: options.inputColor };
  const media = await probeMedia(options.input, { ...probeOptions, ...(signal ? { signal } : {}) });
  const notes: string[] = [];
  const preset = chosen ?? (await suggested(media, notes));

  const deinterlace = options.deinterlace ?? preset.deinterlace;
  const trim = {
    ...(options.startSeconds === undefined ? {} : { startSeconds: options.startSeconds }),
    ...(options.durationSeconds === undefined ? {} : { durationSeconds: options.durationSeconds }),
  };
  checkTrim(media, options);
  const codec = options.codec ?? preset.encode.codec ?? DEFAULT_CODEC;
  const named = options.output !== undefined && !(await isFolderOutput(options.output)) ? options.output : undefined;
  const outputChoice = chooseContainer(media, named, codec);
  notes.push(...outputChoice.notes);
  const bakeRotation = outputChoice.bakeRotation;
  const decodeOptions = { deinterlace, bakeRotation, ...trim };
  const whole = planDecode(media, { ...decodeOptions, crop: undefined });
  const active = bakeRotation ? undefined : media.diagnosis.activeArea;
  const displayRotation = bakeRotation ? 0 : media.video.rotation;
  const sideways = displayRotation === 90 || displayRotation === 270;
  const geometryFor = (size: Parameters<typeof planGeometry>[3]): Geometry =>
    planGeometry(whole.format, active, whole.format.sampleAspectRatio, size, sideways);
  // What is asked for must make sense, also where it has no effect.
  const asked = geometryFor(options);
  const geometry = isBarred(preset, 'upscale') ? geometryFor({}) : asked;
  if (geometry.note !== undefined) notes.push(geometry.note);
  const wanted = wantedStages(options, preset, chosen !== undefined, geometry.factor > 1, media.diagnosis.noiseSigma);
  if (options.colorize === true && wanted.colorize && !media.diagnosis.blackAndWhite) {
    notes.push('The source has color already; --colorize replaces it.');
  }

  const { stages, models, crops, idle } = await planStages(options, preset, wanted, geometry, active);
  notes.push(...idle);
  notes.push(...models.flatMap((model) => model.notes ?? []));
  const choice = await chooseDevices(options, models);
  notes.push(...choice.notes);
  const crop = crops ? active : undefined;
  const decode = crop ? planDecode(media, { ...decodeOptions, crop }) : whole;
  const restored = restoredFormat(decode.format, stages, geometry.picture);
  const encode = await planEncode({
    media,
    format: restored,
    frame: crops ? geometry.frame : { width: restored.width, height: restored.height },
    pad: crops ? geometry.pad : undefined,
    codec,
    crf: options.crf ?? preset.encode.crf,
    encoderPreset: options.encoderPreset ?? preset.encode.encoderPreset,
    container: outputChoice.container,
    displayRotation,
  });
  notes.push(...decodeNotes(media, decode));
  notes.push(...encodeNotes(encode, { ...restored, ...(crops ? geometry.frame : {}) }));
  notes.push(...ignoredOptions(encode, { crf: options.crf, encoderPreset: options.encoderPreset }));
  const streams = planStreams(media, encode.container);
  for (const stream of streams) {
    if (stream.action !== 'copy' && stream.reason !== undefined) notes.push(`Stream ${stream.index}: ${stream.reason}`);
  }
  notes.push(...lostNotes(media, streams, encode.container));
  if (media.video.colorGuessed) {
    const { matrix, range } = media.video.color;
    notes.push(`The source does not state its color; ${matrix}, ${range} range is assumed (--input-color overrides).`);
  }

  const segmentFrames = options.segmentFrames ?? DEFAULT_SEGMENT_FRAMES;
  const precision = options.precision ?? 'auto';
  const hash = planHash({
    fingerprint: media.fingerprint,
    decode,
    stages,
    encode,
    precision,
    segmentFrames,
    ffmpegBanner: tools.banner,
  });
  const workdirFor = (output: string): string =>
    path.join(options.workdir ?? path.join(path.dirname(output), DEFAULT_WORKDIR), hash);
  const isOwn = async (output: string): Promise<boolean> =>
    options.fresh !== true && (await new Journal(workdirFor(output)).resultAt(output)) !== undefined;
  const output = await planOutput(options, encode.container, isOwn);
  return {
    media,
    preset: preset.name,
    decode,
    stages,
    encode,
    streams,
    output,
    workdir: workdirFor(output),
    overwrite: options.overwrite ?? false,
    device: choice.device,
    precision,
    segmentFrames,
    notes,
    planHash: hash,
  };
}

async function suggested(media: MediaInfo, notes: string[]): Promise<Preset> {
  const { preset, reason } = suggestPreset(media);
  notes.push(`Preset ${preset}, because ${reason} (--preset chooses another).`);
  return loadPreset(preset);
}

function checkTrim(media: MediaInfo, options: RestoreOptions): void {
  const { durationSeconds } = media;
  if (options.startSeconds === undefined || durationSeconds === undefined) return;
  if (options.startSeconds < durationSeconds) return;
  throw new RestorationError(
    'USAGE',
    `--start ${options.startSeconds} lies behind the end of the film (${durationSeconds.toFixed(2)} s).`,
    { hint: 'Give a start inside the film.' },
  );
}

/** What comes out of the stages: their declared formats, one after the other. */
function restoredFormat(
  decoded: FrameFormat,
  stages: readonly StagePlan[],
  picture: { readonly width: number; readonly height: number },
): FrameFormat {
  const works = (kind: string): boolean => stages.some((stage) => stage.kind === kind);
  const { sampling, bitDepth } = decoded.pixelFormat;
  return {
    ...decoded,
    ...(works('upscale') ? { width: picture.width, height: picture.height } : {}),
    pixelFormat: {
      sampling: works('colorize') && sampling === 'gray' ? '420' : sampling,
      bitDepth: (works('upscale') || works('denoise') || works('degrain')) && bitDepth === 8 ? 10 : bitDepth,
    },
  };
}

import { basename, dirname, extname } from 'node:path';
import { RestorationError } from '../../core/errors.ts';
import type { ModelFormat } from '../backends/index.ts';
import type { TensorForm } from '../pixels/tensors.ts';
import { AB_LIMIT, ADAPTERS, rangesOf, type AdapterName } from './adapters.ts';
import { openModelFile, readModelFile, unusable, type ModelFile } from './inspect-file.ts';
import { Probe, type Answer } from './inspect-probe.ts';
import { findAbRanges, findRanges } from './inspect-ranges.ts';
import { slotsOf } from './inspect-slots.ts';
import { recognize } from './inspect-task.ts';
import type { ColorManifest, ModelKind, ModelManifest, ModelStatement, PictureManifest, ResolvedModel } from './schema.ts';
import { modelText } from './text.ts';

/** What is known of a bare file before it is looked at. */
export interface Wish {
  /** What it is to do; found out where it is left out. */
  readonly kind: ModelKind | undefined;
  /** How it is fed, as named or stated; found out where it is left out. */
  readonly adapter: AdapterName | undefined;
  /** What its user states. */
  readonly stated: ModelStatement;
}

type Ranges = TensorForm['ranges'];
type Range = readonly [number, number];

/** Short side that colorizers of any size work at: what their families were trained on. */
const WORK_SIZES = { 'lab-colorizer': 256, 'ab-colorizer': 512, 'rgb-colorizer': 256 } as const;
/** Colorizers halve the picture up to five times; it is resized for them anyway. */
const COLORIZER_MULTIPLE = 32;

/**
 * How far devices may differ (output 0..1): half floats are rounded on the way where a device computes in them, and bytes
 * at the end.
 */
const TOLERANCES = { float32: 1e-3, float16: 2e-2, uint8: 8.5e-3 } as const;

interface Findings {
  readonly probe: Probe;
  readonly adapter: AdapterName;
  readonly answer: Answer;
  readonly input: Ranges;
  readonly output: Ranges;
  readonly notes: readonly string[];
}

const compact = (ranges: Ranges): [number, number] | [number, number][] => {
  const [first] = ranges;
  const one = first && ranges.every(([zero, full]) => zero === first[0] && full === first[1]);
  return one ? [first[0], first[1]] : ranges.map(([zero, full]): [number, number] => [zero, full]);
};

const guess = (file: string): string =>
  `What stands for black and white in ${file} could not be told by trying it: the usual is taken. State "range" in a .json beside it if colors come out wrong.`;

/** Scale of a network that gives pictures: the same whole number on both sides. */
function scaleOf(path: string, { size }: Probe, { width, height }: Answer): number {
  const scale = width / size.width;
  if (height / size.height === scale && Number.isInteger(scale) && scale >= 1 && scale <= 8) return scale;
  throw unusable(path, `it turns a ${size.width} x ${size.height} picture into ${width} x ${height}`);
}

/** Tries the network until everything is known that a manifest says. */
async function examine(path: string, probe: Probe, wish: Wish): Promise<Findings> {
  const { stated } = wish;
  const { input } = probe.slots;
  const asked = wish.adapter;
  const start: Range = input.type === 'uint8' ? [0, 255] : [0, 1];
  const answer = await probe.first(Array.from({ length: input.channels }, () => start));
  const ratio = answer.width / probe.size.width;
  const told = {
    input: stated.input?.range && rangesOf(stated.input.range, input.channels),
    output: stated.output?.range && rangesOf(stated.output.range, answer.channels),
  };
  const about = { path, channelsIn: input.channels, channelsOut: answer.channels, scale: ratio };
  if (answer.channels === 2) {
    const adapter = recognize(about, { kind: wish.kind, adapter: asked, color: 1 });
    const range = ADAPTERS[adapter].rangeIn;
    const found = await findAbRanges(probe, range, AB_LIMIT, told);
    const notes = found.guessed
      ? [`${basename(path)} gives a and b within -1..1: its input is taken as 0..1. State "range" in a .json beside it if not.`]
      : [];
    return { probe, adapter, answer, input: found.input, output: found.output, notes };
  }
  // Before the ranges are known the number of channels is: what cannot be right is refused at once.
  recognize(about, { kind: wish.kind, adapter: asked, color: undefined });
  const fit = await findRanges(probe, told);
  const adapter = recognize(about, { kind: wish.kind, adapter: asked, color: fit.color });
  return { probe, adapter, answer, input: fit.input, output: fit.output, notes: fit.guessed ? [guess(basename(path))] : [] };
}

/** A TensorFlow.js model is called like its folder: its file is always model.json. */
const nameOf = (path: string, format: ModelFormat): string => {
  const name = format === 'tfjs' ? basename(dirname(path)) : basename(path, extname(path));
  return name.replace(/^[^a-z0-9]+/i, '').replace(/[^a-z0-9._-]+/gi, '-') || 'model';
};

/** The part of a manifest that all kinds have. */
function common(path: string, file: ModelFile, { probe, answer, input, output }: Findings, stated: ModelStatement) {
  const { slots } = probe;
  const tensor = (name: string, form: Pick<TensorForm, 'layout' | 'type'>, ranges: Ranges) => ({
    name,
    layout: form.layout,
    type: form.type,
    range: compact(ranges),
  });
  return {
    id: nameOf(path, file.format),
    title: stated.title ?? `Network from ${nameOf(path, file.format)}`,
    file: basename(path),
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    ...(file.external.length === 0 ? {} : { external: file.external.map(({ name }) => name) }),
    tolerance: stated.tolerance ?? Math.max(TOLERANCES[slots.output.type], TOLERANCES[slots.input.type]),
    parameters: file.about.parameters,
    licence: stated.licence ?? 'not stated',
    clean: stated.clean ?? false,
    input: {
      ...tensor(slots.input.name, slots.input, input),
      ...(slots.input.size ? { size: { ...slots.input.size } } : {}),
    },
    output: tensor(slots.output.name, { layout: answer.layout, type: answer.value.type }, output),
  };
}

function colorizer(path: string, file: ModelFile, findings: Findings, { stated }: Wish): ColorManifest {
  const { probe, answer } = findings;
  const adapter = findings.adapter as ColorManifest['adapter'];
  const fixed = probe.slots.input.size;
  const { width } = probe.size;
  const multiple = width % (2 * COLORIZER_MULTIPLE) === 0 ? width : COLORIZER_MULTIPLE;
  return {
    ...common(path, file, findings, stated),
    kind: 'colorize',
    adapter,
    scale: answer.width / probe.size.width,
    workSize: stated.workSize ?? (fixed ? Math.min(fixed.width, fixed.height) : WORK_SIZES[adapter]),
    sizeMultiple: stated.sizeMultiple ?? (fixed ? 1 : multiple),
    saturation: stated.saturation ?? 1,
  };
}

async function picture(path: string, file: ModelFile, findings: Findings, { stated }: Wish): Promise<PictureManifest> {
  const { probe, input, adapter } = findings;
  const scale = scaleOf(path, probe, findings.answer);
  const base = common(path, file, findings, stated);
  const sizeMultiple =
    stated.sizeMultiple ?? (probe.slots.input.size ? 1 : await probe.sizeMultiple(input, scale));
  const manifest = {
    ...base,
    input: { ...base.input, ...probe.slots.strength },
    scale,
    sizeMultiple,
    receptiveField: stated.receptiveField ?? (await probe.reach(input, scale)),
    ...(stated.receptiveField === undefined ? { reachProbed: true } : {}),
  };
  return ADAPTERS[adapter].kind === 'upscale'
    ? { ...manifest, kind: 'upscale', adapter: adapter === 'rgb-sr' ? 'rgb-sr' : 'luma-sr' }
    : { ...manifest, kind: 'denoise', adapter: adapter === 'rgb-denoise' ? 'rgb-denoise' : 'luma-denoise' };
}

async function look(path: string, file: ModelFile, wish: Wish): Promise<ResolvedModel> {
  const session = await openModelFile(path, file);
  try {
    const asked = wish.adapter;
    const slots = slotsOf(path, session, asked && ADAPTERS[asked].channelsIn, wish.stated);
    const findings = await examine(path, new Probe(path, session, slots), wish);
    const manifest: ModelManifest =
      ADAPTERS[findings.adapter].kind === 'colorize'
        ? colorizer(path, file, findings, wish)
        : await picture(path, file, findings, wish);
    return {
      manifest,
      path,
      sha256: file.sha256,
      notes: [`${basename(path)} ${modelText(manifest)}.`, ...findings.notes],
      external: manifest.external,
    };
  } catch (error) {
    if (error instanceof RestorationError) throw error;
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw unusable(path, `it fails on a picture (${message?.replace(/\.$/, '')})`);
  } finally {
    await session.close();
  }
}

/** What was found, by content and wish: a plan and its run look at the same file. */
const found = new Map<string, Promise<ResolvedModel>>();

/**
 * Makes a manifest for a file that has none, by looking at its inputs and outputs and by running it on small pictures:
 * layout, type, range, channels, scale, size multiple, reach, and from them the adapter. Throws MODEL_INVALID with the
 * one thing that is in the way.
 */
export async function inspectModel(path: string, wish: Wish): Promise<ResolvedModel> {
  const file = await readModelFile(path);
  const key = JSON.stringify([path, file.sha256, wish]);
  let model = found.get(key);
  if (!model) {
    model = look(path, file, wish);
    found.set(key, model);
    model.catch(() => found.delete(key));
  }
  return model;
}

import type { InferenceSession, TensorInfo, TensorType } from '../backends/index.ts';
import { unusable } from './inspect-file.ts';
import type { ModelStatement } from './schema.ts';

/** Where a picture goes into a network, as the file says it. */
export interface Slot {
  readonly name: string;
  readonly type: TensorType;
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  /** The one size that it takes, in pixels. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
}

/** A second input that takes one number: the noise level. */
export interface StrengthSlot {
  readonly strengthName: string;
  readonly strengthShape: 1[];
  readonly strengthFull: number;
}

export interface ModelSlots {
  readonly input: Slot;
  readonly strength: StrengthSlot | undefined;
  readonly output: { readonly name: string; readonly type: TensorType };
}

const TYPES: readonly string[] = ['float32', 'float16', 'uint8'] satisfies TensorType[];
const MORE_NAMES = /strength|sigma|noise|level/i;
/** Networks that take sigma take it of pictures 0..1 (FFDNet, github.com/cszn/KAIR); full strength is 50 of 255. */
const SIGMA = /sigma/i;

const listed = (infos: readonly TensorInfo[]): string => infos.map(({ name }) => name).join(', ');

function typeOf(path: string, what: 'input' | 'output', { name, type }: TensorInfo): TensorType {
  if (TYPES.includes(type)) return type as TensorType;
  throw unusable(path, `its ${what} ${name} is ${type} instead of float32, float16 or uint8`);
}

function strengthOf(info: TensorInfo): StrengthSlot | undefined {
  const single = info.shape.length <= 4 && info.shape.every((dim) => dim === 1 || typeof dim === 'string');
  if (!single || info.type !== 'float32' || !MORE_NAMES.test(info.name)) return undefined;
  return {
    strengthName: info.name,
    strengthShape: info.shape.map(() => 1 as const),
    strengthFull: SIGMA.test(info.name) ? 50 / 255 : 1,
  };
}

/** The picture among the inputs, and the noise level if there is one. */
function inputsOf(path: string, infos: readonly TensorInfo[]): { picture: TensorInfo; strength?: StrengthSlot } {
  const [first, second] = infos;
  if (!first) throw unusable(path, 'it has no input');
  if (!second) return { picture: first };
  if (infos.length === 2) {
    const [level, other] = [strengthOf(first), strengthOf(second)];
    if (other && !level) return { picture: first, strength: other };
    if (level && !other) return { picture: second, strength: level };
  }
  throw unusable(path, `it has ${infos.length} inputs instead of one picture (${listed(infos)})`);
}

function slotOf(path: string, info: TensorInfo, channels: 1 | 3 | undefined, stated: ModelStatement): Slot {
  const { name, shape } = info;
  const type = typeOf(path, 'input', info);
  if (shape.length === 0) throw unusable(path, `its input ${name} leaves the number of its dimensions open`);
  if (shape.length !== 4) {
    throw unusable(path, `its input ${name} has ${shape.length} dimensions instead of the four of a picture`);
  }
  if (typeof shape[0] === 'number' && shape[0] !== 1) throw unusable(path, `it takes ${shape[0]} pictures at once`);
  const few = (dim: number | string | undefined): dim is 1 | 3 => dim === 1 || dim === 3;
  const last = !few(shape[1]) && few(shape[3]);
  const layout = stated.input?.layout ?? (last ? 'nhwc' : 'nchw');
  const [depth, height, width] = layout === 'nchw' ? [shape[1], shape[2], shape[3]] : [shape[3], shape[1], shape[2]];
  const found = few(depth) ? depth : undefined;
  if (found === undefined && (typeof depth === 'number' || channels === undefined)) {
    const what = typeof depth === 'number' ? `has ${depth} channels instead of 1 or 3` : 'leaves its channels open';
    throw unusable(path, `its input ${name} ${what}`);
  }
  const fixed = [width, height].filter((side) => typeof side === 'number');
  const size =
    fixed.length === 0
      ? undefined
      : {
          // Where one side is open, it takes what the other must be.
          width: typeof width === 'number' ? width : (fixed[0] ?? 0),
          height: typeof height === 'number' ? height : (fixed[0] ?? 0),
        };
  return { name, type, layout, channels: found ?? channels ?? 1, size };
}

/**
 * Which input takes the picture and which output gives it, by names, types and dimensions. `channels` is what the adapter
 * that was asked for takes. Throws MODEL_INVALID with the first thing that does not fit.
 */
export function slotsOf(
  path: string,
  session: Pick<InferenceSession, 'inputs' | 'outputs'>,
  channels: 1 | 3 | undefined,
  stated: ModelStatement,
): ModelSlots {
  const { picture, strength } = inputsOf(path, session.inputs);
  const input = slotOf(path, picture, channels, stated);
  const [out, ...others] = session.outputs;
  if (!out || others.length > 0) {
    throw unusable(
      path,
      `it has ${session.outputs.length} outputs instead of one picture (${listed(session.outputs)})`,
    );
  }
  return { input, strength, output: { name: out.name, type: typeOf(path, 'output', out) } };
}

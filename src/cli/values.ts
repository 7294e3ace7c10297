import { MODEL_KINDS, NAMED_SIZES, RestorationError, restoreOptionsSchema, type RestoreOptions } from '../index.ts';

/** Rejects what is no plain decimal number: Number('') is 0 and Number('0x10') is 16. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;

export type NumericKey =
  | 'upscale'
  | 'denoise'
  | 'deflicker'
  | 'scratches'
  | 'dust'
  | 'degrain'
  | 'grain'
  | 'saturation'
  | 'colorTemperature'
  | 'colorSeed'
  | 'workers'
  | 'tileSize'
  | 'crf'
  | 'segmentFrames'
  | 'spaceWait';

/** "--crf needs a number from 0 to 63, not \"abc\"." */
export const badValue = (flag: string, needs: string, value: string): RestorationError =>
  new RestorationError('USAGE', `${flag} needs ${needs}, not ${JSON.stringify(value)}.`, {
    hint: 'See `restore --help` for the options.',
  });

/** A number within the bounds that the options' schema sets for `key`; `needs` says those bounds in words. */
export function numberFor(key: NumericKey, flag: string, needs: string): (value: string) => number {
  return (value) => {
    const checked = restoreOptionsSchema.shape[key].safeParse(NUMBER.test(value.trim()) ? Number(value) : Number.NaN);
    if (!checked.success || checked.data === undefined) throw badValue(flag, needs, value);
    return checked.data;
  };
}

/** A whole number of an option that is not one of a film's. */
export function wholeNumberIn(flag: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw badValue(flag, `a whole number from ${least} to ${most}`, value);
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(flag: string, words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw badValue(flag, `one of ${words.join(', ')}`, value);
    return word;
  };
}

/** Text that is not empty. */
export function textFor(flag: string, needs: string, pattern = /\S/): (value: string) => string {
  return (value) => {
    if (!pattern.test(value)) throw badValue(flag, needs, value);
    return value;
  };
}

/** Seconds from `90`, `90.5`, `1:30`, `1:02:03.25`; undefined for anything else. Minutes and seconds after a colon stay below 60. */
export function parseTime(text: string): number | undefined {
  const match = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text.trim());
  if (!match) return undefined;
  const [hours, minutes, seconds] = [match[1], match[2], match[3]];
  if (minutes !== undefined && Number(seconds) >= 60) return undefined;
  if (hours !== undefined && Number(minutes) >= 60) return undefined;
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
}

export function timeFor(flag: string, { positive }: { positive: boolean }): (value: string) => number {
  return (value) => {
    const seconds = parseTime(value);
    if (seconds === undefined || (positive && seconds === 0)) {
      throw badValue(flag, `seconds or hh:mm:ss${positive ? ' above 0' : ''}`, value);
    }
    return seconds;
  };
}

const UNITS: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes from `20GB`, `1.5T`, `500 MB` (decimal units, as disks count) or `8GiB`; at least one megabyte. */
export function parseBytes(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT])(i?)B?$/i.exec(value.trim());
  const [unit, binary] = [match?.[2]?.toUpperCase() ?? '', match?.[3] !== ''];
  const decimal = UNITS[unit] ?? 0;
  const bytes = Math.round(Number(match?.[1] ?? 0) * (binary ? 1024 ** Math.round(Math.log10(decimal) / 3) : decimal));
  if (bytes >= 1e6) return bytes;
  throw badValue('--cache', 'a size such as 500MB or 20GB, at least 1MB', value);
}

/** '4k', '1440p', '1080p' or WxH with even sides of 16 to 16384. */
export function parseSize(value: string): string {
  const match = /^(\d+)x(\d+)$/i.exec(value);
  const sides = match ? [Number(match[1]), Number(match[2])] : [];
  const fits = sides.length === 2 && sides.every((side) => side >= 16 && side <= 16_384 && side % 2 === 0);
  if (fits || Object.hasOwn(NAMED_SIZES, value.toLowerCase())) return value.toLowerCase();
  throw badValue(
    '--to',
    `${Object.keys(NAMED_SIZES).join(', ')} or WIDTHxHEIGHT in even numbers from 16 to 16384`,
    value,
  );
}

/** Collects `--model KIND=ID|FILE`; the same kind twice is a contradiction. */
export function collectModel(
  value: string,
  models: RestoreOptions['models'] = {},
): NonNullable<RestoreOptions['models']> {
  const at = value.indexOf('=');
  const kind = MODEL_KINDS.find((candidate) => candidate === value.slice(0, Math.max(at, 0)));
  const name = value.slice(at + 1).trim();
  if (kind === undefined || name === '') {
    throw badValue('--model', `KIND=ID or KIND=FILE.onnx with a kind of ${MODEL_KINDS.join(', ')}`, value);
  }
  if (models[kind] !== undefined) {
    throw new RestorationError('USAGE', `--model names two models for ${kind}: ${models[kind]} and ${name}.`, {
      hint: 'Keep one of them.',
    });
  }
  return { ...models, [kind]: name };
}

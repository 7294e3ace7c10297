import type { ColorInfo, Matrix, Range } from '../core/color.ts';
import { RestorationError } from '../core/errors.ts';

/** What a stream (or its first frame) says about its color, in FFmpeg's words. */
export interface StatedColor {
  readonly color_space?: string | undefined;
  readonly color_transfer?: string | undefined;
  readonly color_primaries?: string | undefined;
  readonly color_range?: string | undefined;
}

const MATRICES: Readonly<Record<string, Matrix>> = {
  bt709: 'bt709',
  smpte170m: 'smpte170m',
  bt470bg: 'bt470bg',
  bt2020nc: 'bt2020nc',
  bt2020ncl: 'bt2020nc',
  bt2020c: 'bt2020nc',
  fcc: 'fcc',
  smpte240m: 'smpte240m',
};
const RANGES: Readonly<Record<string, Range>> = {
  tv: 'limited',
  mpeg: 'limited',
  limited: 'limited',
  pc: 'full',
  jpeg: 'full',
  full: 'full',
};

/** Short names that --input-color takes beside FFmpeg's own, with the transfer and primaries that go with each matrix (ffprobe's names). */
const SYSTEMS: Readonly<Record<string, Omit<ColorInfo, 'range'>>> = {
  bt709: { matrix: 'bt709', transfer: 'bt709', primaries: 'bt709' },
  bt601: { matrix: 'smpte170m', transfer: 'smpte170m', primaries: 'smpte170m' },
  smpte170m: { matrix: 'smpte170m', transfer: 'smpte170m', primaries: 'smpte170m' },
  bt470bg: { matrix: 'bt470bg', transfer: 'bt470bg', primaries: 'bt470bg' },
  bt2020: { matrix: 'bt2020nc', transfer: 'bt2020-10', primaries: 'bt2020' },
  bt2020nc: { matrix: 'bt2020nc', transfer: 'bt2020-10', primaries: 'bt2020' },
  fcc: { matrix: 'fcc', transfer: 'bt470m', primaries: 'bt470m' },
  smpte240m: { matrix: 'smpte240m', transfer: 'smpte240m', primaries: 'smpte240m' },
};

/** Reads --input-color: `SYSTEM`, `SYSTEM:RANGE` or `RANGE`, e.g. 'bt601', 'bt709:full', 'limited'. Throws USAGE. */
export function parseInputColor(text: string): {
  readonly system: Omit<ColorInfo, 'range'> | undefined;
  readonly range: Range | undefined;
} {
  const parts = text.toLowerCase().split(':');
  const system = SYSTEMS[parts[0] ?? ''];
  const range = RANGES[parts.at(-1) ?? ''];
  const understood =
    parts.length === 1
      ? system !== undefined || range !== undefined
      : system !== undefined && range !== undefined && parts.length === 2;
  if (understood) return { system, range: parts.length === 1 && system !== undefined ? undefined : range };
  throw new RestorationError('USAGE', `"${text}" is not a known input color.`, {
    hint: `Use one of ${Object.keys(SYSTEMS).join(', ')}, alone or with a range: bt709:limited, bt601:full.`,
  });
}

const stated = (value: string | undefined): string | undefined =>
  value === undefined || value === 'unknown' || value === 'unspecified' || value === 'reserved' ? undefined : value;

/** The guess for what a source leaves open: SD is BT.601 (625-line where there are 576 lines), HD is BT.709. */
const guessedSystem = (height: number): Omit<ColorInfo, 'range'> => {
  const name = height > 576 ? 'bt709' : height === 576 ? 'bt470bg' : 'smpte170m';
  return SYSTEMS[name] ?? { matrix: 'unknown', transfer: 'unknown', primaries: 'unknown' };
};

export interface ColorFacts {
  readonly height: number;
  readonly rgb: boolean;
  /** Range that the pixel format's name or the pictures themselves tell; for what is not tagged. */
  readonly impliedRange: Range | undefined;
  readonly inputColor: string | undefined;
}

/**
 * The color of a source: what the user says, then what the file states, then a guess. `guessed` is true when matrix or range is one.
 * Transfer and primaries are never made up: what is not stated stays 'unknown'.
 */
export function resolveColor(
  source: StatedColor,
  facts: ColorFacts,
): { readonly color: ColorInfo; readonly guessed: boolean } {
  const override = facts.inputColor === undefined ? undefined : parseInputColor(facts.inputColor);
  const guess = guessedSystem(facts.height);
  // RGB has no matrix of its own; the one it is taken through is a choice, not a guess.
  const statedMatrix = facts.rgb ? guess.matrix : MATRICES[stated(source.color_space) ?? ''];
  const statedRange = facts.rgb ? 'limited' : (RANGES[stated(source.color_range) ?? ''] ?? facts.impliedRange);
  const color: ColorInfo = {
    matrix: override?.system?.matrix ?? statedMatrix ?? guess.matrix,
    transfer: override?.system?.transfer ?? stated(source.color_transfer) ?? 'unknown',
    primaries: override?.system?.primaries ?? stated(source.color_primaries) ?? 'unknown',
    range: override?.range ?? statedRange ?? 'limited',
  };
  const matrixKnown = override?.system !== undefined || statedMatrix !== undefined;
  return { color, guessed: !matrixKnown };
}

import { ADAPTERS, type AdapterName } from './adapters.ts';
import { unusable } from './inspect-file.ts';
import type { ModelKind } from './schema.ts';

/** What a network was seen to do. */
export interface Seen {
  readonly path: string;
  readonly channelsIn: 1 | 3;
  readonly channelsOut: number;
  /** Output pixels for an input pixel along one side. */
  readonly scale: number;
}

export interface Asked {
  readonly kind: ModelKind | undefined;
  readonly adapter: AdapterName | undefined;
  /** Mean difference between the channels of what it gives for a gray picture; undefined before that is known. */
  readonly color: number | undefined;
}

/** Color that a colorizer gives at least to a gray picture, and a denoiser at most. */
const SOME_COLOR = 0.002;
const MUCH_COLOR = 0.06;

const channels = (count: number): string => `${count} channel${count === 1 ? '' : 's'}`;

const DOING = { upscale: 'enlarges', denoise: 'keeps size and color', colorize: 'gives color' } as const;

const wrongTask = (path: string, is: ModelKind, asked: ModelKind): Error =>
  unusable(path, `it ${DOING[is]}, so it is no model for ${asked}`, `It fits --model ${is}=FILE.`);

/** The adapter that was named, if the network has its channels. */
function named({ path, channelsIn, channelsOut, scale }: Seen, kind: ModelKind | undefined, name: AdapterName): AdapterName {
  const adapter = ADAPTERS[name];
  if (kind !== undefined && kind !== adapter.kind) {
    throw unusable(path, `${name} is an adapter for ${adapter.kind}, not for ${kind}`);
  }
  if (adapter.channelsIn !== channelsIn || adapter.channelsOut !== channelsOut) {
    throw unusable(
      path,
      `${name} takes ${channels(adapter.channelsIn)} and gives ${adapter.channelsOut}, it takes ${channelsIn} and gives ${channelsOut}`,
    );
  }
  if (adapter.kind === 'denoise' && scale > 1) throw wrongTask(path, 'upscale', 'denoise');
  if (adapter.kind === 'upscale' && scale === 1) throw wrongTask(path, 'denoise', 'upscale');
  return name;
}

/** What a network with these channels does. */
function seenKind({ path, channelsIn, channelsOut, scale }: Seen, { kind, color }: Asked): ModelKind {
  if (channelsOut === 2) return 'colorize';
  if (channelsOut !== channelsIn) {
    throw unusable(path, `it turns ${channels(channelsIn)} into ${channelsOut} instead of as many, or into 2 of color`);
  }
  if (scale > 1) return 'upscale';
  if (channelsIn === 1) return 'denoise';
  // Size and channels stay: only what it does to gray tells denoisers from colorizers.
  if (color === undefined) return kind === 'colorize' ? 'colorize' : 'denoise';
  if (kind === 'colorize') return color < SOME_COLOR ? 'denoise' : 'colorize';
  return color > MUCH_COLOR ? 'colorize' : 'denoise';
}

/**
 * The adapter that fits a network, from its channels, its scale, and whether it colors gray pictures. Throws
 * MODEL_INVALID where none does, or where it does something else than asked for.
 */
export function recognize(seen: Seen, asked: Asked): AdapterName {
  if (asked.adapter !== undefined) return named(seen, asked.kind, asked.adapter);
  const kind = seenKind(seen, asked);
  // Whether it colors is not known at first.
  const open = asked.color === undefined && kind === 'denoise' && seen.channelsIn === 3;
  if (asked.kind !== undefined && asked.kind !== kind && !open) throw wrongTask(seen.path, kind, asked.kind);
  if (kind === 'upscale') return seen.channelsIn === 1 ? 'luma-sr' : 'rgb-sr';
  if (kind === 'denoise') return seen.channelsIn === 1 ? 'luma-denoise' : 'rgb-denoise';
  if (seen.channelsIn === 1) return 'lab-colorizer';
  return seen.channelsOut === 2 ? 'ab-colorizer' : 'rgb-colorizer';
}

import { RestorationError } from '../core/errors.ts';
import type { Rect } from '../core/media.ts';
import { toNumber, type Rational } from '../core/rational.ts';
import { NAMED_SIZES, type RestoreOptions } from './options.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** 4K UHD: what the output is kept inside unless the cap is lifted. */
const CAP: Size = { width: 3840, height: 2160 };

export interface Geometry {
  /** The worked-on picture after scaling. */
  readonly picture: Size;
  /** The encoded frame, bars included. */
  readonly frame: Size;
  /** Where the picture lies in the frame; undefined when it fills it. */
  readonly pad: Rect | undefined;
  /** Linear factor from source to output. */
  readonly factor: number;
  /** Sentence for the user when the cap made the picture smaller than asked. */
  readonly note: string | undefined;
}

/** The box that `to` names. Throws USAGE for what is no size. */
export function parseBox(to: string): Size {
  const name = to.toLowerCase();
  const named = Object.hasOwn(NAMED_SIZES, name) ? NAMED_SIZES[name] : undefined;
  if (named) return named;
  const match = /^(\d{2,5})[x×](\d{2,5})$/i.exec(to);
  if (!match) {
    throw new RestorationError('USAGE', `"${to}" is not a size.`, {
      hint: `Give one of ${Object.keys(NAMED_SIZES).join(', ')}, or WIDTHxHEIGHT such as 1920x1080.`,
    });
  }
  return { width: Number(match[1]), height: Number(match[2]) };
}

/** Largest factor that keeps `size` (as displayed) inside `box`, which turns with a portrait picture. */
function fitFactor(size: Size, aspect: number, box: Size): number {
  const shown = { width: size.width * Math.max(1, aspect), height: size.height * Math.max(1, 1 / aspect) };
  const portrait = shown.height > shown.width && box.width > box.height;
  const [width, height] = portrait ? [box.height, box.width] : [box.width, box.height];
  return Math.min(width / shown.width, height / shown.height);
}

/** Nearest multiple of `step`, at least `step`. */
const roundTo = (value: number, step: number): number => Math.max(step, Math.round(value / step) * step);

/**
 * Sizes of the output. `source` is the whole frame, `active` the part that is worked on, `sideways` whether players turn it
 * onto its side. A source that is not enlarged keeps its exact size, odd numbers included; an enlarged one has even sizes,
 * as 4:2:0 wants them.
 */
export function planGeometry(
  source: Size,
  active: Rect | undefined,
  sampleAspectRatio: Rational,
  options: Pick<RestoreOptions, 'upscale' | 'to' | 'cap'>,
  sideways = false,
): Geometry {
  if (options.upscale !== undefined && options.to !== undefined) {
    throw new RestorationError('USAGE', '--upscale and --to both set the size.', { hint: 'Give one of them.' });
  }
  const coded = toNumber(sampleAspectRatio) || 1;
  const [shown, aspect] = sideways ? [{ width: source.height, height: source.width }, 1 / coded] : [source, coded];
  let factor = options.to === undefined ? (options.upscale ?? 1) : fitFactor(shown, aspect, parseBox(options.to));
  let note: string | undefined;
  const bound = fitFactor(shown, aspect, CAP);
  if (options.cap !== false && factor > 1 && factor > bound) {
    note = `The output is kept inside ${CAP.width}x${CAP.height} (factor ${bound.toFixed(3)} instead of ${factor.toFixed(3)}); --no-cap lifts that.`;
    factor = Math.max(1, bound);
  }
  if (factor <= 1) {
    if (options.to !== undefined && factor < 1) {
      note = `The source is larger than ${options.to} already; its size is kept.`;
    }
    const whole = { width: source.width, height: source.height };
    const picture = active ? { width: active.width, height: active.height } : whole;
    return { picture, frame: whole, pad: active, factor: 1, note };
  }
  const scale = (value: number): number => roundTo(value * factor, 2);
  const frame = { width: scale(source.width), height: scale(source.height) };
  if (!active) return { picture: frame, frame, pad: undefined, factor, note };
  const picture = {
    width: Math.min(frame.width, scale(active.width)),
    height: Math.min(frame.height, scale(active.height)),
  };
  // Sizes are rounded each on its own: a picture that ends where the frame does must not leave a line of black there.
  const place = (at: number, isLast: boolean, room: number): number =>
    isLast ? room : Math.min(Math.floor((at * factor) / 2) * 2, room);
  const pad = {
    x: place(active.x, active.x + active.width === source.width, frame.width - picture.width),
    y: place(active.y, active.y + active.height === source.height, frame.height - picture.height),
    ...picture,
  };
  return { picture, frame, pad, factor, note };
}

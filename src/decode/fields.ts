import type { FieldOrder } from '../core/format.ts';
import type { Telecine } from '../core/media.ts';
import type { FieldFit } from './combing.ts';
import type { ProbedFrame } from './ffprobe.ts';

/** Which field of a frame FFmpeg's idet takes for a repetition of the frame before. */
export type FieldRepeat = 'neither' | 'top' | 'bottom';

/** Filters that print what idet says about each frame on stdout. */
export const IDET_FILTER = 'idet,metadata=mode=print:file=-';

/** Reads the text of IDET_FILTER: one entry a frame. */
export function parseIdet(text: string): FieldRepeat[] {
  return [...text.matchAll(/^lavfi\.idet\.repeated\.current_frame=(\w+)/gm)].map(([, value]) =>
    value === 'top' || value === 'bottom' ? value : 'neither',
  );
}

/** ffprobe's field_order: coded order and display order; the second letter of tb and bt is what is shown first. */
export function statedFieldOrder(text: string | undefined): FieldOrder {
  if (text === 'progressive') return 'progressive';
  if (text === 'tt' || text === 'bt') return 'tff';
  return text === 'bb' || text === 'tb' ? 'bff' : 'unknown';
}

/** Fewer film cycles than this prove nothing. */
const MIN_CYCLES = 4;

/**
 * 3:2 pulldown repeats one field in two of every five frames, once at the top and once at the bottom: the bottom two frames after the top
 * when the top field comes first, three frames after it when the bottom does. Gives that order when the cadence holds in most
 * cycles and repeats outside it are rare, else undefined. A still picture repeats nothing that idet could see, so it proves nothing.
 */
export function pulldownOrder(repeats: readonly FieldRepeat[]): 'tff' | 'bff' | undefined {
  const cycles = Math.floor(repeats.length / 5);
  if (cycles < MIN_CYCLES) return undefined;
  const hits = (kind: FieldRepeat, phase: number): number =>
    repeats.filter((repeat, index) => index % 5 === phase && repeat === kind).length;
  const total = repeats.filter((repeat) => repeat !== 'neither').length;
  const orders = [
    { order: 'tff', distance: 2 },
    { order: 'bff', distance: 3 },
  ] as const;
  const candidates = orders.flatMap(({ order, distance }) =>
    [0, 1, 2, 3, 4].map((phase) => ({
      order,
      pairs: Math.min(hits('top', phase), hits('bottom', (phase + distance) % 5)),
    })),
  );
  const best = candidates.reduce((a, b) => (b.pairs > a.pairs ? b : a));
  const enough = best.pairs >= Math.max(MIN_CYCLES - 1, 0.5 * cycles) && 2 * best.pairs >= 0.75 * total;
  return enough ? best.order : undefined;
}

/** Soft telecine: two and three fields a frame in turn, in nearly every frame looked at. */
export function hasRepeatFlags(frames: readonly ProbedFrame[]): boolean {
  if (frames.length < 8 || frames.some((frame) => frame.interlaced_frame !== 0)) return false;
  const flags = frames.map((frame) => frame.repeat_pict > 0);
  const changes = flags.filter((flag, index) => index > 0 && flag !== flags[index - 1]).length;
  return changes >= 0.9 * (flags.length - 1);
}

export interface FieldFacts {
  readonly stated: FieldOrder;
  readonly frames: readonly ProbedFrame[];
  readonly fits: readonly FieldFit[];
  /** For sources at 30 (or 30000/1001) frames a second: one list for each part looked at. */
  readonly repeats: readonly (readonly FieldRepeat[])[];
}

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 1;

/** Fields of two frames that fit each other this well (1: as well as those of one frame) are neighbors in time. */
const NEAR = 1.3;
/** The same against a source that calls itself progressive. */
const CLEARLY_NEAR = 1.15;
/** Both pairings this much worse than the frame's own: progressive, whatever its flags say. */
const FAR = 1.5;
/** One pairing of interlaced frames is this much worse than the other. */
const LOPSIDED = 1.15;
/** Pairs of frames with movement that make a judgement. */
const MIN_FITS = 4;

/** What the pictures alone say. */
function seenScan(fits: readonly FieldFit[], near: number): FieldOrder {
  if (fits.length < MIN_FITS) return 'unknown';
  const top = middle(fits.map((fit) => fit.topFirstLater));
  const bottom = middle(fits.map((fit) => fit.bottomFirstLater));
  const lopsided = middle(fits.map((fit) => fit.topFirstLater / fit.bottomFirstLater));
  if (lopsided > LOPSIDED && bottom < near) return 'tff';
  if (lopsided < 1 / LOPSIDED && top < near) return 'bff';
  return Math.min(top, bottom) > FAR ? 'progressive' : 'unknown';
}

/**
 * How the source is scanned. Where the pictures are certain they count (many files carry wrong flags), else the flags; where these say
 * nothing either, it is progressive. Telecine is 'none' unless its cadence is there.
 */
export function classifyFields(facts: FieldFacts): { readonly fieldOrder: FieldOrder; readonly telecine: Telecine } {
  if (hasRepeatFlags(facts.frames)) return { fieldOrder: 'progressive', telecine: 'soft' };
  const cadences = facts.repeats.map(pulldownOrder).filter((order) => order !== undefined);
  // Most of the parts must agree: video material inside a film is not the film, nor the other way round.
  if (
    cadences[0] !== undefined &&
    cadences.length * 2 > facts.repeats.length &&
    cadences.every((order) => order === cadences[0])
  ) {
    return { fieldOrder: cadences[0], telecine: 'hard' };
  }
  const flagged = facts.frames.filter((frame) => frame.interlaced_frame === 1);
  const topFirst = flagged.filter((frame) => frame.top_field_first === 1).length;
  // Frames know better than the stream header, which only says what the stream may hold.
  const framesSay: FieldOrder =
    flagged.length * 2 <= facts.frames.length ? 'progressive' : topFirst * 2 >= flagged.length ? 'tff' : 'bff';
  const flag = facts.frames.length > 0 ? framesSay : facts.stated;
  const saysInterlaced = flag === 'tff' || flag === 'bff';
  const seen = seenScan(facts.fits, saysInterlaced ? NEAR : CLEARLY_NEAR);
  if (seen !== 'unknown') return { fieldOrder: seen, telecine: 'none' };
  return { fieldOrder: saysInterlaced ? flag : 'progressive', telecine: 'none' };
}

import { rational, toNumber, type Rational } from '../core/rational.ts';

/** Packet times of one contiguous part of the stream, in file order; undefined where the container gives none. */
export type PacketTimes = readonly (number | undefined)[];

/** Decoding order runs ahead of display by at most this many packets: the last ones of a part may have gaps that are none. */
const REORDER = 16;

/** Common rates, for streams whose own statement does not fit their timestamps. */
const COMMON_RATES: readonly Rational[] = [
  [24000, 1001],
  [24, 1],
  [25, 1],
  [30000, 1001],
  [30, 1],
  [48, 1],
  [50, 1],
  [60000, 1001],
  [60, 1],
  [15, 1],
  [12, 1],
  [18, 1],
  [16, 1],
  [20, 1],
].map(([num = 1, den = 1]) => rational(num, den));

/** Display times of a part in order, without the incomplete end. */
function displayTimes(part: PacketTimes): number[] {
  const times = part.filter((time) => time !== undefined).sort((a, b) => a - b);
  return part.length > 4 * REORDER ? times.slice(0, -REORDER) : times;
}

/** Whether each time lies on a grid of `rate` through the first one, to within what the time base rounds to. */
function onGrid(times: readonly number[], rate: Rational, timeBase: Rational): boolean {
  const period = (rate.den * timeBase.den) / (rate.num * timeBase.num);
  // The origin is rounded too: half a tick for it and half for each time.
  const first = times[0] ?? 0;
  return times.every((time, index) => {
    const step = Math.round((time - first) / period);
    return step === index && Math.abs(time - first - step * period) <= 1.001;
  });
}

/** A packet or a frame of the same place of the stream, as ffprobe lists them. */
interface Marked {
  readonly pts?: number | undefined;
}

/**
 * Whether the stream calls a place an entry that is none: a packet marked as key (K) whose picture refers to others. H.264 with
 * intra refresh does: what is decoded from there is whole only many frames later. `packets` and `frames` begin at the same place.
 */
export function entersGradually(
  packets: readonly (Marked & { readonly flags: string })[],
  frames: readonly (Marked & { readonly key_frame: number })[],
): boolean {
  const key = new Map(frames.map((frame) => [frame.pts, frame.key_frame === 1]));
  const entries = packets.filter(
    (packet) => packet.pts !== undefined && packet.flags.startsWith('K') && !packet.flags.includes('D'),
  );
  if (entries.some((packet) => key.get(packet.pts) === false)) return true;
  // The place of a seek itself: its picture was thrown away because it is not whole.
  const landing = packets[0];
  return frames.length > 0 && landing !== undefined && landing === entries[0] && !key.has(landing.pts);
}

export interface Timing {
  readonly frameRate: Rational;
  readonly variable: boolean;
}

/**
 * Constant or variable, from sampled packet times. Constant means that every part lies on one grid of a stated or common rate
 * up to the rounding of the time base (MKV: 1 ms). `real` and `average` are ffprobe's r_frame_rate and avg_frame_rate.
 */
export function findTiming(
  parts: readonly PacketTimes[],
  timeBase: Rational,
  real: Rational | undefined,
  average: Rational | undefined,
): Timing {
  const ordered = parts.map(displayTimes).filter((times) => times.length >= 2);
  const stated = [real, average].filter((rate) => rate !== undefined).filter((rate) => rate.num > 0);
  const fallback = average ?? real ?? rational(25);
  if (ordered.length === 0) return { frameRate: fallback, variable: false };
  const missing = parts.some((part) => part.some((time) => time === undefined));
  const halves = stated.map((rate) => rational(rate.num, rate.den * 2));
  for (const rate of [...stated, ...halves, ...COMMON_RATES]) {
    if (ordered.every((times) => onGrid(times, rate, timeBase))) {
      return { frameRate: rate, variable: differs(average, rate) };
    }
  }
  // Times that the container leaves out are filled by the decoder at the stated rate.
  if (missing && real !== undefined) return { frameRate: average ?? real, variable: false };
  return { frameRate: fallback, variable: true };
}

/** The sampled parts are regular: an average over the whole film that is clearly another tells of other parts. */
const differs = (average: Rational | undefined, rate: Rational): boolean => {
  if (average === undefined || average.num === 0) return false;
  const ratio = toNumber(average) / toNumber(rate);
  return Math.abs(ratio - 1) > 0.02 && Math.abs(ratio - 2) > 0.02 && Math.abs(ratio - 0.5) > 0.02;
};

/**
 * Frames of a file that does not say how long it is (raw streams, recordings that were cut off): as many as it holds packets of
 * the size of its first ones, what lies between them included. `packets` are the first `asked`, or all where there are fewer.
 */
export function framesBySize(
  packets: readonly { readonly pos?: string | undefined }[],
  asked: number,
  sizeBytes: number,
): number {
  const places = packets.map(({ pos }) => Number(pos)).filter((place) => Number.isFinite(place));
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  if (packets.length < asked || last <= first) return packets.length;
  return Math.round((sizeBytes - first) / ((last - first) / (places.length - 1)));
}

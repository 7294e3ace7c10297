/** An exact fraction. Frame rates and time bases are never floats. `den` is positive. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Reduced fraction with a positive denominator. Throws RangeError when `den` is 0 or a part is not an integer. */
export function rational(num: number, den = 1): Rational {
  if (!Number.isSafeInteger(num) || !Number.isSafeInteger(den) || den === 0) {
    throw new RangeError(`Not a fraction: ${num}/${den}`);
  }
  const g = gcd(num, den) || 1;
  const sign = den < 0 ? -1 : 1;
  return { num: (sign * num) / g, den: (sign * den) / g };
}

/** Reads `num/den`, `num:den` or an integer as FFmpeg prints them; undefined for `0/0`, `N/A` and anything else. */
export function parseRational(text: string | undefined): Rational | undefined {
  const match = /^(-?\d+)(?:[/:](\d+))?$/.exec(text ?? '');
  if (!match) return undefined;
  const [num, den] = [Number(match[1]), Number(match[2] ?? '1')];
  return den === 0 || !Number.isSafeInteger(num) || !Number.isSafeInteger(den) ? undefined : rational(num, den);
}

export const toNumber = (r: Rational): number => r.num / r.den;
export const formatRational = (r: Rational): string => `${r.num}/${r.den}`;
export const invert = (r: Rational): Rational => rational(r.den, r.num);

/** A count of `from` ticks in `to` ticks, rounded to nearest, halves away from zero (as FFmpeg's av_rescale_q). */
export function rescale(ticks: bigint, from: Rational, to: Rational): bigint {
  const num = ticks * BigInt(from.num) * BigInt(to.den);
  const den = BigInt(from.den) * BigInt(to.num);
  const half = den / 2n;
  return num >= 0n ? (num + half) / den : -((-num + half) / den);
}

/** Ticks of `timeBase` in seconds; for display and reports, never for arithmetic on timestamps. */
export const ticksToSeconds = (ticks: bigint, timeBase: Rational): number =>
  (Number(ticks) * timeBase.num) / timeBase.den;

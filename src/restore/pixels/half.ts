// IEEE 754 half floats as their bits in 16-bit words: Node 20 has no Float16Array.

/** Bits of a half float nearest to the float32 whose bits are given; ties go to even. */
function bitsOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent === 143) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  const small = exponent <= 0;
  const whole = small ? mantissa | 0x800000 : (exponent << 23) | mantissa;
  const shift = small ? 14 - exponent : 13;
  const half = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (rest > middle || (rest === middle && (half & 1) === 1) ? half + 1 : half);
}

/** Rounds to half floats. */
export function toHalf(source: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const target = new Uint16Array(source.length);
  for (let i = 0; i < target.length; i++) target[i] = bitsOf(bits[i] ?? 0);
  return target;
}

let values: Float32Array | undefined;

/** The value of every half float, by its bits. */
function table(): Float32Array {
  values ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >>> 10) & 31;
    const mantissa = bits & 0x3ff;
    if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
  });
  return values;
}

/** Half floats as numbers. */
export function fromHalf(source: Uint16Array): Float32Array<ArrayBuffer> {
  const known = table();
  const target = new Float32Array(source.length);
  for (let i = 0; i < target.length; i++) target[i] = known[source[i] ?? 0] ?? 0;
  return target;
}

const kept = new Map<string, Float32Array<ArrayBuffer>>();

/**
 * Working memory of this thread for one purpose, kept from frame to frame: valid until the same name is asked for again.
 * Its content is what was left there.
 */
export function scratch(name: string, length: number): Float32Array<ArrayBuffer> {
  let buffer = kept.get(name);
  if (!buffer || buffer.length < length) {
    buffer = new Float32Array(length);
    kept.set(name, buffer);
  }
  return buffer.subarray(0, length);
}

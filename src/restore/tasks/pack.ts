import { constants, gunzipSync, gzipSync } from 'node:zlib';
import type { Plane } from '../../core/frame.ts';
import { fromResiduals, toResiduals } from '../pixels/predict.ts';

/** What of a frame is kept: planes with their widths, and fields of floats. */
export interface Packable {
  readonly planes: readonly { readonly width: number; readonly plane: Plane }[];
  readonly floats: readonly Float32Array[];
}

/** Makes few bytes of it, without loss. `label` comes back from `unpack`, so that nothing is taken for something else. */
export interface PackRequest {
  readonly task: 'pack';
  readonly label: string;
  readonly content: Packable;
}

export interface PackReply {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface UnpackRequest {
  readonly task: 'unpack';
  readonly label: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface UnpackReply {
  /** Undefined when the bytes are damaged or those of another label. */
  readonly content: Packable | undefined;
}

interface Header {
  readonly label: string;
  readonly planes: readonly { readonly width: number; readonly length: number; readonly bytes: number }[];
  readonly floats: readonly number[];
}

/**
 * gzip over a header and the residuals of all planes: Huffman codes and runs are all that residuals have to give, and fast;
 * the CRC-32 that gzip brings says on reading whether all is as it was.
 */
export function runPack({ label, content }: PackRequest): PackReply {
  const header: Header = {
    label,
    planes: content.planes.map(({ width, plane }) => ({
      width,
      length: plane.length,
      bytes: plane.BYTES_PER_ELEMENT,
    })),
    floats: content.floats.map(({ length }) => length),
  };
  const text = Buffer.from(JSON.stringify(header));
  const size =
    content.planes.reduce((sum, { plane }) => sum + plane.byteLength, 0) +
    content.floats.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const raw = Buffer.alloc(4 + text.length + size);
  raw.writeUInt32LE(text.length);
  text.copy(raw, 4);
  let at = 4 + text.length;
  for (const { width, plane } of content.planes) {
    toResiduals(plane, width, raw.subarray(at, (at += plane.byteLength)));
  }
  for (const { buffer, byteOffset, byteLength } of content.floats) {
    raw.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const packed = gzipSync(raw, { level: 1, strategy: constants.Z_RLE });
  return { bytes: Uint8Array.from(packed) };
}

export function runUnpack({ label, bytes }: UnpackRequest): UnpackReply {
  try {
    const raw = gunzipSync(bytes);
    let at = 4 + raw.readUInt32LE();
    const header = JSON.parse(raw.toString('utf8', 4, at)) as Header;
    if (header.label !== label) return { content: undefined };
    const planes = header.planes.map(({ width, length, bytes: each }) => {
      const plane = each === 2 ? new Uint16Array(length) : new Uint8Array(length);
      fromResiduals(raw.subarray(at, (at += plane.byteLength)), width, plane);
      return { width, plane };
    });
    const floats = header.floats.map((length) => {
      const field = new Float32Array(length);
      new Uint8Array(field.buffer).set(raw.subarray(at, (at += field.byteLength)));
      return field;
    });
    return { content: { planes, floats } };
  } catch {
    return { content: undefined };
  }
}

/** A file that is not what its name says; `message` completes "it ...". */
export class OnnxFault extends Error {}

/** A field of a protobuf message. */
export interface Field {
  readonly number: number;
  /** Of a varint; 0 for the other wire types. */
  readonly value: number;
  /** Of a length-delimited field; empty for the others. */
  readonly bytes: Uint8Array;
  /** The whole field as it stands in the message, for copying. */
  readonly raw: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The fields of a protobuf message (protobuf.dev/programming-guides/encoding). Throws an OnnxFault at its end. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new OnnxFault('ends too early: it is damaged or was not downloaded completely');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      // Ten bytes hold every varint; longer ones are no protobuf.
      if (scale > 2 ** 63) throw new OnnxFault('is not an ONNX model');
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > message.length) {
      throw new OnnxFault('ends too early: it is damaged or was not downloaded completely');
    }
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const number = Math.floor(tag / 8);
    let value = 0;
    let bytes: Uint8Array = NOTHING;
    switch (tag % 8) {
      case 0:
        value = varint();
        break;
      case 1:
        take(8);
        break;
      case 2:
        bytes = take(varint());
        break;
      case 5:
        take(4);
        break;
      default:
        throw new OnnxFault('is not an ONNX model');
    }
    yield { number, value, bytes, raw: message.subarray(start, at) };
  }
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** A varint field; `value` is a whole number of at least 0. */
export const intField = (number: number, value: number): Uint8Array =>
  Uint8Array.from([...varintBytes(number * 8), ...varintBytes(value)]);

/** A length-delimited field: text, or a message of the given fields, or raw bytes. */
export function bytesField(number: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part));
  const length = encoded.reduce((sum, part) => sum + part.length, 0);
  return joined([Uint8Array.from([...varintBytes(number * 8 + 2), ...varintBytes(length)]), ...encoded]);
}

/** Fields, or messages, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

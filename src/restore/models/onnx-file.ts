import { fieldsOf, OnnxFault, textOf as text } from './onnx-wire.ts';

/** What can be told from an ONNX file without running it. */
export interface OnnxFile {
  /** Operator sets by domain; '' is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Elements of all weights. */
  readonly parameters: number;
  /** Other files that hold weights, with the bytes that each must have at least. */
  readonly external: ReadonlyMap<string, number>;
}

// Field numbers: onnx/onnx.proto of the ONNX project.

class Reading {
  readonly opsets = new Map<string, number>();
  readonly external = new Map<string, number>();
  parameters = 0;

  model(bytes: Uint8Array): void {
    let graph: Uint8Array | undefined;
    for (const field of fieldsOf(bytes)) {
      if (field.number === 7) graph = field.bytes;
      if (field.number === 8) this.#opset(field.bytes);
    }
    if (!graph || graph.length === 0) throw new OnnxFault('is not an ONNX model');
    this.#graph(graph);
  }

  #opset(bytes: Uint8Array): void {
    let [domain, version] = ['', 0];
    for (const { number, value, bytes: name } of fieldsOf(bytes)) {
      if (number === 1) domain = text(name);
      if (number === 2) version = value;
    }
    this.opsets.set(domain === 'ai.onnx' ? '' : domain, version);
  }

  #graph(bytes: Uint8Array): void {
    for (const field of fieldsOf(bytes)) {
      if (field.number === 5) this.#tensor(field.bytes);
      if (field.number !== 1) continue;
      for (const inNode of fieldsOf(field.bytes)) if (inNode.number === 5) this.#attribute(inNode.bytes);
    }
  }

  /** Constants and branches keep weights in a node's attributes. */
  #attribute(bytes: Uint8Array): void {
    for (const field of fieldsOf(bytes)) {
      if (field.number === 5) this.#tensor(field.bytes);
      if (field.number === 6) this.#graph(field.bytes);
    }
  }

  #tensor(bytes: Uint8Array): void {
    let elements = 1;
    let apart = false;
    const entries = new Map<string, string>();
    for (const { number, value, bytes: inside } of fieldsOf(bytes)) {
      if (number === 1) elements *= inside.length === 0 ? value : packed(inside);
      if (number === 14) apart = value === 1;
      if (number !== 13) continue;
      const [key, entry] = pairOf(inside);
      entries.set(key, entry);
    }
    this.parameters += elements;
    if (!apart) return;
    const file = entries.get('location') ?? '';
    const end = Number(entries.get('offset') ?? 0) + Number(entries.get('length') ?? 0);
    this.external.set(file, Math.max(end, this.external.get(file) ?? 0));
  }
}

/** Product of dimensions that stand together in one field. */
function packed(bytes: Uint8Array): number {
  let [product, value, scale] = [1, 0, 1];
  for (const byte of bytes) {
    value += (byte & 127) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    product *= value;
    [value, scale] = [0, 1];
  }
  return product;
}

function pairOf(bytes: Uint8Array): [key: string, value: string] {
  let [key, value] = ['', ''];
  for (const { number, bytes: inside } of fieldsOf(bytes)) {
    if (number === 1) key = text(inside);
    if (number === 2) value = text(inside);
  }
  return [key, value];
}

/** How files of other kinds begin that people take for ONNX models. */
function otherKind(bytes: Uint8Array): string | undefined {
  const start = text(bytes.subarray(0, 64)).trimStart().toLowerCase();
  if (start.startsWith('pk')) return 'is a PyTorch or ZIP archive, not an ONNX model';
  if (start.startsWith('<')) return 'is a web page, not an ONNX model';
  if (start.startsWith('version https://git-lfs')) return 'is a Git LFS pointer: the model itself was not downloaded';
  return undefined;
}

/** Reads what an ONNX file says of itself. Throws an OnnxFault for what is none, or is cut off. */
export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  if (bytes.length === 0) throw new OnnxFault('is empty');
  const other = otherKind(bytes);
  if (other !== undefined) throw new OnnxFault(other);
  const reading = new Reading();
  try {
    reading.model(bytes);
  } catch (error) {
    // Text and noise mostly fail like a file that was cut off; a model begins with its version, a small number.
    if (error instanceof OnnxFault && bytes[0] !== 8) throw new OnnxFault('is not an ONNX model');
    throw error;
  }
  return reading;
}

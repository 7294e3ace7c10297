import { fieldsOf, textOf } from './onnx-wire.ts';

// Field numbers: onnx/onnx.proto of the ONNX project.

/** A node as it stands in the file, and what it says of its place in the graph. */
export interface GraphNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The fields that are not inputs or outputs. */
  readonly rest: readonly Uint8Array[];
  readonly raw: Uint8Array;
}

/** A graph taken apart far enough to be put together again with other nodes and weights. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  /** Messages by name. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
  /** Names of the outputs. */
  readonly results: ReadonlySet<string>;
  /** The fields that are neither nodes nor weights; shapes that were inferred are left out, since types change. */
  readonly rest: readonly Uint8Array[];
}

function nodeOf(message: Uint8Array, raw: Uint8Array): GraphNode {
  const [inputs, outputs, rest]: [string[], string[], Uint8Array[]] = [[], [], []];
  let op = '';
  for (const field of fieldsOf(message)) {
    if (field.number === 1) inputs.push(textOf(field.bytes));
    else if (field.number === 2) outputs.push(textOf(field.bytes));
    else rest.push(field.raw);
    if (field.number === 4) op = textOf(field.bytes);
  }
  return { op, inputs, outputs, rest, raw };
}

const nameIn = (message: Uint8Array, number: number): string => {
  for (const field of fieldsOf(message)) if (field.number === number) return textOf(field.bytes);
  return '';
};

/** Throws an OnnxFault for what is cut off. */
export function graphOf(message: Uint8Array): Graph {
  const nodes: GraphNode[] = [];
  const weights = new Map<string, Uint8Array>();
  const results = new Set<string>();
  const rest: Uint8Array[] = [];
  for (const { number, bytes, raw } of fieldsOf(message)) {
    if (number === 1) nodes.push(nodeOf(bytes, raw));
    else if (number === 5) weights.set(nameIn(bytes, 8), bytes);
    else if (number !== 13) rest.push(raw);
    if (number === 12) results.add(nameIn(bytes, 1));
  }
  return { nodes, weights, results, rest };
}

import { toHalf } from '../pixels/half.ts';
import { graphOf, type Graph, type GraphNode } from './onnx-graph.ts';
import { bytesField, fieldsOf, intField, joined } from './onnx-wire.ts';

/** What a network spends its time in; each becomes an island of 16-bit floats. */
const ANCHORS = new Set(['Conv', 'ConvTranspose']);
/** What an island takes in when it follows: element by element, or moving elements about. */
const FOLLOWERS = new Set([
  ...['Relu', 'PRelu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Clip', 'Identity'],
  ...['Add', 'Sub', 'Mul', 'Concat', 'DepthToSpace'],
]);

// Element types and field numbers: onnx/onnx.proto of the ONNX project.
const FLOAT = 1;
const FLOAT16 = 10;
const INT_ATTRIBUTE = 2;
const LARGEST_HALF = 65_504;

const typeOf = (message: Uint8Array): number => {
  for (const { number, value } of fieldsOf(message)) if (number === 2) return value;
  return 0;
};

/** Weights under a new name in 16 bits; undefined for other types, weights in other files, and values beyond 16 bits. */
function halfWeights(message: Uint8Array, name: string): Uint8Array | undefined {
  if (typeOf(message) !== FLOAT) return undefined;
  const kept: Uint8Array[] = [];
  let data: Uint8Array | undefined;
  for (const { number, value, bytes, raw } of fieldsOf(message)) {
    if (number === 14 && value === 1) return undefined;
    // Raw bytes, or the same packed into the list of floats.
    if ((number === 9 || number === 4) && bytes.length > 0) data = bytes;
    if (number === 1) kept.push(raw);
  }
  if (!data || data.length % 4 !== 0) return undefined;
  const values = new Float32Array(new Uint8Array(data).buffer);
  if (values.some((value) => !(Math.abs(value) <= LARGEST_HALF))) return undefined;
  const half = new Uint8Array(toHalf(values).buffer);
  return bytesField(5, ...kept, intField(2, FLOAT16), bytesField(8, name), bytesField(9, half));
}

const castNode = (from: string, to: string, type: number): Uint8Array =>
  bytesField(
    1,
    bytesField(1, from),
    bytesField(2, to),
    bytesField(4, 'Cast'),
    bytesField(5, bytesField(1, 'to'), intField(3, type), intField(20, INT_ATTRIBUTE)),
  );

/** Weights that are kept in 16 bits and cast before they are used: what the cast makes, and the weights' own name. */
function keptAsHalf({ nodes, weights }: Graph): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  for (const { op, inputs, outputs } of nodes) {
    const [from, to] = [inputs[0] ?? '', outputs[0]];
    const stored = weights.get(from);
    if (op === 'Cast' && to !== undefined && stored && typeOf(stored) === FLOAT16) kept.set(to, from);
  }
  return kept;
}

/**
 * The nodes that become 16-bit: the anchors and what follows them. What lies between the last of them and the results
 * stays: a picture that a small correction is added to would lose more there than everywhere else.
 */
function islandsOf({ nodes, results }: Graph): ReadonlySet<GraphNode> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const last = new Set<GraphNode>();
  for (const node of nodes.toReversed()) {
    const next = node.outputs.flatMap((name) => readers.get(name) ?? []);
    const leads = next.length > 0 || node.outputs.some((name) => results.has(name));
    if (!ANCHORS.has(node.op) && leads && next.every((reader) => last.has(reader))) last.add(node);
  }
  const islands = new Set<GraphNode>();
  const inside = new Set<string>();
  for (const node of nodes) {
    const follows = FOLLOWERS.has(node.op) && !last.has(node) && node.inputs.some((name) => inside.has(name));
    if (!ANCHORS.has(node.op) && !follows) continue;
    islands.add(node);
    for (const name of node.outputs) inside.add(name);
  }
  return islands;
}

const half = (name: string): string => `${name}/half`;

/** Puts a graph together again, islands in 16 bits and casts at their shores. */
class Halving {
  readonly #graph: Graph;
  readonly #islands: ReadonlySet<GraphNode>;
  /** Values that islands make. */
  readonly #inside: ReadonlySet<string>;
  readonly #keptAsHalf: ReadonlyMap<string, string>;
  /** Names of values that there are in the new graph besides the old ones. */
  readonly #made = new Set<string>();
  /** Old values that something still reads. */
  readonly #read = new Set<string>();
  readonly #nodes: Uint8Array[] = [];
  readonly #weights: Uint8Array[] = [];

  constructor(graph: Graph, islands: ReadonlySet<GraphNode>) {
    this.#graph = graph;
    this.#islands = islands;
    this.#keptAsHalf = keptAsHalf(graph);
    this.#inside = new Set([...islands].flatMap(({ outputs }) => outputs));
  }

  result(): Uint8Array {
    const unread = this.#castsOfIslands();
    for (const node of this.#graph.nodes) {
      if (this.#islands.has(node)) this.#convert(node);
      else if (!unread.has(node)) {
        for (const name of node.inputs) this.#inFloat(name);
        this.#nodes.push(node.raw);
      }
    }
    const old = [...this.#graph.weights].filter(([name]) => this.#read.has(name));
    const weights = [...old.map(([, message]) => bytesField(5, message)), ...this.#weights];
    return joined([...this.#nodes, ...weights, ...this.#graph.rest]);
  }

  /** Casts of kept weights that only islands read, which take the weights themselves. */
  #castsOfIslands(): ReadonlySet<GraphNode> {
    const others = this.#graph.nodes.filter((node) => !this.#islands.has(node));
    const read = new Set([...others.flatMap(({ inputs }) => inputs), ...this.#graph.results]);
    return new Set(others.filter(({ outputs: [to = ''] }) => this.#keptAsHalf.has(to) && !read.has(to)));
  }

  #convert({ inputs, outputs, rest }: GraphNode): void {
    const from = inputs.map((name) => bytesField(1, this.#inHalf(name)));
    this.#nodes.push(bytesField(1, ...from, ...outputs.map((name) => bytesField(2, half(name))), ...rest));
    for (const name of outputs) {
      this.#made.add(half(name));
      if (this.#graph.results.has(name)) this.#inFloat(name);
    }
  }

  /** The name of a value in 16 bits, which is made once. An empty name is an input that is left out. */
  #inHalf(name: string): string {
    const wanted = half(name);
    if (name === '') return name;
    const kept = this.#keptAsHalf.get(name);
    if (kept !== undefined) {
      this.#read.add(kept);
      return kept;
    }
    if (this.#made.has(wanted)) return wanted;
    this.#made.add(wanted);
    const stored = this.#graph.weights.get(name);
    const converted = stored && halfWeights(stored, wanted);
    if (converted) this.#weights.push(converted);
    else {
      this.#read.add(name);
      this.#nodes.push(castNode(name, wanted, FLOAT16));
    }
    return wanted;
  }

  #inFloat(name: string): void {
    this.#read.add(name);
    if (!this.#inside.has(name) || this.#made.has(name)) return;
    this.#made.add(name);
    this.#nodes.push(castNode(half(name), name, FLOAT));
  }
}

/**
 * The same network with its convolutions and what lies between them in 16-bit floats: half the memory traffic, and on GPUs that
 * have them more arithmetic. Inputs and results keep their types. Returns undefined for a network without convolutions,
 * and for one that computes with 16-bit weights already. Throws an OnnxFault for what is no ONNX file.
 */
export function halve(model: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const fields = [...fieldsOf(model)];
  const message = fields.find(({ number }) => number === 7)?.bytes;
  if (!message) return undefined;
  const graph = graphOf(message);
  const islands = islandsOf(graph);
  const isHalf = (name: string): boolean => typeOf(graph.weights.get(name) ?? new Uint8Array()) === FLOAT16;
  const computesInHalf = graph.nodes.some(({ op, inputs }) => op !== 'Cast' && inputs.some(isHalf));
  if (islands.size === 0 || computesInHalf) return undefined;
  const halved = new Halving(graph, islands).result();
  return joined(fields.map(({ number, raw }) => (number === 7 ? bytesField(7, halved) : raw)));
}

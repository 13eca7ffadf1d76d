/** A traced graph: ONNX operators over named values, with the batch size left open. */

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';
export type Values = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A dimension: a number, or a multiple of the batch size. */
export type Dimension = number | { readonly batch: number };

export type Attribute = number | readonly number[];

export interface Node {
  /** ONNX operator. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The TF.js kernel that it comes from, for messages. */
  readonly kernel: string;
}

export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** A value fixed in the graph: a weight under its own name, or a constant of the traced function. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: Values;
}

export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly Node[];
}

/** Removes the nodes and constants on which no output depends. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    nodes.unshift(node);
  }
  return { ...graph, nodes, initializers: graph.initializers.filter(({ name }) => needed.has(name)) };
}

/** The graph as text, a line per input, node and output: to read, and to compare. */
export function graphText(graph: Graph): string {
  const port = ({ name, type, shape }: Port) => `${name}: ${type}[${shape.map(dimensionText).join(', ')}]`;
  const attributes = (node: Node) => {
    const entries = Object.entries(node.attributes).map(([name, value]) => `${name}=${value}`);
    return entries.length === 0 ? '' : ` {${entries.join(' ')}}`;
  };
  return [
    ...graph.inputs.map((input) => `input ${port(input)}`),
    ...graph.initializers.map(({ name, type, shape, values }) => {
      const text = values.length <= 8 ? ` = ${Array.from(values, String).join(' ')}` : '';
      return `constant ${name}: ${type}[${shape.join(', ')}]${text}`;
    }),
    ...graph.nodes.map((node) => `${node.op} ${node.inputs.join(' ')} -> ${node.outputs.join(' ')}${attributes(node)}`),
    ...graph.outputs.map((output) => `output ${port(output)}`),
  ].join('\n');
}

function dimensionText(dimension: Dimension): string {
  if (typeof dimension === 'number') return String(dimension);
  return dimension.batch === 1 ? 'batch' : `${dimension.batch} batch`;
}

/** A traced graph: ONNX operators over named values, for any number of rows. */

/** Type of the elements of a value. */
export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';

/** Numbers of the element types in ONNX (`TensorProto.DataType`). */
export const ONNX_TYPES: Readonly<Record<ElementType, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** Elements of a value in row-major order; booleans are bytes of 0 or 1. */
export type Values = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/**
 * The sizes that are open in a graph: the rows of a batch, and the distinct rows of inputs that many rows of the batch
 * share.
 */
export type OpenSize = 'batch' | 'distinct';

/** A dimension: a fixed size, or a multiple of an open one. */
export type Dimension = number | { readonly batch: number } | { readonly distinct: number };

/** Returns the open size that a dimension is a multiple of, and the factor; `null` for a fixed size. */
export function openSize(dimension: Dimension): { readonly of: OpenSize; readonly times: number } | null {
  if (typeof dimension === 'number') return null;
  return 'batch' in dimension ? { of: 'batch', times: dimension.batch } : { of: 'distinct', times: dimension.distinct };
}

/** Value of an attribute of an operator. */
export type Attribute = number | string | readonly number[];

/** One use of an ONNX operator. */
export interface Node {
  /** Name of the ONNX operator. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The TF.js kernel that was traced to this node, for error messages. */
  readonly kernel: string;
}

/** An input or output of a graph. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** A value stored in a graph: a weight under its own name, or a constant of the traced function. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: Values;
}

/** A computation. Its nodes are in an order in which each comes after those whose outputs it uses. */
export interface Graph {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly Node[];
  /**
   * Values of nodes whose shapes are not told by those of their inputs. onnxruntime reuses memory only among values of
   * known shapes, and looks through all others each time: the time to open a long graph grew with its square.
   */
  readonly values: readonly Port[];
}

/** Returns the graph without the nodes and initializers that no output depends on. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    nodes.push(node);
  }
  nodes.reverse();
  const isNeeded = ({ name }: { readonly name: string }) => needed.has(name);
  return {
    ...graph,
    nodes,
    initializers: graph.initializers.filter(isNeeded),
    values: graph.values.filter(isNeeded),
  };
}

/** Returns a graph as text to read and compare: one line for each input, constant, node and output. */
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
  const open = openSize(dimension);
  if (open === null) return String(dimension);
  return open.times === 1 ? open.of : `${open.times} ${open.of}`;
}

/**
 * Graphs whose embeddings are gathered outside of onnxruntime. It copies one row of a table after the other, and waits
 * for the memory each time; then it copies the rows of all fields side by side. Here both are one copy, which requests
 * many rows from memory before it needs the first.
 */
import { nodeMessage, type OnnxModel, type OnnxNode, type OnnxTensor, readNode } from '../../onnx/onnx-model.ts';
import { type OnnxPart, onnxPart } from '../../onnx/write-part.ts';
import type { ColumnInput } from './column-inputs.ts';

/** A field of a matrix: of each row, the row of a table that an input names. */
export interface GatheredField {
  readonly input: ColumnInput;
  readonly table: OnnxTensor;
}

/** Fields side by side, an input [rows, width] of the graph. */
export interface GatheredMatrix {
  readonly name: string;
  readonly width: number;
  readonly fields: readonly GatheredField[];
}

/** A graph, and what it is given: inputs of the model, and matrices. Its tensors are in the folder of the model. */
export interface ScoringGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ColumnInput[];
  readonly matrices: readonly GatheredMatrix[];
}

/** How the graphs of a model are made. */
export interface GraphOptions {
  /** All inputs of the model, by their names in its graph. */
  readonly inputs: ReadonlyMap<string, ColumnInput>;
  /** The tables that are gathered outside of the graph, by the names of their tensors. */
  readonly tables: ReadonlySet<string>;
}

/**
 * Returns the names of the tables that can be gathered outside of a graph, as many of them as have so many bytes
 * together.
 */
export function gatherableTables(
  model: OnnxModel,
  inputs: ReadonlyMap<string, ColumnInput>,
  mostBytes: number,
): ReadonlySet<string> {
  const tables = new Set<string>();
  let left = mostBytes;
  for (const field of gatheredFields(model, inputs).values()) {
    const bytes = 4 * field.table.dims.reduce((product, dim) => product * dim, 1);
    if (tables.has(field.table.name) || bytes > left) continue;
    tables.add(field.table.name);
    left -= bytes;
  }
  return tables;
}

/** Returns the graph of some values of a model: outputs, or float32 values. */
export function scoringGraph(
  model: OnnxModel,
  outputs: readonly string[],
  { inputs, tables }: GraphOptions,
): ScoringGraph {
  const gathered = gatheredOutside(model, inputs, tables);
  const given = gathered.matrices;
  const part: OnnxPart = onnxPart(gathered.model, { outputs, given });
  return {
    bytes: part.bytes,
    inputs: part.inputs.map((name) => inputs.get(name) as ColumnInput),
    matrices: given.filter(({ name }) => part.given.includes(name)),
  };
}

/** Replaces the fields that are concatenated by matrices, one for fields that follow each other. */
function gatheredOutside(
  model: OnnxModel,
  inputs: ReadonlyMap<string, ColumnInput>,
  tables: ReadonlySet<string>,
): { readonly model: OnnxModel; readonly matrices: readonly GatheredMatrix[] } {
  const fields = gatheredFields(model, inputs);
  const matrices: GatheredMatrix[] = [];
  const nodes = model.nodes.map((node) => {
    if (node.op !== 'Concat' || node.integers.axis !== 1) return node;
    const [output] = node.outputs as [string];
    const columns: (string | GatheredField[])[] = [];
    for (const name of node.inputs) {
      const field = fields.get(name);
      const last = columns.at(-1);
      if (field === undefined || !tables.has(field.table.name)) columns.push(name);
      else if (Array.isArray(last)) last.push(field);
      else columns.push([field]);
    }
    const names = columns.map((column, index) => {
      if (typeof column === 'string') return column;
      const name = columns.length === 1 ? output : `${output}.gathered${index}`;
      matrices.push({ name, width: widthOf(column), fields: column });
      return name;
    });
    return columns.length === 1 ? node : readNode(nodeMessage('Concat', names, output, { axis: 1 }));
  });
  return { model: { ...model, nodes }, matrices };
}

/** Returns the values that are rows of a table named by an input that has one id in each row. */
function gatheredFields(
  { nodes, tensors }: OnnxModel,
  inputs: ReadonlyMap<string, ColumnInput>,
): ReadonlyMap<string, GatheredField> {
  const fields = new Map<string, GatheredField>();
  for (const node of nodes.filter(isGather)) {
    const table = tensors.get(node.inputs[0] ?? '');
    const input = inputs.get(node.inputs[1] ?? '');
    if (table === undefined || !table.isFloat || table.values === null || table.dims.length !== 2) continue;
    if (input === undefined || input.field !== 'ids' || input.isMatrix) continue;
    fields.set(node.outputs[0] as string, { input, table });
  }
  return fields;
}

function isGather({ op, integers }: OnnxNode): boolean {
  return op === 'Gather' && (integers.axis ?? 0) === 0;
}

function widthOf(fields: readonly GatheredField[]): number {
  return fields.reduce((sum, { table }) => sum + (table.dims[1] as number), 0);
}

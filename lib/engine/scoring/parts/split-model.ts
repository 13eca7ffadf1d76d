/**
 * A published model in parts. The first layers of its towers are linear in the columns of their input, so each is the
 * sum of one part for each entity: its columns times their rows of the weights. What depends on the user alone is then
 * computed once for all rows of a user, and the same for items.
 *
 *     relu(x W + b) = relu(x_user W_user + x_item W_item + x_context W_context + b)
 */
import type { Entity } from '../../../config/declaration.ts';
import { type FirstProduct, firstProducts, inputsOf } from '../../../onnx/first-products.ts';
import { floatTensorMessage, nodeMessage, type OnnxModel, readNode, readTensor } from '../../../onnx/onnx-model.ts';
import { isPooling } from '../../../onnx/pooling-parameters.ts';
import { readFloats } from '../../../onnx/read-onnx.ts';
import { onnxPart } from '../../../onnx/write-part.ts';
import { type NamedTensor, Session } from '../../ort/session.ts';
import type { ColumnInput } from '../column-inputs.ts';
import { type GraphOptions, type ScoringGraph, scoringGraph } from '../gathered-graph.ts';

/** A graph that computes one part of all first layers, side by side: `PART` [rows, width]. */
export interface ModelPart extends ScoringGraph {
  /** All inputs of the model that it depends on. */
  readonly columns: readonly ColumnInput[];
}

/** A first layer, which is an input of the tail. */
export interface FirstLayer {
  readonly name: string;
  readonly width: number;
  readonly bias: Float32Array;
  readonly isRectified: boolean;
}

/** The graphs of a model in parts. They refer to tensors in the folder of the model. */
export interface SplitModel {
  readonly parts: readonly ModelPart[];
  readonly layers: readonly FirstLayer[];
  /** The graph from the first layers to the outputs. */
  readonly tail: Uint8Array;
}

/** Columns that are needed beside products, at most: with more, a model is scored as it is. */
const MOST_COLUMNS = 2048;

/** The output of each part's graph: no name that a feature, and so an input of the model, may have. */
export const PART = '.part';

/** An operand of the first products, and the entity whose inputs it depends on; `null` for several. */
interface Operand {
  readonly name: string;
  readonly width: number;
  readonly entity: Entity | null;
}

/**
 * Takes a model apart; returns `null` where its form is another, or nothing in it depends on one entity alone. Such a
 * model is scored as it is.
 */
export async function splitModel(folder: string, model: OnnxModel, options: GraphOptions): Promise<SplitModel | null> {
  const products = firstProducts(model, isPooling);
  if (products === null) return null;
  const operands = await operandsOf(folder, model, products, options);
  if (operands === null) return null;
  const entities = [...new Set(operands.map(({ entity }) => entity))];
  if (entities.length === 1 && entities[0] === null) return null;
  const widthOf = new Map(operands.map(({ name, width }) => [name, width]));
  const widths = products.map(({ weight, operands: own }) => {
    return weight === null
      ? own.reduce((sum, name) => sum + (widthOf.get(name) as number), 0)
      : (weight.dims[1] as number);
  });
  if (products.some(({ weight }, i) => weight === null && (widths[i] as number) > MOST_COLUMNS)) return null;
  const weights = products.map(({ weight }, i) =>
    weight === null ? identity(widths[i] as number) : readFloats(weight, folder),
  );
  const parts = entities.map((entity): ModelPart => {
    const own = operands.filter((operand) => operand.entity === entity);
    const names = inputsOf(
      model,
      own.map(({ name }) => name),
    );
    return {
      ...scoringGraph(partOf(model, { products, weights, widths }, { own, widthOf }), [PART], options),
      columns: names.map((name) => options.inputs.get(name) as ColumnInput),
    };
  });
  const layers = products.map(({ result, bias, isRectified }, i): FirstLayer => {
    const width = widths[i] as number;
    return {
      name: result,
      width,
      bias: bias === null ? new Float32Array(width) : readFloats(bias, folder),
      isRectified,
    };
  });
  const tail = onnxPart(model, { given: layers, outputs: model.outputs.map(({ name }) => name) });
  return { parts, layers, tail: tail.bytes };
}

/** Finds the operands of the first products, whose widths onnxruntime infers; `null` where these are not known. */
async function operandsOf(
  folder: string,
  model: OnnxModel,
  products: readonly FirstProduct[],
  { inputs }: GraphOptions,
): Promise<Operand[] | null> {
  const names = [...new Set(products.flatMap(({ operands }) => operands))];
  if (model.inputs.some(({ name }) => !inputs.has(name))) return null;
  const { bytes, inputs: read } = onnxPart(model, { outputs: names });
  const session = await Session.open(bytes, { threads: 1, dataFolder: folder });
  const values = await session.run(
    Object.fromEntries(read.map((name) => [name, emptyRows(inputs.get(name) as ColumnInput)])),
  );
  const operands = names.map((name): Operand | null => {
    const [, width, ...others] = session.shapes[name] ?? [];
    const entities = new Set(inputsOf(model, [name]).map((input) => inputs.get(input)?.entity));
    if (typeof width !== 'number' || others.length > 0 || entities.size === 0) return null;
    // A model that takes the values of a row apart has more rows of fewer columns, which no row of a part has.
    if (values[name]?.length !== FEW_ROWS * width) return null;
    const [entity = null] = entities;
    return { name, width, entity: entities.size === 1 ? entity : null };
  });
  await session.release();
  return operands.some((operand) => operand === null) ? null : operands.filter((operand) => operand !== null);
}

/** Rows on which it is found out how many rows a value has. */
const FEW_ROWS = 3;

/** Returns the tensor of an input for a few rows without a value. */
function emptyRows({ field, length, isMatrix }: ColumnInput): NamedTensor {
  const count = FEW_ROWS * length;
  return {
    data: field === 'ids' ? new BigInt64Array(count) : new Float32Array(count),
    shape: isMatrix ? [FEW_ROWS, length] : [FEW_ROWS],
  };
}

/** The first products, their weights and the number of their columns. */
interface WeightedProducts {
  readonly products: readonly FirstProduct[];
  readonly weights: readonly Float32Array[];
  readonly widths: readonly number[];
}

/**
 * Returns a model with the value `PART`. Products with the same operands become one, with their weights side by side. A
 * product without an operand of the part is 0: that of the part's columns with weights of 0.
 */
function partOf(
  model: OnnxModel,
  { products, weights, widths: all }: WeightedProducts,
  { own, widthOf }: { readonly own: readonly Operand[]; readonly widthOf: ReadonlyMap<string, number> },
): OnnxModel {
  const isOwn = new Set(own.map(({ name }) => name));
  const [nodes, tensors, results]: [Uint8Array[], Uint8Array[], string[]] = [[], [], []];
  const groups = groupByOperands(products);
  for (const [index, same] of groups.entries()) {
    const { operands: read } = products[same[0] as number] as FirstProduct;
    const present = read.filter((name) => isOwn.has(name));
    const [columns, matrix] = [`${PART}.columns${index}`, `${PART}.weight${index}`];
    const result = groups.length === 1 ? PART : `${PART}.product${index}`;
    const widths = same.map((product) => all[product] as number);
    const width = widths.reduce((sum, one) => sum + one, 0);
    const multiplied = present.length > 0 ? present : [...isOwn];
    const height = multiplied.reduce((sum, name) => sum + (widthOf.get(name) as number), 0);
    const values =
      present.length === 0
        ? new Float32Array(height * width)
        : sideBySide(
            same.map((product) => weights[product] as Float32Array),
            widths,
            rowsOf(read, widthOf, isOwn),
          );
    nodes.push(nodeMessage('Concat', multiplied, columns, { axis: 1 }));
    nodes.push(nodeMessage('MatMul', [columns, matrix], result));
    tensors.push(floatTensorMessage(matrix, [height, width], values));
    results.push(result);
  }
  if (groups.length > 1) nodes.push(nodeMessage('Concat', results, PART, { axis: 1 }));
  return {
    ...model,
    nodes: [...model.nodes, ...nodes.map(readNode)],
    tensors: new Map([
      ...model.tensors,
      ...tensors.map((message) => readTensor(message, null)).map((tensor) => [tensor.name, tensor] as const),
    ]),
  };
}

/** Returns the identity matrix of n rows. */
function identity(n: number): Float32Array {
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) values[i * (n + 1)] = 1;
  return values;
}

/** Returns the positions of the products that have the same operands, which must follow each other to be one. */
function groupByOperands(products: readonly FirstProduct[]): number[][] {
  const groups: number[][] = [];
  for (const [index, { operands }] of products.entries()) {
    const last = groups.at(-1);
    const before = last === undefined ? undefined : products[last[0] as number];
    if (last !== undefined && before?.operands.join('\n') === operands.join('\n')) last.push(index);
    else groups.push([index]);
  }
  return groups;
}

/** Returns the rows of the weights that belong to some of the operands. */
function rowsOf(
  operands: readonly string[],
  widthOf: ReadonlyMap<string, number>,
  isOwn: ReadonlySet<string>,
): number[] {
  const rows: number[] = [];
  let at = 0;
  for (const name of operands) {
    const width = widthOf.get(name) as number;
    if (isOwn.has(name)) for (let row = at; row < at + width; row++) rows.push(row);
    at += width;
  }
  return rows;
}

/** Returns some rows of matrices side by side. */
function sideBySide(
  matrices: readonly Float32Array[],
  widths: readonly number[],
  rows: readonly number[],
): Float32Array {
  const total = widths.reduce((sum, width) => sum + width, 0);
  const values = new Float32Array(rows.length * total);
  for (const [to, row] of rows.entries()) {
    let column = 0;
    for (const [index, matrix] of matrices.entries()) {
      const width = widths[index] as number;
      values.set(matrix.subarray(row * width, (row + 1) * width), to * total + column);
      column += width;
    }
  }
  return values;
}

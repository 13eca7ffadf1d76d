/** The input of the towers, made from the rows of a batch. */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity } from '../config/declaration.ts';
import type { NumericInput, SequenceInput } from '../table/encoded.ts';
import { joined } from './columns.ts';
import { type Field, fieldsByPart, type Layout, type LayoutPart, valueCount } from './fields.ts';
import { transformsOf } from './kinds/index.ts';
import { transformNumbers } from './kinds/number.ts';
import type { Columns, Tensors, TowerInput } from './network.ts';
import { gatherItems, type Pooler, poolersOf } from './sequences.ts';

/** The encoded rows of some entities: an embedded matrix, `null` where nothing is embedded, and numbers by input. */
export interface EmbeddedRows {
  /** The fields' embeddings, [rows, sum of the parts' embedded widths]. */
  readonly embedded: tf.Tensor | null;
  /** Untransformed numbers, each [rows]; a vector [rows, length]. */
  readonly numbers: Tensors;
  /** 1 for each item of a sequence, 0 for its padding, [rows, length], by input; left out without sequences. */
  readonly present?: Tensors;
}

/** Rows of one entity that rows of the batch share, such as the user of all impressions of a request. */
export interface SharedRows extends EmbeddedRows {
  readonly entity: Entity;
  /** The shared row of each row of the batch, int32 [batch]. */
  readonly rows: tf.Tensor1D;
}

/** What the layers that pool sequences need. */
export interface PoolingLayers {
  readonly parameters: Tensors;
  /** What the names of their parameters begin with. */
  readonly prefix: string;
}

/**
 * Returns the towers' input from the rows of a batch. Where an entity's rows are shared, they are a part of their own,
 * and `rows` has the other entities' inputs alone.
 * @param pooling left out where the layout has no sequence
 */
export function towerInput(
  layout: Layout,
  rows: EmbeddedRows,
  shared?: SharedRows,
  pooling: PoolingLayers = { parameters: {}, prefix: '' },
): TowerInput {
  const isOfShared = ({ entity }: LayoutPart) => entity === shared?.entity;
  const others = layout.parts.filter((part) => !isOfShared(part));
  const sides: Side[] = [
    ...(shared === undefined ? [] : [{ parts: layout.parts.filter(isOfShared), rows: shared, isShared: true }]),
    { parts: others, rows, isShared: false },
  ];
  const fields =
    layout.mode === 'concatenate'
      ? fieldPieces(layout, sides, pooling, shared?.rows ?? null)
      : sides.flatMap(summedPieces);
  const pieces = [...fields, ...sides.flatMap(numberPieces)];
  return [true, false].flatMap((isShared) => {
    const own = pieces.filter((piece) => piece.isShared === isShared);
    if (own.length === 0) return [];
    const part = {
      values: concatenated(own.map(({ values }) => values)),
      columns: joined(own.flatMap(({ columns }) => columns)),
    };
    return [isShared && shared !== undefined ? { ...part, rows: shared.rows } : part];
  });
}

/** Entities whose inputs are given by the same rows. */
interface Side {
  readonly parts: readonly LayoutPart[];
  readonly rows: EmbeddedRows;
  readonly isShared: boolean;
}

/** Some columns of the towers' input, of the shared rows or of the rows of the batch. */
interface Piece {
  readonly columns: readonly Columns[];
  readonly values: tf.Tensor;
  readonly isShared: boolean;
}

/** Columns of the embedded matrix that are taken together. */
interface Block extends Omit<Piece, 'columns'> {
  readonly fields: readonly Field[];
  readonly rows: EmbeddedRows;
}

/** Returns the fields side by side. A sequence, and a field that its items are compared with, are taken by themselves. */
function fieldPieces(
  layout: Layout,
  sides: readonly Side[],
  { parameters, prefix }: PoolingLayers,
  sharedRows: tf.Tensor1D | null,
): Piece[] {
  const poolers = poolersOf(layout, prefix);
  const alone = [...poolers.values()].flatMap(({ input }) => [input.name, input.pooling.to]);
  const blocks = sides.flatMap(({ parts, rows, isShared }): Block[] => {
    const runs = runsOf(
      parts.flatMap(({ fields }) => fields),
      ({ input }) => alone.includes(input.name),
    );
    const widths = runs.map((run) => run.reduce((sum, { width }) => sum + width, 0));
    const matrices = splitColumns(rows.embedded, widths);
    return runs.map((fields, i) => ({ fields, rows, isShared, values: matrices[i] as tf.Tensor }));
  });
  return blocks.map((block): Piece => {
    const columns = joined(block.fields.map(({ start, dimension: count }) => ({ start, count })));
    const pooler = poolers.get(block.fields[0]?.input.name ?? '');
    return { columns, ...(pooler === undefined ? block : pooled(pooler, block, blocks, parameters, sharedRows)) };
  });
}

/** Returns a sequence's pooled embeddings: of shared rows, if the items and what they are compared with are shared. */
function pooled(
  { input, states, pool }: Pooler,
  { values, rows: { present = {} }, isShared }: Block,
  blocks: readonly Block[],
  parameters: Tensors,
  sharedRows: tf.Tensor1D | null,
): Omit<Piece, 'columns'> {
  const items = states({ values, present: present[input.name] as tf.Tensor }, parameters);
  const candidate = candidateOf(input, blocks);
  if (candidate === null || candidate.isShared === isShared || sharedRows === null)
    return { values: pool(items, candidate?.values ?? null, parameters), isShared };
  // One of the two is shared: the rows of the batch have both.
  return {
    values: isShared
      ? pool(gatherItems(items, sharedRows), candidate.values, parameters)
      : pool(items, tf.gather(candidate.values, sharedRows), parameters),
    isShared: false,
  };
}

function candidateOf({ name, pooling: { to } }: SequenceInput, blocks: readonly Block[]): Block | null {
  if (to === null) return null;
  const block = blocks.find(({ fields }) => fields[0]?.input.name === to);
  if (block === undefined) throw new RangeError(`sequence ${name}: there is no embedded input ${to} to compare with`);
  return block;
}

/** Returns neighbouring fields together, but those that are to be alone. */
function runsOf(fields: readonly Field[], isAlone: (field: Field) => boolean): (readonly Field[])[] {
  const runs: Field[][] = [];
  for (const field of fields) {
    const last = runs.at(-1);
    if (last === undefined || isAlone(field) || isAlone(last[0] as Field)) runs.push([field]);
    else last.push(field);
  }
  return runs;
}

function numberPieces({ parts, rows: { numbers }, isShared }: Side): Piece[] {
  return parts.flatMap((part) => {
    const [values, missing] = numberColumns(part.numbers, numbers);
    const [{ start = 0 } = {}] = part.columns.numbers;
    const count = valueCount(part.numbers);
    if (values === undefined || missing === undefined) return [];
    return [
      { columns: [{ start, count }], values, isShared },
      { columns: [{ start: start + count, count: part.numbers.length }], values: missing, isShared },
    ];
  });
}

/**
 * Returns the transformed values [rows, values of all inputs] of n inputs of numbers, and whether each input is missing,
 * [rows, n]; nothing for no inputs.
 */
function numberColumns(inputs: readonly NumericInput[], numbers: Tensors): tf.Tensor[] {
  if (inputs.length === 0) return [];
  const untransformed = inputs.map(({ kind, name }) =>
    kind === 'vector' ? (numbers[name] as tf.Tensor) : tf.expandDims(numbers[name] as tf.Tensor, 1),
  );
  const { value, missing } = transformNumbers(inputs.flatMap(transformsOf), concatenated(untransformed));
  if (!inputs.some(({ kind }) => kind === 'vector')) return [value, missing];
  // All values of a vector are missing, or none.
  return [value, tf.gather(missing, tf.tensor1d(firstValues(inputs), 'int32'), 1)];
}

/** Returns the place of the first value of each input among all values. */
function firstValues(inputs: readonly NumericInput[]): number[] {
  let next = 0;
  return inputs.map((input) => {
    const own = next;
    next += transformsOf(input).length;
    return own;
  });
}

/** Splits a matrix into so many columns each; `null` for none. */
export function splitColumns(matrix: tf.Tensor | null, widths: readonly number[]): readonly (tf.Tensor | null)[] {
  const present = widths.filter((width) => width > 0);
  if (matrix === null) return widths.map(() => null);
  // TF.js cannot differentiate a split into one.
  const matrices = present.length === 1 ? [matrix] : tf.split(matrix, present, 1);
  let at = 0;
  return widths.map((width) => (width === 0 ? null : (matrices[at++] as tf.Tensor)));
}

function concatenated(columns: tf.Tensor[]): tf.Tensor {
  return columns.length === 1 ? (columns[0] as tf.Tensor) : tf.concat(columns, 1);
}

/** Returns the sum of the fields of each entity. */
function summedPieces({ parts, rows: { embedded }, isShared }: Side): Piece[] {
  if (embedded === null) return [];
  const sums = sumByPart(parts, embedded);
  const columns = parts.filter(({ fields }) => fields.length > 0).map((part) => part.columns.fields);
  return sums.map((values, i) => ({ columns: columns[i] as readonly Columns[], values, isShared }));
}

function sumByPart(parts: readonly LayoutPart[], embedded: tf.Tensor): tf.Tensor[] {
  const dimensions = parts.flatMap(({ fields }) => fields.map(({ dimension }) => dimension));
  const columns = splitColumns(embedded, dimensions) as readonly tf.Tensor[];
  let from = 0;
  return fieldsByPart(parts).map((fields) => {
    const own = columns.slice(from, from + fields.length);
    from += fields.length;
    return own.reduce((a, b) => tf.add(a, b));
  });
}

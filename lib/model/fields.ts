/**
 * The input of the towers, made from encoded rows: the embedded fields side by side (or summed over the fields of each
 * entity, as in figure 2 of arXiv 1804.07931), and then, for each entity, the transformed value of each number and
 * whether each number is missing. Fields and numbers are in the order of their entities: user, item, context.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity, ModelChoice } from '../config/declaration.ts';
import { type EmbeddedInput, type InputSpec, isEmbedded, type NumberInput, type TableSpec } from '../table/encoded.ts';
import { joined } from './columns.ts';
import { embeddedKind, INPUT_KINDS } from './kinds/index.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import type { Columns, InputPart, Tensors, TowerInput } from './network.ts';

/** An embedded input and the columns of the embedded matrix that it fills. */
export interface Field {
  readonly input: EmbeddedInput;
  readonly dimension: number;
  readonly offset: number;
}

/** The inputs of one entity, and the columns of the towers' input that they fill. */
export interface LayoutPart {
  readonly entity: Entity;
  readonly fields: readonly Field[];
  /** Number of columns of the embedded matrix. */
  readonly embeddedWidth: number;
  readonly numbers: readonly NumberInput[];
  /** The columns of the fields, and of the values and missing flags of the numbers; those that are not empty. */
  readonly columns: { readonly fields: readonly Columns[]; readonly numbers: readonly Columns[] };
}

/** The columns of the towers' input. */
export interface Layout {
  /** What each entity fills; only entities that have inputs. */
  readonly parts: readonly LayoutPart[];
  readonly fields: readonly Field[];
  /** Number of columns of the embedded matrix: the sum of the fields' dimensions. */
  readonly embeddedWidth: number;
  readonly numbers: readonly NumberInput[];
  readonly mode: ModelChoice['fields'];
  /** Number of columns of the towers' input. */
  readonly width: number;
  /** Indices of the columns that are 1 where a number is missing, else 0; often 0 in every row. */
  readonly missingColumns: readonly number[];
}

const ENTITIES: readonly Entity[] = ['user', 'item', 'context'];

/**
 * Lays out the towers' input for the inputs and tables of an encoder.
 * @throws {RangeError} where an input's table is not among the tables.
 */
export function layoutOf(
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
  mode: ModelChoice['fields'],
): Layout {
  const dimensions = new Map(tables.map(({ name, dimension }) => [name, dimension]));
  const ordered = ENTITIES.map((entity) => ({ entity, inputs: inputs.filter((input) => input.entity === entity) }));
  let [embeddedWidth, width] = [0, 0];
  const take = (count: number): Columns[] => {
    const start = width;
    width += count;
    return count === 0 ? [] : [{ start, count }];
  };
  const embedded = ordered.map(({ entity, inputs: own }) => {
    const fields = own.filter(isEmbedded).map((input): Field => {
      const dimension = dimensions.get(input.table);
      if (dimension === undefined)
        throw new RangeError(`input ${input.name} needs table ${input.table}, which is not there`);
      const offset = embeddedWidth;
      embeddedWidth += dimension;
      return { input, dimension, offset };
    });
    const ofFields = sum(fields.map(({ dimension }) => dimension));
    const columns = take(mode === 'concatenate' ? ofFields : (fields[0]?.dimension ?? 0));
    return { entity, fields, embeddedWidth: ofFields, columns, numbers: own.filter((input) => !isEmbedded(input)) };
  });
  const parts = embedded
    .map(({ columns, ...part }): LayoutPart => {
      return { ...part, columns: { fields: columns, numbers: take(2 * part.numbers.length) } };
    })
    .filter(({ fields, numbers }) => fields.length + numbers.length > 0);
  return {
    parts,
    fields: parts.flatMap(({ fields }) => fields),
    embeddedWidth,
    numbers: parts.flatMap(({ numbers }) => numbers),
    mode,
    width,
    missingColumns: parts.flatMap(({ numbers, columns }) =>
      numbers.map((_, i) => (columns.numbers[0]?.start ?? 0) + numbers.length + i),
    ),
  };
}

/** Names every column of the towers' input, in order: `city[0]`, `price`, `price is missing`. */
export function columnNames({ parts, fields, mode }: Layout): string[] {
  const groups = mode === 'concatenate' ? fields.map((field) => [field]) : fieldsByPart(parts);
  return [
    ...groups.flatMap((group) => {
      const name = group.map(({ input }) => input.name).join(' + ');
      return Array.from({ length: group[0]?.dimension ?? 0 }, (_, k) => `${name}[${k}]`);
    }),
    ...parts.flatMap(({ numbers }) => [
      ...numbers.map(({ name }) => name),
      ...numbers.map(({ name }) => `${name} is missing`),
    ]),
  ];
}

/** The encoded rows of some entities: an embedded matrix, `null` where nothing is embedded, and numbers by input. */
export interface EmbeddedRows {
  /** The fields' embeddings, [rows, sum of the parts' embedded widths]. */
  readonly embedded: tf.Tensor | null;
  /** Untransformed numbers, each [rows]. */
  readonly numbers: Tensors;
}

/** Rows of one entity that rows of the batch share, such as the user of all impressions of a request. */
export interface SharedRows extends EmbeddedRows {
  readonly entity: Entity;
  /** The shared row of each row of the batch, int32 [batch]. */
  readonly rows: tf.Tensor1D;
}

/**
 * Returns the towers' input from the rows of a batch. Where an entity's rows are shared, they are a part of their own,
 * and `rows` has the other entities' inputs alone.
 */
export function towerInput(layout: Layout, rows: EmbeddedRows, shared?: SharedRows): TowerInput {
  if (shared === undefined) return [inputPart(layout, layout.parts, rows)];
  const own = layout.parts.filter(({ entity }) => entity === shared.entity);
  const others = layout.parts.filter(({ entity }) => entity !== shared.entity);
  return [
    ...(own.length === 0 ? [] : [{ ...inputPart(layout, own, shared), rows: shared.rows }]),
    ...(others.length === 0 ? [] : [inputPart(layout, others, rows)]),
  ];
}

function inputPart(
  { mode }: Pick<Layout, 'mode'>,
  parts: readonly LayoutPart[],
  { embedded, numbers }: EmbeddedRows,
): InputPart {
  const fields = embedded === null ? [] : mode === 'concatenate' ? [embedded] : sumByPart(parts, embedded);
  const columns = parts.map((part) => part.columns);
  return {
    values: concatenated([...fields, ...parts.flatMap((part) => numberColumns(part.numbers, numbers))]),
    columns: joined([...columns.flatMap((of) => of.fields), ...columns.flatMap((of) => of.numbers)]),
  };
}

/** Returns the transformed values [rows, n] of n numbers, and whether each is missing; nothing for no numbers. */
function numberColumns(inputs: readonly NumberInput[], numbers: Tensors): tf.Tensor[] {
  if (inputs.length === 0) return [];
  const untransformed = inputs.map(({ name }) => tf.expandDims(numbers[name] as tf.Tensor, 1));
  const { value, missing } = INPUT_KINDS.number.transform(inputs, concatenated(untransformed));
  return [value, missing];
}

function concatenated(columns: tf.Tensor[]): tf.Tensor {
  return columns.length === 1 ? (columns[0] as tf.Tensor) : tf.concat(columns, 1);
}

/**
 * Gathers the embedded matrix [batch, embeddedWidth] from the encoder's tables [rows, dimension]; returns `null` where
 * no input is embedded.
 */
export function embed(
  layout: Layout,
  tables: Readonly<Record<string, tf.Tensor>>,
  encoded: EncodedTensors,
): tf.Tensor | null {
  const fields = layout.fields.map(({ input }) =>
    embeddedKind(input).embed(input, tables[input.table] as tf.Tensor, encoded),
  );
  if (fields.length < 2) return fields[0] ?? null;
  return tf.concat(fields, 1);
}

function sumByPart(parts: readonly LayoutPart[], embedded: tf.Tensor): tf.Tensor[] {
  const dimensions = parts.flatMap(({ fields }) => fields.map(({ dimension }) => dimension));
  // TF.js cannot differentiate a split into one.
  const columns = dimensions.length === 1 ? [embedded] : tf.split(embedded, dimensions, 1);
  let from = 0;
  return fieldsByPart(parts).map((fields) => {
    const own = columns.slice(from, from + fields.length);
    from += fields.length;
    return own.reduce((a, b) => tf.add(a, b));
  });
}

function fieldsByPart(parts: readonly LayoutPart[]): (readonly Field[])[] {
  return parts.map(({ fields }) => fields).filter((fields) => fields.length > 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

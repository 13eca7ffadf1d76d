/**
 * The input of the towers, made from encoded rows: the embedded fields side by side (or summed over the fields of each
 * entity, as in figure 2 of arXiv 1804.07931), then the transformed value of each number, then whether each number is
 * missing.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelChoice } from '../config/declaration.ts';
import { type EmbeddedInput, type InputSpec, isEmbedded, type NumberInput, type TableSpec } from '../table/encoded.ts';
import { embeddedKind, INPUT_KINDS } from './kinds/index.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';

/** An embedded input and the columns of the embedded matrix that it fills. */
export interface Field {
  readonly input: EmbeddedInput;
  readonly dimension: number;
  readonly offset: number;
}

/** The columns of the towers' input. */
export interface Layout {
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
  const fields: Field[] = [];
  let embeddedWidth = 0;
  for (const input of inputs.filter(isEmbedded)) {
    const dimension = dimensions.get(input.table);
    if (dimension === undefined)
      throw new RangeError(`input ${input.name} needs table ${input.table}, which is not there`);
    fields.push({ input, dimension, offset: embeddedWidth });
    embeddedWidth += dimension;
  }
  const numbers: readonly NumberInput[] = inputs.filter((input) => !isEmbedded(input));
  const fieldColumns =
    mode === 'concatenate' ? embeddedWidth : sum(byEntity(fields).map(([first]) => first?.dimension ?? 0));
  return {
    fields,
    embeddedWidth,
    numbers,
    mode,
    width: fieldColumns + 2 * numbers.length,
    missingColumns: numbers.map((_, i) => fieldColumns + numbers.length + i),
  };
}

/** Names every column of the towers' input, in order: `city[0]`, `price`, `price is missing`. */
export function columnNames({ fields, numbers, mode }: Layout): string[] {
  const groups = mode === 'concatenate' ? fields.map((field) => [field]) : byEntity(fields);
  return [
    ...groups.flatMap((group) => {
      const name = group.map(({ input }) => input.name).join(' + ');
      return Array.from({ length: group[0]?.dimension ?? 0 }, (_, k) => `${name}[${k}]`);
    }),
    ...numbers.map(({ name }) => name),
    ...numbers.map(({ name }) => `${name} is missing`),
  ];
}

/**
 * Returns the towers' input [batch, width] from an embedded matrix [batch, embeddedWidth] and numbers [batch] by name.
 */
export function towerInput(
  layout: Layout,
  embedded: tf.Tensor | null,
  numbers: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor {
  return concatenated([
    ...(embedded === null ? [] : layout.mode === 'concatenate' ? [embedded] : sumByEntity(layout, embedded)),
    ...(layout.numbers.length === 0 ? [] : numberColumns(layout.numbers, numbers)),
  ]);
}

/** Returns the transformed values [batch, n] of n numbers, and whether each is missing. */
function numberColumns(inputs: readonly NumberInput[], numbers: Readonly<Record<string, tf.Tensor>>): tf.Tensor[] {
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

function sumByEntity(layout: Layout, embedded: tf.Tensor): tf.Tensor[] {
  const parts = tf.split(
    embedded,
    layout.fields.map(({ dimension }) => dimension),
    1,
  );
  const partOf = new Map(layout.fields.map((field, i) => [field, parts[i] as tf.Tensor]));
  return byEntity(layout.fields).map((fields) =>
    fields.map((field) => partOf.get(field) as tf.Tensor).reduce((a, b) => tf.add(a, b)),
  );
}

function byEntity(fields: readonly Field[]): Field[][] {
  return (['user', 'item', 'context'] as const)
    .map((entity) => fields.filter(({ input }) => input.entity === entity))
    .filter((group) => group.length > 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

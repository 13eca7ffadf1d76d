/**
 * From encoded rows to the input of the towers: embedded fields side by side (or summed over the fields of an entity,
 * as in figure 2 of arXiv 1804.07931), then each number's transformed value and whether it was missing.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ModelChoice } from '../config/declaration.ts';
import type { BagInput, IdInput, InputSpec, NumberInput, QuantileInput, TableSpec } from '../table/encoded.ts';

export type EmbeddedInput = IdInput | BagInput | QuantileInput;

/** An embedded input and the columns of the embedded matrix that it fills. */
export interface Field {
  readonly input: EmbeddedInput;
  readonly dimension: number;
  readonly offset: number;
}

/** How the towers' input is laid out. */
export interface Layout {
  readonly fields: readonly Field[];
  /** Columns of the embedded matrix: the sum of the fields' dimensions. */
  readonly embeddedWidth: number;
  readonly numbers: readonly NumberInput[];
  readonly mode: ModelChoice['fields'];
  /** Columns of the towers' input. */
  readonly width: number;
  /** Columns that tell that a number is missing: 0 or 1, and often all 0. */
  readonly missingColumns: readonly number[];
}

export function layoutOf(
  inputs: readonly InputSpec[],
  tables: readonly TableSpec[],
  mode: ModelChoice['fields'],
): Layout {
  const dimensions = new Map(tables.map(({ name, dimension }) => [name, dimension]));
  const fields: Field[] = [];
  let embeddedWidth = 0;
  for (const input of inputs) {
    if (input.kind === 'number') continue;
    const dimension = dimensions.get(input.table);
    if (dimension === undefined)
      throw new RangeError(`input ${input.name} needs table ${input.table}, which is not there`);
    fields.push({ input, dimension, offset: embeddedWidth });
    embeddedWidth += dimension;
  }
  const numbers = inputs.filter((input) => input.kind === 'number');
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

/** What each column of the towers' input stands for, in their order. */
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

/** The towers' input [batch, width] of an embedded matrix [batch, embeddedWidth] and untransformed numbers [batch] by name. */
export function towerInput(
  layout: Layout,
  embedded: tf.Tensor | null,
  numbers: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor {
  const transformed = layout.numbers.map((input) => transformNumber(input, numbers[input.name] as tf.Tensor));
  const columns = [
    ...(embedded === null ? [] : layout.mode === 'concatenate' ? [embedded] : sumByEntity(layout, embedded)),
    ...transformed.map(({ value }) => tf.expandDims(value, 1)),
    ...transformed.map(({ missing }) => tf.expandDims(missing, 1)),
  ];
  return columns.length === 1 ? (columns[0] as tf.Tensor) : tf.concat(columns, 1);
}

/** Clip, log1p, standardise; a missing (NaN) number has the value 0, the training mean. Shapes [batch]. */
export function transformNumber(
  input: NumberInput,
  untransformed: tf.Tensor,
): { value: tf.Tensor; missing: tf.Tensor } {
  const isMissing = tf.isNaN(untransformed);
  const zeros = tf.zerosLike(untransformed);
  let value: tf.Tensor = tf.where(isMissing, zeros, untransformed);
  const [low, high] = input.clip ?? [null, null];
  if (low !== null) value = tf.maximum(value, low);
  if (high !== null) value = tf.minimum(value, high);
  if (input.log1p) value = tf.mul(tf.sign(value), tf.log(tf.add(tf.abs(value), 1)));
  value = tf.div(tf.sub(value, input.mean), input.deviation);
  return { value: tf.where(isMissing, zeros, value), missing: tf.cast(isMissing, 'float32') };
}

/** What `embed` reads: ids (int32) or a quantile's number by input name, bag weights by `<name>_weights`. */
export type EncodedTensors = Readonly<Record<string, tf.Tensor>>;

/** The embedded matrix [batch, embeddedWidth] out of the tables [rows, dimension]; `null` where nothing is embedded. */
export function embed(
  layout: Layout,
  tables: Readonly<Record<string, tf.Tensor>>,
  encoded: EncodedTensors,
): tf.Tensor | null {
  const fields = layout.fields.map(({ input }) => embedField(input, tables[input.table] as tf.Tensor, encoded));
  if (fields.length < 2) return fields[0] ?? null;
  return tf.concat(fields, 1);
}

function embedField(input: EmbeddedInput, table: tf.Tensor, encoded: EncodedTensors): tf.Tensor {
  const values = encoded[input.name] as tf.Tensor;
  switch (input.kind) {
    case 'id':
      return tf.gather(table, values);
    case 'quantile':
      return tf.gather(table, quantileIds(input, values));
    case 'bag':
      return poolBag(input, table, values, encoded[`${input.name}_weights`] as tf.Tensor);
  }
}

/** 0 where missing (NaN), else 1 + the number of boundaries below the value. */
function quantileIds(input: QuantileInput, value: tf.Tensor): tf.Tensor {
  const boundaries = tf.tensor2d(Float32Array.from(input.boundaries), [1, input.boundaries.length]);
  const below = tf.sum(tf.cast(tf.greater(tf.expandDims(value, 1), boundaries), 'int32'), 1);
  const isPresent = tf.cast(tf.logicalNot(tf.isNaN(value)), 'int32');
  return tf.mul(isPresent, tf.add(below, tf.scalar(1, 'int32')));
}

/** Weighted sum of the rows of a bag; a bag without weight is row 0, the missing value. */
function poolBag(input: BagInput, table: tf.Tensor, ids: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const isEmpty = tf.cast(tf.equal(tf.sum(weights, 1, true), 0), 'float32');
  const coefficients = tf.div(weights, bagNorm(input.combiner, weights, isEmpty));
  const pooled = tf.sum(tf.mul(tf.expandDims(coefficients, 2), tf.gather(table, ids)), 1);
  const missing = tf.gather(table, tf.tensor1d([0], 'int32'));
  return tf.add(pooled, tf.mul(isEmpty, missing));
}

function bagNorm(combiner: BagInput['combiner'], weights: tf.Tensor, isEmpty: tf.Tensor): tf.Tensor {
  switch (combiner) {
    case 'sum':
      return tf.scalar(1);
    case 'mean':
      return tf.add(tf.sum(weights, 1, true), isEmpty);
    case 'sqrtn':
      return tf.add(tf.sqrt(tf.sum(tf.square(weights), 1, true)), isEmpty);
  }
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

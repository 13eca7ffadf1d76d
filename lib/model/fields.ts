/**
 * The columns of the towers' input, which is made from encoded rows: the embedded fields side by side (or summed over
 * the fields of each entity, as in figure 2 of arXiv 1804.07931), and then, for each entity, the transformed value of
 * each number and whether each number is missing; a vector has several values, which are missing together. Fields and numbers are in the order of their entities: user,
 * item, others, context.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Entity, ModelChoice } from '../config/declaration.ts';
import { orderedEntities } from '../config/features/one-column.ts';
import { type EmbeddedInput, type InputSpec, isEmbedded, type NumericInput, type TableSpec } from '../table/encoded.ts';
import { embeddedKind, transformsOf } from './kinds/index.ts';
import type { EncodedTensors } from './kinds/input-kind.ts';
import type { Columns } from './network.ts';

/** An embedded input and the columns that it fills. */
export interface Field {
  readonly input: EmbeddedInput;
  /** Width of an embedding, and number of columns of the towers' input. */
  readonly dimension: number;
  /** First of the columns of the towers' input. */
  readonly start: number;
  /** Number of columns of the embedded matrix: those of all items of a sequence, whose embeddings stand side by side. */
  readonly width: number;
  /** First of the columns of the embedded matrix. */
  readonly offset: number;
}

/** The inputs of one entity, and the columns of the towers' input that they fill. */
export interface LayoutPart {
  readonly entity: Entity;
  readonly fields: readonly Field[];
  /** Number of columns of the embedded matrix. */
  readonly embeddedWidth: number;
  readonly numbers: readonly NumericInput[];
  /** The columns of the fields, and of the values and missing flags of the numbers; those that are not empty. */
  readonly columns: { readonly fields: readonly Columns[]; readonly numbers: readonly Columns[] };
}

/** The columns of the towers' input. */
export interface Layout {
  /** What each entity fills; only entities that have inputs. */
  readonly parts: readonly LayoutPart[];
  readonly fields: readonly Field[];
  /** Number of columns of the embedded matrix: the sum of the fields' widths. */
  readonly embeddedWidth: number;
  readonly numbers: readonly NumericInput[];
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
  const ordered = orderedEntities(inputs.map(({ entity }) => entity)).map((entity) => ({
    entity,
    inputs: inputs.filter((input) => input.entity === entity),
  }));
  let [embeddedWidth, width] = [0, 0];
  const take = (count: number): Columns[] => {
    const start = width;
    width += count;
    return count === 0 ? [] : [{ start, count }];
  };
  const embedded = ordered.map(({ entity, inputs: own }) => {
    let start = width;
    const fields = own.filter(isEmbedded).map((input): Field => {
      const dimension = dimensions.get(input.table);
      if (dimension === undefined)
        throw new RangeError(`input ${input.name} needs table ${input.table}, which is not there`);
      const field = { input, dimension, start, width: dimension * vectorsOf(input), offset: embeddedWidth };
      if (mode === 'concatenate') start += dimension;
      else if (!embeddedKind(input).isPooled)
        throw new RangeError(`input ${input.name}: got a sequence whose fields are summed, expected concatenated ones`);
      embeddedWidth += field.width;
      return field;
    });
    const columns = take(mode === 'concatenate' ? start - width : (fields[0]?.dimension ?? 0));
    const numbers = own.filter((input) => !isEmbedded(input));
    return { entity, fields, embeddedWidth: sum(fields.map((field) => field.width)), columns, numbers };
  });
  const parts = embedded
    .map(({ columns, ...part }): LayoutPart => {
      return { ...part, columns: { fields: columns, numbers: take(valueCount(part.numbers) + part.numbers.length) } };
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
      numbers.map((_, i) => (columns.numbers[0]?.start ?? 0) + valueCount(numbers) + i),
    ),
  };
}

/** Returns the number of values of a row that inputs of numbers have. */
export function valueCount(numbers: readonly NumericInput[]): number {
  return sum(numbers.map((input) => transformsOf(input).length));
}

function valueNames(input: NumericInput): readonly string[] {
  return input.kind === 'number' ? [input.name] : transformsOf(input).map((_, place) => `${input.name}[${place}]`);
}

/** Returns the number of embeddings of a row that an input has in the embedded matrix. */
function vectorsOf(input: EmbeddedInput): number {
  const { isPooled, idsPerRow } = embeddedKind(input);
  return isPooled ? 1 : idsPerRow(input);
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
      ...numbers.flatMap(valueNames),
      ...numbers.map(({ name }) => `${name} is missing`),
    ]),
  ];
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

/** Returns the fields of each part that has some. */
export function fieldsByPart(parts: readonly LayoutPart[]): (readonly Field[])[] {
  return parts.map(({ fields }) => fields).filter((fields) => fields.length > 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/**
 * The kinds of features that a declaration may have. Each has the type that the rest of the product sees, the schema of
 * how it is written in the file, and an object in `FEATURE_KINDS` with its checks and defaults. It is a compile-time
 * error to leave out the object of a kind, or a part of an object.
 */
import * as z from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { sameColumn, unknownName } from '../names.ts';
import { bound, clip, column, notNegative, scalar, whole } from '../value-schemas.ts';
import type { FeatureKind } from './feature-kind.ts';
import {
  checkMissingNumber,
  delimiter,
  entity,
  type FeatureBase,
  type ListColumn,
  listColumn,
  missing,
  missingNumber,
  type NumberTransform,
  numberTransform,
  type OneColumn,
  oneColumn,
  ownColumn,
  resolveColumn,
  textConstants,
  textOf,
} from './one-column.ts';
import { type SequenceFeature, sequence, sequenceKind } from './sequence.ts';
import {
  checkMissingId,
  checkTable,
  DIMENSION,
  MOST_DIMENSION,
  resolveTable,
  type SharedTables,
  tableMembers,
} from './table-choice.ts';
import { type VectorFeature, vector, vectorKind } from './vector.ts';

/** One value of a finite set. */
export interface CategoryFeature extends FeatureBase, OneColumn {
  readonly type: 'category';
  readonly embedding: string;
}

/** Several values of a finite set, pooled into one embedding. */
export interface BagFeature extends FeatureBase, ListColumn {
  readonly type: 'bag';
  readonly embedding: string;
  /** Column with one weight for each value: a list, or text with the same delimiter. */
  readonly weights: string | null;
  /** How the embeddings of the values become one. */
  readonly combiner: 'sum' | 'mean' | 'sqrtn';
}

/** A number: the input of the model or, with `embedding`, embedded by its interval between training quantiles. */
export interface NumberFeature extends FeatureBase, OneColumn, NumberTransform {
  readonly type: 'number';
  readonly embedding: string | null;
}

/** A cross: the combination of several columns' values, taken as one value of a finite set. */
export interface CrossFeature extends FeatureBase {
  readonly type: 'cross';
  /** The columns, in the order in which their values are joined. */
  readonly of: readonly OneColumn[];
  readonly embedding: string;
}

/** A feature with every default filled in. */
export type Feature = CategoryFeature | BagFeature | SequenceFeature | NumberFeature | VectorFeature | CrossFeature;
/** Name of a kind of feature. */
export type FeatureType = Feature['type'];
/** The features of one kind. */
export type FeatureOf<Type extends FeatureType> = Extract<Feature, { readonly type: Type }>;
/** A feature with several values in a row. */
export type ListFeature = BagFeature | SequenceFeature;

/** Whether a feature has several values in a row. */
export function isList(feature: Feature): feature is ListFeature {
  return feature.type === 'bag' || feature.type === 'sequence';
}

const category = z.strictObject({
  type: z.literal('category').describe('One value of a finite set.'),
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Value used if candidates lack the column.'),
  missing: missing.optional().describe('Value that a missing one counts as. Default: missing.'),
  ...tableMembers,
});

const bag = z.strictObject({
  type: z.literal('bag').describe('Several values of a finite set.'),
  ...listColumn,
  ...tableMembers,
  delimiter,
  weights: column.optional().describe('Column with one weight for each value.'),
  combiner: z.enum(['sum', 'mean', 'sqrtn']).default('mean').describe('How the embeddings of the values become one.'),
  max_length: whole(1, 10_000).default(20).describe('Number of values of a row that are used.'),
  keep: z
    .enum(['first', 'last'])
    .default('first')
    .describe('Which values of a row with more than max_length are used.'),
});

const number = z.strictObject({
  type: z.literal('number').describe('A number.'),
  ...oneColumn,
  at_scoring: bound.optional().describe('Number used if candidates lack the column.'),
  missing: missingNumber.optional().describe('Number that a missing one counts as. Default: missing.'),
  clip: clip.optional().describe('Lowest and highest value, null for no limit.'),
  log1p: z.boolean().optional().describe('Take sign(x) log(1 + |x|), after clipping. Default: false.'),
  standardize: z
    .boolean()
    .optional()
    .describe('Subtract the training mean and divide by the deviation, after log1p. Default: true.'),
  quantiles: whole(2, 10_000)
    .optional()
    .describe('Number of intervals between training quantiles; the interval is embedded instead of the number.'),
  dimension: whole(1, MOST_DIMENSION).optional().describe('Width of an embedding of the quantiles. Default: 18.'),
  l2: notNegative
    .optional()
    .describe('L2 penalty of the embeddings of the quantiles. Default: training.l2_embeddings.'),
});

const COLUMNS = 'at least two column names';
const cross = z.strictObject({
  type: z.literal('cross').describe("The combination of several columns' values, hashed."),
  of: z.array(column, COLUMNS).min(2, COLUMNS).describe('Columns whose values are combined.'),
  entity,
  at_scoring: z
    .record(column, scalar.nullable())
    .default({})
    .describe('Values used for columns that candidates lack, by column.'),
  missing: z.record(column, missing).default({}).describe('Values that missing ones count as, by column.'),
  embedding: tableMembers.embedding,
  dimension: tableMembers.dimension,
  l2: tableMembers.l2,
  hash: tableMembers.hash,
});

/** Schema of a feature as it is written in the file. */
export const featureSchema = z.discriminatedUnion('type', [category, bag, sequence, number, vector, cross]);
/** A feature as parsed from the file. */
export type FeatureShape = z.output<typeof featureSchema>;
type ShapeOf<Type extends FeatureType> = Extract<FeatureShape, { readonly type: Type }>;

const draft = { entity: entity.default('context') };
/** The same without a required entity: a feature that lacks it is still checked for other mistakes. */
export const draftFeatureSchema = z.discriminatedUnion('type', [
  category.extend(draft),
  bag.extend(draft),
  sequence.extend(draft),
  number.extend(draft),
  vector.extend(draft),
  cross.extend(draft),
]);

/** One object for every type of feature. */
export type FeatureKinds = { readonly [Type in FeatureType]: FeatureKind<ShapeOf<Type>, FeatureOf<Type>> };

/** How each kind of feature is declared. */
export const FEATURE_KINDS: FeatureKinds = {
  category: {
    sharesTables: true,
    columns: ownColumn,
    table: resolveTable,
    weightsInput: () => null,
    check: (path, shape, tables) => [...checkTable(path, shape, tables), ...checkMissingId(path, shape, tables)],
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, textConstants(shape)),
      type: 'category',
      embedding: shape.embedding ?? name,
    }),
  },

  bag: {
    sharesTables: true,
    columns: (name, shape) => [
      ...ownColumn(name, shape),
      ...(shape.weights === undefined ? [] : [{ path: ['features', name, 'weights'], column: shape.weights }]),
    ],
    table: resolveTable,
    weightsInput: (name) => `${name}_weights`,
    check: (path, shape, tables) => [...checkTable(path, shape, tables), ...checkMissingId(path, shape, tables)],
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, textConstants(shape)),
      type: 'bag',
      embedding: shape.embedding ?? name,
      delimiter: shape.delimiter ?? null,
      weights: shape.weights ?? null,
      combiner: shape.combiner,
      maxLength: shape.max_length,
      keep: shape.keep,
    }),
  },

  sequence: sequenceKind,

  number: {
    sharesTables: false,
    columns: ownColumn,
    table: ({ quantiles, dimension = DIMENSION }) =>
      quantiles === undefined ? null : { shared: null, dimension, ids: { kind: 'quantiles', count: quantiles } },
    weightsInput: () => null,
    check: checkNumber,
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, { atScoring: shape.at_scoring, missing: shape.missing }),
      type: 'number',
      embedding: shape.quantiles === undefined ? null : name,
      ...numberTransform(shape, shape.quantiles === undefined),
    }),
  },

  vector: vectorKind,

  cross: {
    sharesTables: true,
    columns: (name, { of }) => of.map((column, i) => ({ path: ['features', name, 'of', i], column })),
    table: resolveTable,
    weightsInput: () => null,
    check: checkCross,
    resolve: (name, { entity, of, at_scoring: constants, missing: defaults, embedding = name }) => ({
      name,
      entity,
      type: 'cross',
      of: of.map((column) => ({
        column,
        ...(Object.hasOwn(constants, column) && { atScoring: textOf(constants[column]) ?? null }),
        ...(Object.hasOwn(defaults, column) && { missing: String(defaults[column]) }),
      })),
      embedding,
    }),
  },
};

/** Returns how a feature's kind is declared. Its functions take features of that kind only, which is not checked. */
export function featureKind({ type }: FeatureShape): FeatureKind<FeatureShape, Feature> {
  return FEATURE_KINDS[type];
}

/** Returns the name of the table, own or shared, that a feature embeds its values in; `null` if it embeds none. */
export function tableName(name: string, feature: FeatureShape): string | null {
  const table = featureKind(feature).table(feature);
  return table === null ? null : (table.shared ?? name);
}

function checkNumber(path: Path, shape: ShapeOf<'number'>): readonly Mistake[] {
  return [...checkMissingNumber(path, shape), ...checkQuantiles(path, shape)];
}

function checkQuantiles(path: Path, shape: ShapeOf<'number'>): readonly Mistake[] {
  if (shape.quantiles === undefined) {
    return (['dimension', 'l2'] as const)
      .filter((member) => shape[member] !== undefined)
      .map((member) => ({
        path: [...path, member],
        message: `got ${member} without quantiles, expected both or neither`,
      }));
  }
  return (['clip', 'log1p', 'standardize'] as const)
    .filter((member) => shape[member] !== undefined && shape[member] !== false)
    .map((member) => ({
      path: [...path, member],
      message: `got ${member} beside quantiles, which it does not change, expected one of them`,
    }));
}

/** Checks that columns are distinct, that values for scoring are for columns of the cross, and that ids are hashes. */
function checkCross(path: Path, shape: ShapeOf<'cross'>, tables: SharedTables): readonly Mistake[] {
  const { of, at_scoring: constants, missing: defaults, embedding, hash } = shape;
  const repeated = of.flatMap((column, i) =>
    of.slice(0, i).some((other) => sameColumn(other, column))
      ? [{ path: [...path, 'of', i], message: `got ${column} twice, expected it once` }]
      : [],
  );
  const unknown = Object.entries({ at_scoring: constants, missing: defaults }).flatMap(([member, given]) =>
    Object.keys(given).flatMap((column) => (of.includes(column) ? [] : [{ member, column }])),
  );
  const ids = embedding === undefined ? undefined : tables.get(embedding);
  return [
    ...repeated,
    ...unknown.map(({ member, column }) => ({
      path: [...path, member, column],
      message: unknownName('column of the cross', column, of),
    })),
    ...checkTable(path, shape, tables),
    ...(embedding === undefined && hash === undefined
      ? [{ path: [...path, 'hash'], message: 'missing, expected a number of buckets, or buckets and seed' }]
      : []),
    ...(ids != null && ids.kind !== 'hash'
      ? [{ path: [...path, 'embedding'], message: `got ${embedding}, a table by ${ids.kind}, expected one by hash` }]
      : []),
  ];
}

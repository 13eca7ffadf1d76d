/**
 * The kinds of features that a declaration may have: of each the type that the rest of the product sees, the shape in
 * the file, and what the checks and the defaults need to know of it. `FEATURE_KINDS` has an object for every kind, and
 * neither a kind without an object nor an object without one of its parts compiles.
 */
import { z } from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { sameColumn, unknownName } from '../names.ts';
import { bound, clip, column, scalar, text, whole } from '../value-schemas.ts';
import type { FeatureKind } from './feature-kind.ts';
import { entity, type FeatureBase, type OneColumn, oneColumn, ownColumn, resolveColumn, textOf } from './one-column.ts';
import { checkTable, DIMENSION, resolveTable, type SharedTables, tableMembers } from './table-choice.ts';

/** One value of a finite set. */
export interface CategoryFeature extends FeatureBase, OneColumn {
  readonly type: 'category';
  readonly embedding: string;
}

/** Several values of a finite set, pooled into one embedding. */
export interface BagFeature extends FeatureBase, OneColumn {
  readonly type: 'bag';
  readonly embedding: string;
  /** Delimiter where the column is text; `null` for a list column. */
  readonly delimiter: string | null;
  /** Column with one weight for each value, in the same shape. */
  readonly weights: string | null;
  readonly combiner: 'sum' | 'mean' | 'sqrtn';
  /** Values kept of each row; the rest is dropped and counted. */
  readonly maxLength: number;
}

/** A number. With `embedding`, its training quantiles are embedded; otherwise its transformed value is an input itself. */
export interface NumberFeature extends FeatureBase, OneColumn {
  readonly type: 'number';
  readonly embedding: string | null;
  /** sign(x) log(1 + |x|), after clipping. */
  readonly log1p: boolean;
  /** Subtract the training mean and divide by the training standard deviation, after `log1p`. */
  readonly standardize: boolean;
  readonly clip: readonly [number | null, number | null] | null;
}

/** The values of several columns together, as one value of a finite set. */
export interface CrossFeature extends FeatureBase {
  readonly type: 'cross';
  /** The columns, in the order in which their values are joined. */
  readonly of: readonly OneColumn[];
  readonly embedding: string;
}

export type Feature = CategoryFeature | BagFeature | NumberFeature | CrossFeature;
export type FeatureType = Feature['type'];
export type FeatureOf<Type extends FeatureType> = Extract<Feature, { readonly type: Type }>;

const category = z.strictObject({
  type: z.literal('category').describe('One value of a finite set.'),
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Value used where the column is unknown at scoring.'),
  ...tableMembers,
});

const bag = z.strictObject({
  type: z.literal('bag').describe('Several values of a finite set.'),
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Text used where the column is unknown at scoring.'),
  ...tableMembers,
  delimiter: text('the text between two values')
    .optional()
    .describe('Text between two values of a text column. Default: the column is a list.'),
  weights: column.optional().describe('Column with one weight for each value.'),
  combiner: z.enum(['sum', 'mean', 'sqrtn']).default('mean').describe('How the embeddings become one.'),
  max_length: whole(1).default(20).describe('Values kept of each row.'),
});

const number = z.strictObject({
  type: z.literal('number').describe('A number.'),
  ...oneColumn,
  at_scoring: bound.optional().describe('Number used where the column is unknown at scoring.'),
  clip: clip.optional().describe('Lowest and highest value, null for none.'),
  log1p: z.boolean().optional().describe('Take sign(x) log(1 + |x|), after clipping. Default: false.'),
  standardize: z
    .boolean()
    .optional()
    .describe('Subtract the training mean and divide by the deviation, after log1p. Default: true.'),
  quantiles: whole(2).optional().describe('Embed the interval between this many training quantiles instead.'),
  dimension: whole(1).optional().describe('Width of an embedding of the quantiles. Default: 18.'),
});

const COLUMNS = 'at least two column names';
const cross = z.strictObject({
  type: z.literal('cross').describe('The values of several columns together, hashed.'),
  of: z.array(column, COLUMNS).min(2, COLUMNS).describe('Columns whose values make one value together.'),
  entity,
  at_scoring: z
    .record(column, scalar.nullable())
    .default({})
    .describe('Values used where columns are unknown at scoring, by column.'),
  embedding: tableMembers.embedding,
  dimension: tableMembers.dimension,
  hash: tableMembers.hash,
});

/** A feature as it stands in the file. */
export const featureSchema = z.discriminatedUnion('type', [category, bag, number, cross]);
export type FeatureShape = z.output<typeof featureSchema>;
type ShapeOf<Type extends FeatureType> = Extract<FeatureShape, { readonly type: Type }>;

/** The entity may be left out here, so that a feature without one is still looked at. */
const draft = { entity: entity.default('context') };
export const draftFeatureSchema = z.discriminatedUnion('type', [
  category.extend(draft),
  bag.extend(draft),
  number.extend(draft),
  cross.extend(draft),
]);

/** One object for every type of feature. */
export type FeatureKinds = { readonly [Type in FeatureType]: FeatureKind<ShapeOf<Type>, FeatureOf<Type>> };

export const FEATURE_KINDS: FeatureKinds = {
  category: {
    sharesTables: true,
    columns: ownColumn,
    table: resolveTable,
    weightsInput: () => null,
    check: checkTable,
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, textOf(shape.at_scoring)),
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
    check: checkTable,
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, textOf(shape.at_scoring)),
      type: 'bag',
      embedding: shape.embedding ?? name,
      delimiter: shape.delimiter ?? null,
      weights: shape.weights ?? null,
      combiner: shape.combiner,
      maxLength: shape.max_length,
    }),
  },

  number: {
    sharesTables: false,
    columns: ownColumn,
    table: ({ quantiles, dimension = DIMENSION }) =>
      quantiles === undefined ? null : { shared: null, dimension, ids: { kind: 'quantiles', count: quantiles } },
    weightsInput: () => null,
    check: checkNumber,
    resolve: (name, shape) => ({
      ...resolveColumn(name, shape, shape.at_scoring),
      type: 'number',
      embedding: shape.quantiles === undefined ? null : name,
      log1p: shape.log1p ?? false,
      standardize: shape.standardize ?? shape.quantiles === undefined,
      clip: shape.clip ?? null,
    }),
  },

  cross: {
    sharesTables: true,
    columns: (name, { of }) => of.map((column, i) => ({ path: ['features', name, 'of', i], column })),
    table: resolveTable,
    weightsInput: () => null,
    check: checkCross,
    resolve: (name, { entity, of, at_scoring: constants, embedding = name }) => ({
      name,
      entity,
      type: 'cross',
      of: of.map((column) =>
        Object.hasOwn(constants, column) ? { column, atScoring: textOf(constants[column]) ?? null } : { column },
      ),
      embedding,
    }),
  },
};

/** What there is to know of a feature's kind. Its functions are given shapes of that kind alone. */
export function featureKind({ type }: FeatureShape): FeatureKind<FeatureShape, Feature> {
  return FEATURE_KINDS[type];
}

/** Name of the table that a feature embeds its values in, its own or a shared one; `null` where nothing is embedded. */
export function tableName(name: string, feature: FeatureShape): string | null {
  const table = featureKind(feature).table(feature);
  return table === null ? null : (table.shared ?? name);
}

function checkNumber(path: Path, shape: ShapeOf<'number'>): readonly Mistake[] {
  if (shape.quantiles === undefined) {
    if (shape.dimension === undefined) return [];
    return [{ path: [...path, 'dimension'], message: 'got dimension without quantiles, expected both or neither' }];
  }
  return (['clip', 'log1p', 'standardize'] as const)
    .filter((member) => shape[member] !== undefined && shape[member] !== false)
    .map((member) => ({
      path: [...path, member],
      message: `got ${member} beside quantiles, which it does not change, expected one of them`,
    }));
}

/** Each column stands in a cross once, constants are for its columns alone, and its ids come of a hash. */
function checkCross(path: Path, shape: ShapeOf<'cross'>, tables: SharedTables): readonly Mistake[] {
  const { of, at_scoring: constants, embedding, hash } = shape;
  const repeated = of.flatMap((column, i) =>
    of.slice(0, i).some((other) => sameColumn(other, column))
      ? [{ path: [...path, 'of', i], message: `got ${column} twice, expected it once` }]
      : [],
  );
  const strangers = Object.keys(constants).filter((column) => !of.includes(column));
  const ids = embedding === undefined ? undefined : tables.get(embedding);
  return [
    ...repeated,
    ...strangers.map((column) => ({
      path: [...path, 'at_scoring', column],
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

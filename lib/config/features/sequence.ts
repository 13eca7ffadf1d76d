/** Sequences: several values in an order in each row, such as the items that a user saw, pooled into one embedding. */
import * as z from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { featureName, whole } from '../value-schemas.ts';
import type { FeatureKind } from './feature-kind.ts';
import {
  delimiter,
  type FeatureBase,
  type ListColumn,
  listColumn,
  ownColumn,
  resolveColumn,
  textConstants,
} from './one-column.ts';
import { checkMissingId, checkTable, resolveTable, tableMembers } from './table-choice.ts';

/** How the embeddings of a sequence's items become one. */
export const POOLINGS = ['mean', 'attention', 'lstm'] as const;

/** Units of the hidden layer by which attention weighs an item, as in figure 2 of arXiv 1706.06978. */
const ATTENTION_UNITS = [36];

/** The layers by which the items of a sequence become one embedding, where that is not their mean. */
export interface SequencePooling {
  /** Attention over the items' embeddings, or over the states of an LSTM that reads them. */
  readonly kind: 'attention' | 'lstm';
  /** The feature whose embedding attention compares the items with; `null` where it reads the items alone. */
  readonly to: string | null;
  /** Units of the hidden layers by which attention weighs an item. */
  readonly units: readonly number[];
  /** Whether attention is told the position of each item. */
  readonly positions: boolean;
}

/** Items of a finite set in an order, pooled into one embedding. */
export interface SequenceFeature extends FeatureBase, ListColumn {
  readonly type: 'sequence';
  readonly embedding: string;
  /** `null` for the mean of the embeddings. */
  readonly pooling: SequencePooling | null;
}

/** Schema of a sequence as it is written in the file. */
export const sequence = z.strictObject({
  type: z.literal('sequence').describe('Several values of a finite set, in an order.'),
  ...listColumn,
  ...tableMembers,
  delimiter,
  max_length: whole(1, 1000).default(20).describe('Number of values of a row that are used.'),
  keep: z
    .enum(['first', 'last'])
    .default('last')
    .describe('The side of the list that is the newest, which is kept of a row with more than max_length values.'),
  pooling: z.enum(POOLINGS).describe("How the values' embeddings become one."),
  to: featureName
    .optional()
    .describe('With attention, required, and lstm: the feature that attention compares the values with.'),
  attention_units: z
    .array(whole(1, 4096))
    .min(1, 'at least one layer')
    .max(4, 'at most 4 layers')
    .optional()
    .describe('With attention and lstm: units of the hidden layers by which attention weighs a value. Default: [36].'),
  positions: z
    .boolean()
    .optional()
    .describe('With attention: whether it is told how new each value is. Default: true.'),
});

/** A sequence, as parsed. */
export type SequenceShape = z.output<typeof sequence>;

/** How sequences are declared. */
export const sequenceKind: FeatureKind<SequenceShape, SequenceFeature> = {
  sharesTables: true,
  columns: ownColumn,
  table: resolveTable,
  weightsInput: (name) => `${name}_weights`,
  check: (path, shape, tables) => [
    ...checkTable(path, shape, tables),
    ...checkMissingId(path, shape, tables),
    ...checkPooling(path, shape),
  ],
  resolve: (name, shape) => ({
    ...resolveColumn(name, shape, textConstants(shape)),
    type: 'sequence',
    embedding: shape.embedding ?? name,
    delimiter: shape.delimiter ?? null,
    maxLength: shape.max_length,
    keep: shape.keep,
    pooling: resolvePooling(shape),
  }),
};

function resolvePooling(shape: SequenceShape): SequencePooling | null {
  const { pooling, to, attention_units: units = ATTENTION_UNITS, positions = pooling === 'attention' } = shape;
  return pooling === 'mean' ? null : { kind: pooling, to: to ?? null, units, positions };
}

/** The keys that not every pooling has, and the poolings that have them. */
const POOLING_KEYS = {
  to: ['attention', 'lstm'],
  attention_units: ['attention', 'lstm'],
  positions: ['attention'],
} as const satisfies Partial<Record<keyof SequenceShape, readonly SequenceShape['pooling'][]>>;

function checkPooling(path: Path, shape: SequenceShape): readonly Mistake[] {
  const { pooling, to } = shape;
  const keys = Object.entries(POOLING_KEYS) as [keyof typeof POOLING_KEYS, readonly SequenceShape['pooling'][]][];
  const misplaced = keys
    .filter(([key, poolings]) => shape[key] !== undefined && !poolings.includes(pooling))
    .map(([key, poolings]) => ({
      path: [...path, key],
      message: `got ${key} with pooling ${pooling}, expected pooling ${poolings.join(' or ')}`,
    }));
  if (pooling !== 'attention' || to !== undefined) return misplaced;
  const message = 'missing, expected the feature that the items are compared with, such as the id of the candidate';
  return [...misplaced, { path: [...path, 'to'], message }];
}

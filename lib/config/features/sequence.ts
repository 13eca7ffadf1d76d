/** Sequences: several values in an order in each row, such as the items that a user saw, pooled into one embedding. */
import * as z from 'zod';
import { scalar, text, whole } from '../value-schemas.ts';
import type { FeatureKind } from './feature-kind.ts';
import { type FeatureBase, type ListColumn, oneColumn, ownColumn, resolveColumn, textOf } from './one-column.ts';
import { checkTable, resolveTable, tableMembers } from './table-choice.ts';

/** How the embeddings of a sequence's items become one. */
export const POOLINGS = ['mean'] as const;

/** Items of a finite set in an order, pooled into one embedding. */
export interface SequenceFeature extends FeatureBase, ListColumn {
  readonly type: 'sequence';
  readonly embedding: string;
  readonly pooling: (typeof POOLINGS)[number];
}

/** Schema of a sequence as it is written in the file. */
export const sequence = z.strictObject({
  type: z.literal('sequence').describe('Several values of a finite set, in an order.'),
  ...oneColumn,
  at_scoring: scalar.nullable().optional().describe('Text used if candidates lack the column.'),
  ...tableMembers,
  delimiter: text('the text between two values')
    .optional()
    .describe('Text between two values of a text column. Default: the column is a list.'),
  length: whole(1, 1000).default(20).describe('Number of values of a row that are used.'),
  keep: z
    .enum(['first', 'last'])
    .default('last')
    .describe('The side of the list that is the newest, which is kept of a row with more than length values.'),
  pooling: z.enum(POOLINGS).describe("How the values' embeddings become one."),
});

/** A sequence, as parsed. */
export type SequenceShape = z.output<typeof sequence>;

/** How sequences are declared. */
export const sequenceKind: FeatureKind<SequenceShape, SequenceFeature> = {
  sharesTables: true,
  columns: ownColumn,
  table: resolveTable,
  weightsInput: (name) => `${name}_weights`,
  check: checkTable,
  resolve: (name, shape) => ({
    ...resolveColumn(name, shape, textOf(shape.at_scoring)),
    type: 'sequence',
    embedding: shape.embedding ?? name,
    delimiter: shape.delimiter ?? null,
    maxLength: shape.length,
    keep: shape.keep,
    pooling: shape.pooling,
  }),
};

/** Vectors: so many numbers in each row, such as an embedding that was trained elsewhere, or counts of several windows. */
import * as z from 'zod';
import type { Mistake, Path } from '../declaration-error.ts';
import { bound, clip, whole } from '../value-schemas.ts';
import type { FeatureKind } from './feature-kind.ts';
import {
  checkMissingNumber,
  delimiter,
  type FeatureBase,
  missingNumber,
  type NumberTransform,
  numberTransform,
  type OneColumn,
  oneColumn,
  ownColumn,
  resolveColumn,
} from './one-column.ts';

/** Most numbers of a vector. */
const MOST_LENGTH = 4096;

/** So many numbers, each of which is an input of the model. */
export interface VectorFeature extends FeatureBase, OneColumn, NumberTransform {
  readonly type: 'vector';
  readonly embedding: null;
  /** Number of values in each row. */
  readonly length: number;
  /** Text between two values of a text column; `null` for a list column. */
  readonly delimiter: string | null;
}

/** Schema of a vector as it is written in the file. */
export const vector = z.strictObject({
  type: z.literal('vector').describe('So many numbers in each row.'),
  ...oneColumn,
  length: whole(1, MOST_LENGTH).describe('Number of values in each row.'),
  delimiter,
  at_scoring: bound.optional().describe('Number used as each value if candidates lack the column.'),
  missing: missingNumber.optional().describe('Number that each missing value counts as. Default: missing.'),
  clip: clip.optional().describe('Lowest and highest value, null for no limit.'),
  log1p: z.boolean().default(false).describe('Take sign(x) log(1 + |x|) of each value, after clipping.'),
  standardize: z
    .boolean()
    .default(true)
    .describe('Subtract the training mean of each place and divide by its deviation, after log1p.'),
});

/** A vector, as parsed. */
export type VectorShape = z.output<typeof vector>;

/** How vectors are declared. */
export const vectorKind: FeatureKind<VectorShape, VectorFeature> = {
  sharesTables: false,
  columns: ownColumn,
  table: () => null,
  weightsInput: () => null,
  check: (path: Path, shape): readonly Mistake[] => checkMissingNumber(path, shape),
  resolve: (name, shape) => ({
    ...resolveColumn(name, shape, { atScoring: shape.at_scoring, missing: shape.missing }),
    type: 'vector',
    embedding: null,
    length: shape.length,
    delimiter: shape.delimiter ?? null,
    ...numberTransform(shape, true),
  }),
};

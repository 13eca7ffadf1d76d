/** What a kind of feature must define to be read from files: its columns, checks, encoding and statistics. */
import type { Feature, IdSource } from '../../config/declaration.ts';
import type { Bounds, Relation } from '../columns.ts';
import type { InputSpec } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import type { ColumnLayout } from '../read-columns.ts';
import type { RowCheck } from '../row-check.ts';

/** What a feature uses a column as, which decides the types that the column may have. */
export type FeatureUse = 'category' | 'number' | 'list' | 'delimited' | 'vector';

/** A column that a feature reads. */
export interface FeatureColumn {
  readonly column: string;
  readonly use: FeatureUse;
  /** Whether the column holds weights of the feature's values, not values. */
  readonly isWeights: boolean;
  /** Constant that replaces the column if candidates lack it; `undefined` if they must have it. */
  readonly atScoring: string | number | null | undefined;
}

/** A prepared column: its SQL over the columns of a relation, and its quoted name. */
export interface PreparedColumn {
  readonly sql: string;
  readonly name: string;
  /** Bounds of its values, where they are known: integers, none of them NULL. */
  readonly bounds?: Bounds | undefined;
}

/** Bounds of prepared columns by their names, of those that have any. */
export type KnownBounds = ReadonlyMap<string, Bounds>;

/** A column of the encoded rows. */
export interface EncodedColumn extends ColumnLayout {
  /** SQL over the prepared columns. */
  readonly sql: string;
  /** The field of an `EncodedChunk` that has the column. */
  readonly field: 'ids' | 'weights' | 'numbers';
}

/** The SQL that encodes a feature. */
export interface EncodedFeature {
  /** SQL of the joins to the prepared rows that the columns need. */
  readonly joins: readonly string[];
  readonly columns: readonly EncodedColumn[];
}

/** What a number's input is made of, measured in the training rows. */
export interface NumberStatistics {
  /** Mean and deviation of the population after `clip` and `log1p`; 0 and 0 without a value. */
  readonly mean: number;
  readonly deviation: number;
  /** Boundaries of intervals with equal numbers of rows, strictly increasing; empty if it is not cut into any. */
  readonly boundaries: readonly number[];
}

/** Mean and deviation of each place of a vector in the training rows, as those of a number. */
export interface VectorStatistics {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** What the input of a feature is made of, as far as it is of the kind. */
export interface FeatureStatistics {
  readonly number?: NumberStatistics | undefined;
  readonly vector?: VectorStatistics | undefined;
}

/** A column's value in a row of a probe: a text, or a list of texts for a list column. */
export type ProbeValue = string | null | readonly (string | null)[];

/**
 * How the features of one kind are read from files. Rows are prepared first: canonical texts, float32 numbers and
 * lists, in columns whose names have the position of the feature, `index`. Unless said otherwise, SQL is over prepared
 * columns.
 */
export interface FeatureKind<F extends Feature> {
  /** Whether a row may have several values. They are in a list, which cannot be joined to a vocabulary. */
  readonly isMultiValued: boolean;
  /** Whether values have an order, as numbers do, or can only be equal or not. */
  readonly scale: 'ordered' | 'nominal';
  /** Returns every column that the feature reads. */
  columns(feature: F): readonly FeatureColumn[];
  /**
   * Returns the checks of the feature's values, over the columns of a relation. A row is rejected for the first check
   * that it fails. `ids` is the id source of the table that the values are embedded in, `null` if there is none.
   */
  checks(relation: Relation, feature: F, ids: IdSource | null): readonly RowCheck[];
  /** Returns the prepared columns that encoding needs, over the columns of a relation. */
  prepare(relation: Relation, feature: F, index: number): readonly PreparedColumn[];
  /** Returns further prepared columns, which only the statistics of a log need. */
  prepareCounts(relation: Relation, feature: F, index: number): readonly PreparedColumn[];
  /** Returns the SQL that encodes the feature. */
  encode(encoder: Encoder, feature: F, index: number, bounds: KnownBounds): EncodedFeature;
  /** Returns the SQL that selects the values of a row, each as a row of the result; NULL for a missing value. */
  eachValue(index: number): string;
  /** Returns the feature's input. */
  input(feature: F, statistics: FeatureStatistics): InputSpec;
  /**
   * Returns values for the encoder's probe, one list for each column of the feature. They are made of `texts`, of which
   * the feature's table knows some.
   */
  probe(feature: F, texts: readonly string[], input: InputSpec | undefined): readonly (readonly ProbeValue[])[];
  /**
   * Returns the SQL of a valid value for each column of the feature, for the canary. They are made of `text`, the SQL
   * of a text that the feature's table accepts.
   */
  canary(feature: F, text: string): readonly string[];
}

/** Returns the quoted name of a feature's prepared column. */
export function preparedName(kind: 'text' | 'number' | 'list' | 'weights' | 'length', index: number): string {
  return `"#${kind}${index}"`;
}

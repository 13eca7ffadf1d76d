/** What the table room asks of a kind of feature: the columns that it reads, and what becomes of them. */
import type { Feature, IdSource } from '../../config/declaration.ts';
import type { Relation } from '../columns.ts';
import type { Database } from '../database.ts';
import type { InputSpec } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import type { ColumnLayout } from '../read-columns.ts';
import type { RowCheck } from '../row-check.ts';

/** What a feature's column must be. */
export type FeatureUse = 'category' | 'number' | 'list' | 'delimited';

/** A column that a feature reads. */
export interface FeatureColumn {
  readonly column: string;
  readonly use: FeatureUse;
  /** It holds weights of the feature's values. */
  readonly isWeights: boolean;
  /** Constant that stands for the column where it is absent at scoring; undefined where it must be there. */
  readonly atScoring: string | number | null | undefined;
}

/** A prepared column: its SQL over the columns of a relation, and its name, quoted. */
export interface PreparedColumn {
  readonly sql: string;
  readonly name: string;
}

/** A column of the encoded rows, its SQL over the prepared ones, and where it belongs in an `EncodedChunk`. */
export interface EncodedColumn extends ColumnLayout {
  readonly sql: string;
  readonly place: 'ids' | 'weights' | 'numbers';
}

export interface EncodedFeature {
  /** Joins to the prepared rows that the columns need. */
  readonly joins: readonly string[];
  readonly columns: readonly EncodedColumn[];
}

/** What a feature's input is fitted to. */
export interface Fitting {
  readonly database: Database;
  /** SQL after FROM of the prepared rows of a log; those with `"#part" = 0` are the training rows. */
  readonly from: string;
  /** Position among the features. */
  readonly index: number;
  /** Of the table that the feature embeds its values in; `null` where it embeds none. */
  readonly ids: IdSource | null;
}

/** A column's text in a probe, or its list of texts. */
export type ProbeValue = string | null | readonly (string | null)[];

/**
 * One kind of feature. Rows are prepared first (canonical texts, float32 numbers, lists), in columns that are named by
 * the feature's position, `index`; all other SQL is over prepared columns.
 */
export interface FeatureKind<F extends Feature> {
  /** Whether a row may have several values: they are in lists, which cannot be joined to a vocabulary. */
  readonly isMultiValued: boolean;
  /** Whether values compare by their order, as numbers do, or by being equal alone. */
  readonly scale: 'ordered' | 'nominal';
  /** Every column that the feature reads. */
  columns(feature: F): readonly FeatureColumn[];
  /**
   * Checks of the feature's values over the columns of a relation; the first that a row fails is why it is rejected.
   * `ids` is of the table that the values are embedded in, `null` where there is none.
   */
  checks(relation: Relation, feature: F, ids: IdSource | null): readonly RowCheck[];
  /** The prepared columns that encoding needs. */
  prepare(relation: Relation, feature: F, index: number): readonly PreparedColumn[];
  /** Further prepared columns, which only the statistics of a log need. */
  prepareCounts(relation: Relation, feature: F, index: number): readonly PreparedColumn[];
  /** The columns of the encoded rows. */
  encode(encoder: Encoder, feature: F, index: number): EncodedFeature;
  /** SQL of "the row has no value". */
  isMissing(index: number): string;
  /** SQL of the number of values that are dropped, over all rows; `null` where none can be. */
  dropped(feature: F, index: number): string | null;
  /** SQL of the values, a row for each; NULL where there is none. */
  values(index: number): string;
  /** SQL of all of a row's values as one. */
  value(index: number): string;
  /** The feature's input, with what it takes from the training rows: quantiles, a mean and a deviation. */
  fit(feature: F, fitting: Fitting): Promise<InputSpec>;
  /** Values of each column, in their order, for the encoder's probe, made of texts that the feature's table knows or not. */
  probe(feature: F, texts: readonly string[], input: InputSpec | undefined): readonly (readonly ProbeValue[])[];
  /** SQL of a good value of each column, in their order, made of the SQL of a text that the feature's table takes. */
  canary(feature: F, text: string): readonly string[];
}

/** Name of a feature's prepared column. */
export function preparedName(kind: 'text' | 'number' | 'bag' | 'weights' | 'length', index: number): string {
  return `"#${kind}${index}"`;
}

/** A fitted encoder, which says how each feature's values become row ids and numbers. */
import type { EmbeddingTable, Feature } from '../config/declaration.ts';
import type { ColumnKind } from './columns.ts';
import type { InputSpec, TableSpec } from './encoded.ts';

/**
 * The values of an embedding table that have a row of their own. They are in the database that the encoder belongs to.
 */
export interface Vocabulary {
  /** Name of the SQL table with the columns `value` and `id`. */
  readonly table: string;
  /**
   * Name of the SQL enum of the values in the order of their ids, by which the ids of values in lists are found: lists
   * cannot be joined. `null` if no bag or sequence uses the table.
   */
  readonly enumType: string | null;
  /** Number of values. */
  readonly size: number;
}

/** A fitted encoder. It has a copy of its features, since the declaration may change after the fit. */
export interface Encoder {
  readonly features: readonly Feature[];
  readonly embeddings: readonly EmbeddingTable[];
  /** One for each feature, in their order. */
  readonly inputs: readonly InputSpec[];
  /** One for each embedding table, in their order. */
  readonly tables: readonly TableSpec[];
  /** Kinds of the values that the features' columns had in the log, by column. */
  readonly columnKinds: Readonly<Record<string, ColumnKind>>;
  /** Vocabularies by name of the embedding table, for tables that have one. */
  readonly vocabularies: Readonly<Record<string, Vocabulary>>;
}

/** Version of the encoding's rules. It changes when the same value is encoded differently. */
export const ENCODER_FORMAT = 2;

/**
 * Returns the embedding table of a name.
 * @throws {RangeError} if the encoder has no such table.
 */
export function embeddingTable({ embeddings }: Pick<Encoder, 'embeddings'>, name: string): EmbeddingTable {
  const table = embeddings.find((candidate) => candidate.name === name);
  if (table === undefined) throw new RangeError(`embedding ${name} is not declared`);
  return table;
}

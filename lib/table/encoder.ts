/** A fitted encoder: how each feature's values become ids and numbers. */
import type { EmbeddingTable, Feature } from '../config/declaration.ts';
import type { InputSpec, TableSpec } from './encoded.ts';

/** The values of a table, in the database that the encoder was fitted or read in. */
export interface Vocabulary {
  /** SQL table with columns `value` and `id`. */
  readonly table: string;
  /** SQL enum of the values in order of their ids, where a bag shares the table; lists cannot be joined. */
  readonly enumType: string | null;
  readonly size: number;
}

/** Depends on nothing but itself: the declaration it was fitted by may have changed since. */
export interface Encoder {
  readonly features: readonly Feature[];
  readonly embeddings: readonly EmbeddingTable[];
  /** One for each feature, in their order. */
  readonly inputs: readonly InputSpec[];
  /** One for each embedding table, in their order. */
  readonly tables: readonly TableSpec[];
  /** By name of the embedding table, those with a vocabulary. */
  readonly vocabularies: Readonly<Record<string, Vocabulary>>;
}

/** Number of the encoding's rules: another number encodes the same value to something else. */
export const ENCODER_FORMAT = 1;

/** The table that a feature embeds its values in. */
export function embeddingTable({ embeddings }: Pick<Encoder, 'embeddings'>, name: string): EmbeddingTable {
  const table = embeddings.find((candidate) => candidate.name === name);
  if (table === undefined) throw new RangeError(`embedding ${name} is not declared`);
  return table;
}

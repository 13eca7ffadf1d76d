/** The row ids of canonical texts in an embedding table, as `lib/table/kinds/id-sources.ts` has them as SQL. */
import { createHash } from 'node:crypto';
import type { EmbeddingTable, IdSource } from '../../config/declaration.ts';
import { type Database, identifier, query } from '../database.ts';
import type { Encoder } from '../encoder.ts';
import { RecentValues } from './recent-values.ts';

/** Returns the row id of a canonical text. */
export type RowIds = (text: string) => number;

/** Hashes of texts that are kept: one takes as long as twenty look-ups. */
const KEPT = 100_000;

/** Reads how the texts of each embedding table become row ids. Vocabularies are copied from the database. */
export async function rowIdsOf(database: Database, encoder: Encoder): Promise<ReadonlyMap<string, RowIds>> {
  const ids = new Map<string, RowIds>();
  for (const table of encoder.embeddings) ids.set(table.name, await rowIds(database, encoder, table));
  return ids;
}

async function rowIds(database: Database, encoder: Encoder, { name, ids }: EmbeddingTable): Promise<RowIds> {
  switch (ids.kind) {
    case 'hash': {
      const bucket = bucketOf(ids.seed, ids.buckets);
      return (text) => 1 + bucket(text);
    }
    case 'ids':
      return (text) => inTable(Number(text), ids.size);
    case 'vocabulary':
      return fromVocabulary(await vocabularyOf(database, encoder, name), ids);
    case 'quantiles':
      return () => {
        throw new RangeError('ids of quantiles are computed from the number, not from a text');
      };
  }
}

function inTable(id: number, size: number): number {
  return id >= 0 && id < size ? id + 2 : 1;
}

function fromVocabulary(
  known: ReadonlyMap<string, number>,
  { unknown }: Extract<IdSource, { readonly kind: 'vocabulary' }>,
): RowIds {
  const bucket = bucketOf(0, unknown);
  return (text) => known.get(text) ?? 1 + bucket(text);
}

async function vocabularyOf(database: Database, encoder: Encoder, name: string): Promise<ReadonlyMap<string, number>> {
  const vocabulary = encoder.vocabularies[name];
  if (vocabulary === undefined) return new Map();
  const rows = await query(database, `SELECT CAST(value AS VARCHAR) AS value, id FROM ${identifier(vocabulary.table)}`);
  return new Map(rows.map(({ value, id }) => [String(value), Number(id)]));
}

/** Returns the bucket of a text by the published hash (`lib/table/hash.ts`). */
function bucketOf(seed: number, buckets: number): (text: string) => number {
  if (buckets === 1) return () => 0;
  const kept = new RecentValues<string, number>(KEPT);
  const modulus = BigInt(buckets);
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const digest = createHash('md5').update(`${seed}:${text}`).digest();
    const bucket = Number(digest.readBigUInt64LE(8) % modulus);
    kept.set(text, bucket);
    return bucket;
  };
}

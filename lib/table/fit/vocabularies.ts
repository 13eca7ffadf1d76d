/** Creates vocabularies: the values of an embedding table that have a row of their own. */
import type { EmbeddingTable, Feature } from '../../config/declaration.ts';
import { type Database, execute, queryOne } from '../database.ts';
import type { Vocabulary } from '../encoder.ts';
import { firstId } from '../kinds/id-sources.ts';
import { featureKind } from '../kinds/index.ts';
import type { Tally } from './measure/tallies.ts';

/**
 * Creates the vocabulary of an embedding table from the tallies of its features: the frequent values, the most frequent
 * first; `null` if the table has none.
 */
export async function createVocabulary(
  database: Database,
  tallies: readonly Tally[],
  { name, ids }: EmbeddingTable,
  features: readonly Feature[],
): Promise<Vocabulary | null> {
  if (ids.kind !== 'vocabulary') return null;
  const counts = tallies.map(({ table }) => `SELECT CAST(value AS VARCHAR) AS value, count FROM ${table}`);
  const frequent =
    `SELECT value, CAST(sum(count) AS BIGINT) AS count FROM (${counts.join(' UNION ALL ')}) WHERE value IS NOT NULL GROUP BY value ` +
    `HAVING sum(count) >= ${ids.minCount} ORDER BY count DESC, value${ids.maxSize === null ? '' : ` LIMIT ${ids.maxSize}`}`;
  const table = database.uniqueName('vocabulary');
  const numbered = `SELECT value, ${firstId(ids) - 1} + row_number() OVER (ORDER BY count DESC, value) AS id, count FROM (${frequent})`;
  await execute(
    database,
    `CREATE TABLE ${table} AS SELECT value, CAST(id AS BIGINT) AS id, count FROM (${numbered}) ORDER BY id`,
  );
  const { size } = await queryOne(database, `SELECT count(*) AS size FROM ${table}`);
  const enumType = isUsedByLists(features, name) ? await createEnum(database, table) : null;
  return { table, enumType, size: Number(size) };
}

/** Creates a SQL enum of a vocabulary's values and returns its name. It finds the ids of values in lists. */
export async function createEnum(database: Database, table: string): Promise<string> {
  const enumType = database.uniqueName('vocabulary_values');
  await execute(database, `CREATE TYPE ${enumType} AS ENUM (SELECT value FROM ${table} ORDER BY id)`);
  return enumType;
}

/** Whether a feature with several values in a row embeds them in a table. */
export function isUsedByLists(features: readonly Feature[], table: string): boolean {
  return features.some((feature) => feature.embedding === table && featureKind(feature).isMultiValued);
}

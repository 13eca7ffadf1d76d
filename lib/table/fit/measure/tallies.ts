/** Counts how often each value of a category, bag or cross occurs in the training rows: what it is known by. */
import type { Feature } from '../../../config/declaration.ts';
import { goodLogRows, type PreparedLog } from '../../check/prepared-rows.ts';
import { type Database, execute, query, queryOne } from '../../database.ts';
import type { Vocabulary } from '../../encoder.ts';
import { hashSql } from '../../hash.ts';
import { featureKind } from '../../kinds/index.ts';

/** How many values are kept of a feature's distribution, the most frequent ones. */
const MOST_VALUES = 200;

/** The counts of a feature's values. */
export interface Tally {
  /** SQL table with the columns `value`, a text or an integer, and `count`. NULL is the missing value. */
  readonly table: string;
  /** Rows without a value; 0 for a bag, which has no value for that. */
  readonly missing: number;
  /** Number of values, of which a row of a bag may have several. */
  readonly total: number;
  /** The value that all rows with a value have; `null` if they have several, or none. */
  readonly only: string | null;
}

/** A frequent value: its hash, its count, and the value itself if it is in a vocabulary. */
export type TopValue = readonly [hash: string, count: number, name: string | null];

/** Counts the values of a feature; the caller drops the table. */
export async function createTally(database: Database, log: PreparedLog, feature: Feature): Promise<Tally> {
  const table = database.uniqueName('tally');
  const values = `SELECT ${featureKind(feature).eachValue(0)} AS value FROM ${goodLogRows(log, [feature])} WHERE "#part" = 0`;
  await execute(database, `CREATE TABLE ${table} AS SELECT value, count(*) AS count FROM (${values}) GROUP BY value`);
  const { missing, total, least, most } = await queryOne(
    database,
    `SELECT COALESCE(sum(CASE WHEN value IS NULL THEN count END), 0) AS missing, COALESCE(sum(count), 0) AS total,
       CAST(min(value) AS VARCHAR) AS least, CAST(max(value) AS VARCHAR) AS most FROM ${table}`,
  );
  const only = least != null && least === most ? String(least) : null;
  return { table, missing: Number(missing), total: Number(total) - Number(missing), only };
}

/** Removes tallies that are not needed any more. */
export async function dropTallies(database: Database, tallies: readonly Tally[]): Promise<void> {
  for (const { table } of tallies) await execute(database, `DROP TABLE ${table}`);
}

/** Returns the most frequent values of a tally, named as far as a vocabulary has them. */
export async function topValues(
  database: Database,
  { table }: Tally,
  vocabulary: Pick<Vocabulary, 'table'> | null,
): Promise<TopValue[]> {
  const name =
    vocabulary === null ? 'NULL' : `CASE WHEN value IN (SELECT value FROM ${vocabulary.table}) THEN value END`;
  const top = await query(
    database,
    `SELECT '#' || to_hex(${hashSql(0, 'value')}) AS hash, count, ${name} AS name FROM (
       SELECT CAST(value AS VARCHAR) AS value, count FROM ${table} WHERE value IS NOT NULL
       ORDER BY count DESC, value LIMIT ${MOST_VALUES}) ORDER BY count DESC, value`,
  );
  return top.map(({ hash, count, name: text }) => [String(hash), Number(count), text == null ? null : String(text)]);
}

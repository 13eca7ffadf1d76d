import { type Database, identifier, queryOne } from '../../database.ts';
import { parquetScan } from './file.ts';

/**
 * Counts the rows of a scores file that repeat the keys of another of its rows. Rows in the order of their keys repeat
 * none, which is seen without a hash table. Two of 500,000 different keys have the same hash once in 10^8 files.
 */
export async function countRepeatedKeys(
  database: Database,
  keys: readonly string[],
  scoresPath: string,
): Promise<number> {
  const scores = parquetScan([scoresPath]);
  const { unordered } = await queryOne(database, countUnorderedSql(keys, scores));
  if (Number(unordered) === 0) return 0;
  const hash = `hash(${keys.map(identifier).join(', ')})`;
  const repeated = `SELECT count(*) - count(DISTINCT ${hash}) AS rows FROM ${scores}`;
  return Number((await queryOne(database, repeated)).rows);
}

/** Returns the SQL that counts the rows whose keys are not greater than those of the row before. */
function countUnorderedSql(keys: readonly string[], scores: string): string {
  const columns = keys.map((key, index) => ({ now: `k${index}`, before: `b${index}`, sql: identifier(key) }));
  const read = columns.map(({ now, sql }) => `${sql} AS ${now}`);
  const paired = columns.map(({ now, before }) => `${now}, lag(${now}) OVER () AS ${before}`);
  // Lexicographic: the first key that differs is the one that counts.
  const isGreater = columns.reduceRight(
    (rest, { now, before }) => `(${now} > ${before} OR (${now} = ${before} AND ${rest}))`,
    'false',
  );
  return `SELECT count(*) FILTER (NOT ${isGreater}) AS unordered FROM (SELECT ${paired.join(', ')} FROM (SELECT ${read.join(', ')} FROM ${scores}))`;
}

/** How the columns of a sample depend on each other. */
import { labelSql } from '../check/labels.ts';
import { type Database, query, queryOne } from '../database.ts';
import { sampledValue } from './column-facts.ts';
import { itemsSql } from './list-facts.ts';
import type { LogSample, SampledColumn } from './log-sample.ts';

/** Which of several 0/1 columns are 1 together. */
export interface LabelPatterns {
  /** The columns' values in the order of the columns, `1`, `0` or `-` if there is none, and the rows that have them. */
  readonly patterns: readonly { readonly values: string; readonly rows: number }[];
}

/** Columns of one statement. */
const COLUMNS_OF_STATEMENT = 40;

/** Counts the rows of each combination of several 0/1 columns. */
export async function labelPatterns(
  database: Database,
  { table }: LogSample,
  columns: readonly SampledColumn[],
): Promise<LabelPatterns> {
  if (columns.length === 0) return { patterns: [] };
  const one = columns.map(({ sql }) => `COALESCE(CAST(${labelSql(sampledValue(sql))} AS VARCHAR), '-')`);
  const rows = await query(
    database,
    `SELECT ${one.join(' || ')} AS pattern, count(*) AS rows FROM ${table} GROUP BY pattern ORDER BY rows DESC, pattern`,
  );
  return { patterns: rows.map(({ pattern, rows: count }) => ({ values: String(pattern), rows: Number(count) })) };
}

/** Returns the number of distinct combinations of the values of several columns, of each list of columns. */
export async function distinctCombinations(
  database: Database,
  { table }: LogSample,
  lists: readonly (readonly SampledColumn[])[],
): Promise<number[]> {
  const counts: number[] = [];
  for (const columns of lists) {
    const hashed = `hash(${columns.map(({ sql }) => sql).join(', ')})`;
    const { count } = await queryOne(database, `SELECT count(DISTINCT ${hashed}) AS count FROM ${table}`);
    counts.push(Number(count));
  }
  return counts;
}

/** How much the values of the other columns depend on an id. */
export interface Dependence {
  /** Ids of two rows or more. */
  readonly repeated: number;
  /** The share of these whose rows have one value of a column, by column. */
  readonly shares: ReadonlyMap<string, number>;
}

/** Measures of which columns the rows of an id have one value. */
export async function dependenceOn(
  database: Database,
  { table }: LogSample,
  id: SampledColumn,
  columns: readonly SampledColumn[],
): Promise<Dependence> {
  const shares = new Map<string, number>();
  let repeated = 0;
  for (let from = 0; from < columns.length; from += COLUMNS_OF_STATEMENT) {
    const some = columns.slice(from, from + COLUMNS_OF_STATEMENT);
    // NULL is a value as well: a column that is filled in some rows of an id depends on the row.
    const alike = some.map(({ sql }, i) => `(min(hash(${sql})) = max(hash(${sql}))) AS a${i}`);
    const row = await queryOne(
      database,
      `SELECT count(*) AS ids, ${some.map((_, i) => `count_if(a${i}) AS a${i}`).join(', ')}
       FROM (SELECT ${alike.join(', ')} FROM ${table} WHERE ${id.sql} IS NOT NULL GROUP BY ${id.sql} HAVING count(*) > 1)`,
    );
    repeated = Number(row.ids);
    for (const [i, { name }] of some.entries()) shares.set(name, repeated === 0 ? 0 : Number(row[`a${i}`]) / repeated);
  }
  return { repeated, shares };
}

/** Returns the share of the rows in which two columns have as many items; rows without a value have none. */
export async function sameLengths(
  database: Database,
  { table }: LogSample,
  a: SampledColumn,
  b: SampledColumn,
  delimiter: string | null,
): Promise<number> {
  const [one, other] = [a, b].map(({ sql, kind }) => `COALESCE(len(${itemsSql(sql, kind, delimiter)}), 0)`);
  const { share } = await queryOne(
    database,
    `SELECT avg(CASE WHEN ${one} = ${other} THEN 1 ELSE 0 END) AS share FROM ${table}`,
  );
  return Number(share ?? 0);
}

/** Returns the share of a list's items that are values of an id column, looked at in the first rows. */
export async function sharedValues(
  database: Database,
  { table }: LogSample,
  { sql, kind }: SampledColumn,
  delimiter: string | null,
  id: SampledColumn,
): Promise<number> {
  const list = itemsSql(sql, kind, delimiter);
  const items = `SELECT DISTINCT trim(x) AS item FROM (SELECT unnest(${list}) AS x FROM (SELECT * FROM ${table} WHERE ${sql} IS NOT NULL LIMIT 20000)) WHERE trim(x) <> ''`;
  const { share } = await queryOne(
    database,
    `SELECT avg(CASE WHEN item IN (SELECT ${id.sql} FROM ${table}) THEN 1 ELSE 0 END) AS share FROM (${items})`,
  );
  return Number(share ?? 0);
}

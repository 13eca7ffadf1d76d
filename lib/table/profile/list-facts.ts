/** Columns with several values in a row: lists, lists written in brackets, and texts with a delimiter. */
import { type Database, literal, queryOne } from '../database.ts';
import type { LogSample, SampledColumn } from './log-sample.ts';

/** What the values of a column are if each is a list, or is split at a delimiter. */
export interface ListFacts {
  /** `null` for lists, and those that are written in brackets. */
  readonly delimiter: string | null;
  /** Values with the delimiter, or with an item. */
  readonly rows: number;
  /** Items of all values, the distinct ones among them, and those of the shortest and of the longest value with any. */
  readonly items: number;
  readonly distinct: number;
  readonly shortest: number;
  readonly longest: number;
  /** Items that are finite numbers, those of them with a fraction, and those below 0. */
  readonly numbers: number;
  readonly fractions: number;
  readonly negatives: number;
}

const DELIMITERS = ['|', ';', ',', ' ', '\t', '\u0001', '~', '^', '/'];
/** Share of the values that must have a delimiter for it to be looked at. */
const OFTEN = 0.05;
/** Rows whose texts are split. */
const SPLIT_ROWS = 50_000;

/** Measures how the values of a column may be split; of a list column, its items. */
export async function listFacts(
  database: Database,
  { table }: LogSample,
  column: SampledColumn & { readonly longest: number },
): Promise<ListFacts[]> {
  const from = `(SELECT ${column.sql} AS v FROM ${table} WHERE ${column.sql} IS NOT NULL LIMIT ${SPLIT_ROWS})`;
  if (column.kind === 'list') return [await itemFacts(database, null, `SELECT v AS list FROM ${from}`)];
  if (column.kind !== 'text' || column.longest < 3) return [];
  const counted = DELIMITERS.map((mark, i) => `count_if(contains(v, ${literal(mark)})) AS d${i}`);
  const row = await queryOne(
    database,
    `SELECT count(*) AS rows, count_if(regexp_full_match(v, '\\[.*\\]|\\{.*\\}|\\(.*\\)')) AS written, ${counted.join(', ')} FROM ${from}`,
  );
  const rows = Number(row.rows);
  const itemsAt = (delimiter: string | null) =>
    itemFacts(database, delimiter, `SELECT ${itemsSql('v', column.kind, delimiter)} AS list FROM ${from}`);
  if (Number(row.written) === rows && rows > 0) return [{ ...(await itemsAt(null)), rows }];
  const found: ListFacts[] = [];
  for (const [i, mark] of DELIMITERS.entries())
    if (Number(row[`d${i}`]) > OFTEN * rows) found.push({ ...(await itemsAt(mark)), rows: Number(row[`d${i}`]) });
  return found;
}

/** Returns the SQL of the items of a value, without the blanks around them and empty ones; of a list, as they are. */
export function itemsSql(sql: string, kind: SampledColumn['kind'], delimiter: string | null): string {
  if (kind === 'list') return sql;
  const text = delimiter === null ? `trim(${sql}, '[]{}()')` : sql;
  return `list_filter(list_transform(string_split(${text}, ${literal(delimiter ?? ',')}), lambda x: trim(x)), lambda x: x <> '')`;
}

async function itemFacts(database: Database, delimiter: string | null, lists: string): Promise<ListFacts> {
  const { rows, items, shortest, longest } = await queryOne(
    database,
    `SELECT count_if(len(list) > 0) AS rows, sum(len(list)) AS items, min(len(list)) FILTER (len(list) > 0) AS shortest, max(len(list)) AS longest FROM (${lists})`,
  );
  const { different, numbers, fractions, negatives } = await queryOne(
    database,
    `SELECT count(DISTINCT item) AS different, count(number) AS numbers, count_if(number <> trunc(number)) AS fractions, count_if(number < 0) AS negatives
     FROM (SELECT item, CASE WHEN isfinite(TRY_CAST(item AS DOUBLE)) THEN TRY_CAST(item AS DOUBLE) END AS number FROM (SELECT unnest(list) AS item FROM (${lists})))`,
  );
  return {
    delimiter,
    rows: Number(rows),
    items: Number(items),
    distinct: Number(different),
    shortest: Number(shortest),
    longest: Number(longest),
    numbers: Number(numbers),
    fractions: Number(fractions),
    negatives: Number(negatives),
  };
}

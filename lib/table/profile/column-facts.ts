/** What the values of a column are: how many, how different, whether numbers, times, labels, lists or texts. */

import { labelSql } from '../check/labels.ts';
import type { TextRules, Value } from '../columns.ts';
import { type Database, literal, queryOne } from '../database.ts';
import { timeSql } from '../values/times.ts';
import { type ListFacts, listFacts } from './list-facts.ts';
import type { LogSample, SampledColumn } from './log-sample.ts';

/** The numbers among the values of a column. */
export interface NumberFacts {
  /** Values that are numbers, and those that are whole ones. */
  readonly count: number;
  readonly whole: number;
  readonly least: number;
  readonly median: number;
  /** The value that 99% of the numbers do not exceed. */
  readonly high: number;
  readonly most: number;
}

/** The instants among the values of a column, in epoch milliseconds. */
export interface TimeFacts {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** What is known of a column from a sample of the rows. */
export interface ColumnFacts extends SampledColumn {
  readonly present: number;
  readonly distinct: number;
  readonly numbers: NumberFacts | null;
  readonly times: TimeFacts | null;
  /** Values that are a label's 1, and its 0. */
  readonly ones: number;
  readonly zeros: number;
  /** Characters of the longest text, and of the average one. */
  readonly longest: number;
  readonly length: number;
  /** The most frequent values. */
  readonly examples: readonly string[];
  /** How texts may be split, or the items of a list column. */
  readonly delimiters: readonly ListFacts[];
}

/** Columns of one statement: DuckDB plans hundreds of aggregates slowly. */
const COLUMNS_OF_STATEMENT = 25;
const EXAMPLES = 3;

/** A text of a sample: it is canonical, so no text stands for a missing value. */
const CANONICAL: TextRules = { nullValues: [], decimal: '.' };

/** Returns a sampled value as SQL. */
export function sampledValue(sql: string): Value {
  return { sql, type: 'VARCHAR', kind: 'text', texts: CANONICAL };
}

/** Measures the columns of a sample. */
export async function columnFacts(database: Database, sample: LogSample): Promise<ColumnFacts[]> {
  const facts: ColumnFacts[] = [];
  for (let from = 0; from < sample.columns.length; from += COLUMNS_OF_STATEMENT)
    facts.push(...(await someFacts(database, sample, sample.columns.slice(from, from + COLUMNS_OF_STATEMENT))));
  const known: ColumnFacts[] = [];
  for (const column of facts)
    known.push({
      ...column,
      times: await timeFacts(database, sample, column),
      delimiters: await listFacts(database, sample, column),
    });
  return known;
}

async function someFacts(
  database: Database,
  { table }: LogSample,
  columns: readonly SampledColumn[],
): Promise<ColumnFacts[]> {
  const measured = columns.map(({ sql, kind }, i) => {
    const isList = kind === 'list';
    const text = isList ? `CAST(${sql} AS VARCHAR)` : sql;
    const number = `TRY_CAST(${text} AS DOUBLE)`;
    const label = labelSql(sampledValue(text));
    return [
      `count(${sql}) AS present${i}`,
      `count(DISTINCT ${sql}) AS distinct${i}`,
      `count(${number}) AS numbers${i}`,
      `count_if(${number} = trunc(${number})) AS whole${i}`,
      `min(${number}) AS least${i}`,
      `max(${number}) AS most${i}`,
      `quantile_disc(${number}, [0.5, 0.99]) AS quantiles${i}`,
      `count_if(${label} = 1) AS ones${i}`,
      `count_if(${label} = 0) AS zeros${i}`,
      `max(length(${text})) AS longest${i}`,
      `avg(length(${text})) AS length${i}`,
      `approx_top_k(${text}, ${EXAMPLES}) AS examples${i}`,
    ].join(', ');
  });
  const row = await queryOne(database, `SELECT ${measured.join(', ')} FROM ${table}`);
  return columns.map((column, i) => {
    const count = (name: string) => Number(row[`${name}${i}`] ?? 0);
    const [median, high] = listOf(row[`quantiles${i}`]).map(Number);
    const numbers = {
      count: count('numbers'),
      whole: count('whole'),
      least: count('least'),
      median: median ?? 0,
      high: high ?? 0,
      most: count('most'),
    };
    return {
      ...column,
      present: count('present'),
      distinct: count('distinct'),
      numbers: numbers.count === 0 || column.kind === 'list' ? null : numbers,
      times: null,
      ones: count('ones'),
      zeros: count('zeros'),
      longest: count('longest'),
      length: count('length'),
      examples: listOf(row[`examples${i}`]).map(String),
      delimiters: [],
    };
  });
}

/** Instants are looked for where the most frequent values are some. */
async function timeFacts(database: Database, { table }: LogSample, column: ColumnFacts): Promise<TimeFacts | null> {
  if (column.kind === 'list' || column.kind === 'boolean' || column.examples.length === 0) return null;
  const examples = column.examples.map(literal).join(', ');
  const isTime = await queryOne(
    database,
    `SELECT bool_and(${timeSql(sampledValue('x'))} IS NOT NULL) AS every FROM (SELECT unnest([${examples}]) AS x)`,
  );
  if (isTime.every !== true) return null;
  const time = timeSql(sampledValue(column.sql));
  const { count, first, last } = await queryOne(
    database,
    `SELECT count(time) AS count, min(time) AS first, max(time) AS last FROM (SELECT ${time} AS time FROM ${table})`,
  );
  return { count: Number(count), first: Number(first), last: Number(last) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

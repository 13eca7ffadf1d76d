/** A sample of a log's rows as canonical texts, which every question about its columns is asked of. */
import { sameColumn } from '../../config/names.ts';
import { type Column, type ColumnKind, columnKind, columnValue, itemType, NULL_TYPE, type Value } from '../columns.ts';
import { type Database, execute, queryOne } from '../database.ts';
import { inSampleSql, sampleStep } from '../fit/sample.ts';
import { pathColumns } from '../path-columns.ts';
import type { Source } from '../source/source.ts';
import { canonicalText } from '../values/canonical.ts';
import { bagTexts } from '../values/lists.ts';

/** Values that a sample holds at most, and limits of its rows. */
const MOST_VALUES = 20_000_000;
const [FEWEST_ROWS, MOST_ROWS] = [20_000, 1_000_000];

/** A column of a sample. Its values are the texts `v<index>`, or the lists of texts `v<index>`. */
export interface SampledColumn {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
  /** What its values are: of a column without any value, `text`. */
  readonly kind: ColumnKind;
  /** Whether it comes from the folders of the path, as `dt=2026-05-01/`. */
  readonly isInPath: boolean;
  /** Its values, which are texts or lists of texts, as SQL. */
  readonly sql: string;
}

/** Rows of a log in a table of the database, as texts. */
export interface LogSample {
  readonly table: string;
  /** Rows of the log, and of the sample. */
  readonly logRows: number;
  readonly rows: number;
  /** Columns that single values or lists can be read from. */
  readonly columns: readonly SampledColumn[];
  /** Columns that a declaration cannot name or read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
}

/** Makes the sample: every row of a log of up to some twenty million values, else rows by the hash of their position. */
export async function sampleLog(database: Database, source: Source): Promise<LogSample> {
  const { relation, rows: logRows } = source;
  const judged = relation.columns.map((column, index) => ({
    column,
    why: whyUnreadable(column, relation.columns, index),
  }));
  const readable = judged.filter(({ why }) => why === null).map(({ column }) => column);
  const step = sampleStep(logRows, sampleRows(readable.length));
  const inPath = new Set(source.files.flatMap(({ path }) => pathColumns(path, []).map(({ name }) => name)));
  const columns = readable.map(({ name, type }, index): SampledColumn => {
    const kind = type === NULL_TYPE ? 'text' : columnKind(type);
    return { name, type, kind, isInPath: inPath.has(name), sql: `v${index}` };
  });
  const table = database.uniqueName('sample');
  const selected = readable.map((column, index) => `${textSql(columnValue(column, relation.texts))} AS v${index}`);
  await execute(
    database,
    `CREATE TABLE ${table} AS SELECT ${selected.join(', ')} FROM ${relation.from} WHERE "#malformed" IS NULL AND ${inSampleSql(step)}`,
  );
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${table}`);
  const unreadable = judged.flatMap(({ column: { name }, why }) => (why === null ? [] : { name, why }));
  return { table, logRows, rows: Number(rows), columns, unreadable };
}

function sampleRows(columns: number): number {
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.floor(MOST_VALUES / Math.max(1, columns))));
}

function whyUnreadable({ name, type }: Column, columns: readonly Column[], index: number): string | null {
  if (name === '') return 'a column without a name';
  const first = columns.slice(0, index).find((other) => sameColumn(other.name, name));
  if (first !== undefined)
    return first.name === name ? 'the name of a column before it' : `differs from ${first.name} in case alone`;
  const isOne = (of: string) => !['list', 'other'].includes(columnKind(of));
  if (type === NULL_TYPE || isOne(type) || (columnKind(type) === 'list' && isOne(itemType(type)))) return null;
  return `of type ${type}, expected single values or lists of them`;
}

function textSql(value: Value): string {
  return value.kind === 'list' ? bagTexts(value, null) : canonicalText(value);
}

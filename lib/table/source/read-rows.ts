import { type Database, query } from '../database.ts';
import { openSource } from './source.ts';

/** Rows of a file as text. */
export interface TextRows {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** Values of each row in the order of the columns; `null` for a missing value. */
  readonly rows: readonly (readonly (string | null)[])[];
}

/** Returns the first `count` rows of a file, folder or glob of Parquet or CSV as text. */
export async function readRows(database: Database, path: string, count: number): Promise<TextRows> {
  const { relation, columns } = await openSource(database, path);
  const texts = columns.map(({ sql }, i) => `CAST(${sql} AS VARCHAR) AS c${i}`);
  const rows = await query(database, `SELECT ${texts.join(', ')} FROM ${relation.from} ORDER BY "#row" LIMIT ${count}`);
  return {
    columns: columns.map(({ name }) => name),
    rows: rows.map((row) => columns.map((_, i) => (row[`c${i}`] == null ? null : String(row[`c${i}`])))),
  };
}

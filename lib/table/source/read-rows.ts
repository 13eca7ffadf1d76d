import { type Database, identifier, query } from '../database.ts';
import { openSource } from './source.ts';

/** Rows as text, column by column, in the file's order. */
export interface TextRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The first rows of a file, folder or glob of Parquet or CSV. */
export async function readRows(database: Database, path: string, count: number): Promise<TextRows> {
  const { relation, columns } = await openSource(database, path);
  const names = columns.map(({ name }) => name);
  const texts = names.map((name, i) => `CAST(${identifier(name)} AS VARCHAR) AS c${i}`);
  const rows = await query(database, `SELECT ${texts.join(', ')} FROM ${relation.from} ORDER BY "#row" LIMIT ${count}`);
  return {
    columns: names,
    rows: rows.map((row) => names.map((_, i) => (row[`c${i}`] == null ? null : String(row[`c${i}`])))),
  };
}

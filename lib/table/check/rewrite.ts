/** Writes files from a log: all rows with their numbers, or the rows of a part as candidates. */
import { type Database, execute, identifier } from '../database.ts';
import type { Part } from '../encoded.ts';
import { readPath, writePath } from '../paths.ts';
import type { Source } from '../source/source.ts';
import type { CheckedLog } from './log.ts';
import { goodLogRows } from './prepared-rows.ts';
import { candidateColumns, requiredValue } from './required-columns.ts';
import { inPartsSql } from './split.ts';

/**
 * Writes a source to a Parquet file whose first column, `row`, is the position of each row, from 0. DuckDB chooses the
 * types of the columns of CSV.
 */
export async function writeWithRowNumbers(
  database: Database,
  { relation, columns }: Source,
  path: string,
): Promise<void> {
  const names = columns.map(({ name, sql }) => `${sql} AS ${identifier(name)}`).join(', ');
  const numbered = `SELECT "#row" AS row, ${names} FROM ${relation.from} ORDER BY "#row"`;
  if (!relation.isText) return execute(database, `COPY (${numbered}) TO ${writePath(path)} (FORMAT parquet)`);
  const text = `${path}.csv`;
  await execute(database, `COPY (${numbered}) TO ${writePath(text)} (FORMAT csv, HEADER)`);
  const typed = `SELECT * FROM read_csv(${readPath(text)}, header = true, sample_size = -1)`;
  await execute(database, `COPY (${typed}) TO ${writePath(path)} (FORMAT parquet)`);
}

/** Which rows are written as candidates, and to which file. */
export interface CandidatesOptions {
  /** Path of the file: CSV if it ends in `.csv`, otherwise Parquet. */
  readonly path: string;
  readonly part: Part;
  /** Only rows whose position modulo `every` is `from` are taken. @default 1: all rows */
  readonly every?: number;
  /** Remainder of the positions that are taken, from 0. @default 0 */
  readonly from?: number;
}

/** Writes the good rows of a part as candidates, in order, with keys and features but without labels and outcomes. */
export async function writeCandidates(
  database: Database,
  log: CheckedLog,
  { path, part, every = 1, from = 0 }: CandidatesOptions,
): Promise<void> {
  const { declaration, source } = log;
  const columns = candidateColumns(declaration, declaration.features)
    .map((name) => `${requiredValue(source.relation, name).sql} AS ${identifier(name)}`)
    .join(', ');
  const chosen = `SELECT "#row" FROM ${goodLogRows(log)} WHERE ${inPartsSql([part])} AND "#row" % ${every} = ${from}`;
  const rows = `SELECT ${columns} FROM ${source.relation.from} WHERE "#row" IN (${chosen}) ORDER BY "#row"`;
  const format = path.endsWith('.csv') ? 'FORMAT csv, HEADER' : 'FORMAT parquet, COMPRESSION zstd';
  await execute(database, `COPY (${rows}) TO ${writePath(path)} (${format})`);
}

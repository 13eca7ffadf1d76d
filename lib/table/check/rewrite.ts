/** Files made out of a log: its rows with their numbers, and candidates out of its held-out rows. */

import { type Database, execute, identifier, literal } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import type { Source } from '../source/source.ts';
import { candidateColumns } from './check-columns.ts';
import { goodRows } from './check-rows.ts';
import type { CheckedLog } from './log.ts';
import { partSql } from './split.ts';

/** Writes a source as Parquet whose first column, `row`, is the position of each row, from 0; columns of CSV get types. */
export async function writeWithRowNumbers(
  database: Database,
  { relation, columns }: Source,
  path: string,
): Promise<void> {
  const names = columns.map(({ name }) => identifier(name)).join(', ');
  const numbered = `SELECT "#row" AS row, ${names} FROM ${relation.from} ORDER BY "#row"`;
  if (!relation.isText) return execute(database, `COPY (${numbered}) TO ${literal(path)} (FORMAT parquet)`);
  const text = `${path}.csv`;
  await execute(database, `COPY (${numbered}) TO ${literal(text)} (FORMAT csv, HEADER)`);
  const typed = `SELECT * FROM read_csv(${literal(text)}, header = true, sample_size = -1)`;
  await execute(database, `COPY (${typed}) TO ${literal(path)} (FORMAT parquet)`);
}

/** Writes the good rows of a part as candidates, in order: keys and the features' columns, no label and no outcome. */
export async function writeCandidates(
  database: Database,
  log: CheckedLog,
  {
    path,
    part,
    every = 1,
    from = 0,
  }: {
    readonly path: string;
    readonly part: Part /** Take one row in so many. */;
    readonly every?: number;
    readonly from?: number;
  },
): Promise<void> {
  const { declaration, source, checks, windows } = log;
  const columns = candidateColumns(declaration, declaration.features).map(identifier).join(', ');
  const rows =
    `SELECT ${columns}, "#row" FROM ${goodRows(source.relation, checks)} ` +
    `WHERE ${partSql(source.relation, declaration, windows)} = ${PARTS.indexOf(part)} AND "#row" % ${every} = ${from}`;
  const format = path.endsWith('.csv') ? 'FORMAT csv, HEADER' : 'FORMAT parquet, COMPRESSION zstd';
  await execute(database, `COPY (SELECT ${columns} FROM (${rows}) ORDER BY "#row") TO ${literal(path)} (${format})`);
}

/** The groups of a log's rows, which an order of them needs and nothing else of the rows. */
import { goodLogRows, type PreparedLog } from '../check/prepared-rows.ts';
import { inPartsSql } from '../check/split.ts';
import type { Database } from '../database.ts';
import type { Part } from '../encoded.ts';
import { readNumberedColumns } from '../read-columns.ts';

/**
 * Yields the groups of the rows of a part, as in a `LogChunk`, in the log's order, `blockRows` at a time; the last ones
 * may be fewer. The log must have groups.
 */
export async function* readGroups(
  database: Database,
  log: PreparedLog,
  part: Part,
  blockRows: number,
): AsyncGenerator<Float64Array> {
  const rows = `SELECT "#group" FROM ${goodLogRows(log, [])} WHERE ${inPartsSql([part])}`;
  const sql = `SELECT CAST(row_number() OVER () AS DOUBLE), "#group" FROM (${rows})`;
  const connection = await database.connect();
  try {
    for await (const { columns } of readNumberedColumns(connection, sql, [{ type: 'DOUBLE', length: null }], blockRows))
      yield columns[0] as Float64Array;
  } finally {
    connection.closeSync();
  }
}

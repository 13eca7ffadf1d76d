import { presentSql } from '../columns.ts';
import { type Database, queryOne } from '../database.ts';
import { requiredValue } from './check-columns.ts';
import { goodRows } from './check-rows.ts';
import type { CheckedLog } from './log.ts';

/** Number of a log's good rows that have no value in a column. */
export async function rowsWithout(database: Database, log: CheckedLog, column: string): Promise<number> {
  const { relation } = log.source;
  const isMissing = `NOT ${presentSql(requiredValue(relation, column))}`;
  const { rows } = await queryOne(
    database,
    `SELECT count(*) AS rows FROM ${goodRows(relation, log.checks)} WHERE ${isMissing}`,
  );
  return Number(rows);
}

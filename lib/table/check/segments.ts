/** Rows told apart by the values of a column, for metrics of each. */
import { type Database, literal, query } from '../database.ts';
import type { Part } from '../encoded.ts';
import { goodLogRows, type PreparedLog } from './prepared-rows.ts';
import { inPartsSql } from './split.ts';

/** More values than these are not told apart. */
const MOST_VALUES = 12;

/** A column and its most frequent values, as canonical text; `null` is the missing one. */
export interface Segmentation {
  readonly column: string;
  readonly values: readonly (string | null)[];
}

/** The most frequent values, among the rows of some parts, of each of the declaration's segment columns. */
export async function findSegments(
  database: Database,
  log: PreparedLog,
  parts: readonly Part[],
): Promise<Segmentation[]> {
  const found: Segmentation[] = [];
  for (const [index, column] of log.declaration.report.segments.entries()) {
    const rows = await query(
      database,
      `SELECT "#segment${index}" AS value FROM ${goodLogRows(log)} WHERE ${inPartsSql(parts)}
       GROUP BY value ORDER BY count(*) DESC, value LIMIT ${MOST_VALUES}`,
    );
    found.push({ column, values: rows.map((row) => (row.value == null ? null : String(row.value))) });
  }
  return found;
}

/** SQL of the position of a text among the values of the segmentation, -1 for every other value: TINYINT. */
export function segmentSql(text: string, { values }: Segmentation): string {
  const cases = values.map((known, index) =>
    known === null ? `WHEN ${text} IS NULL THEN ${index}` : `WHEN ${text} = ${literal(known)} THEN ${index}`,
  );
  return cases.length === 0 ? 'CAST(-1 AS TINYINT)' : `CAST(CASE ${cases.join(' ')} ELSE -1 END AS TINYINT)`;
}

/** Segments: the rows of a log by the values of a column, so that metrics can be computed for each value. */
import { type Database, literal, query } from '../database.ts';
import type { Part } from '../encoded.ts';
import { goodLogRows, type PreparedLog } from './prepared-rows.ts';
import { inPartsSql } from './split.ts';

/** How many values of a column become segments. */
const MOST_VALUES = 12;

/** A column and its most frequent values, as canonical text; `null` is the missing value. */
export interface Segmentation {
  readonly column: string;
  readonly values: readonly (string | null)[];
}

/** Returns the most frequent values of each declared segment column among the rows of some parts. */
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

/**
 * Returns the SQL, of type TINYINT, of the position of a text among the values of a segmentation; -1 for other texts.
 */
export function segmentSql(text: string, { values }: Segmentation): string {
  const cases = values.map((known, index) =>
    known === null ? `WHEN ${text} IS NULL THEN ${index}` : `WHEN ${text} = ${literal(known)} THEN ${index}`,
  );
  return cases.length === 0 ? 'CAST(-1 AS TINYINT)' : `CAST(CASE ${cases.join(' ')} ELSE -1 END AS TINYINT)`;
}

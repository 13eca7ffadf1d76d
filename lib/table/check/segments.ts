/** Rows told apart by the values of a column, for metrics of each. */

import { canonicalText, type Relation } from '../columns.ts';
import { type Database, literal, query } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import { requiredValue } from './check-columns.ts';
import { goodRows } from './check-rows.ts';
import type { CheckedLog } from './log.ts';
import { partSql } from './split.ts';

/** More values than these are not told apart. */
const MOST_VALUES = 12;

/** A column and its most frequent values, as canonical text; `null` is the missing one. */
export interface Segmentation {
  readonly column: string;
  readonly values: readonly (string | null)[];
}

/** The most frequent values of the columns among the rows of a part. */
export async function findSegments(
  database: Database,
  { source: { relation }, declaration, checks, windows }: CheckedLog,
  columns: readonly string[],
  part: Part,
): Promise<Segmentation[]> {
  const found: Segmentation[] = [];
  for (const column of columns) {
    const value = canonicalText(requiredValue(relation, column));
    const isOfPart = `${partSql(relation, declaration, windows)} = ${PARTS.indexOf(part)}`;
    const rows = await query(
      database,
      `SELECT value FROM (SELECT ${value} AS value FROM ${goodRows(relation, checks)} WHERE ${isOfPart})
       GROUP BY value ORDER BY count(*) DESC, value LIMIT ${MOST_VALUES}`,
    );
    found.push({ column, values: rows.map((row) => (row.value == null ? null : String(row.value))) });
  }
  return found;
}

/** SQL of the position of a row's value among those of the segmentation, -1 for every other value: TINYINT. */
export function segmentSql(relation: Relation, { column, values }: Segmentation): string {
  const value = canonicalText(requiredValue(relation, column));
  const cases = values.map((known, index) =>
    known === null ? `WHEN ${value} IS NULL THEN ${index}` : `WHEN ${value} = ${literal(known)} THEN ${index}`,
  );
  return cases.length === 0 ? 'CAST(-1 AS TINYINT)' : `CAST(CASE ${cases.join(' ')} ELSE -1 END AS TINYINT)`;
}

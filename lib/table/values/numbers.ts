/** Numbers as SQL. */
import type { Value } from '../columns.ts';

/** The largest float32, as SQL. */
export const LARGEST_FLOAT = '3.4028234663852886e38';

/** Returns the SQL of a number as DOUBLE, NULL if it is missing or not a number. */
export function numberSql({ sql, kind }: Value): string {
  return kind === 'text' ? `TRY_CAST(NULLIF(${sql}, '') AS DOUBLE)` : `CAST(${sql} AS DOUBLE)`;
}

/** Returns the SQL condition that a text is that of an integer. */
export function isIntegerSql(text: string): string {
  return `regexp_full_match(${text}, '-?[0-9]+')`;
}

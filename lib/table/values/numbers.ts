/** Numbers as SQL. */
import type { Value } from '../columns.ts';
import { bind } from './bind.ts';
import { trimmed } from './texts.ts';

/** The largest float32, as SQL. */
export const LARGEST_FLOAT = '3.4028234663852886e38';

/** Returns the SQL of a number as DOUBLE, NULL if it is missing or not a number. */
export function numberSql({ sql, kind, texts: { decimal }, integer }: Value): string {
  if (integer !== undefined) return `CAST(${integer} AS DOUBLE)`;
  switch (kind) {
    case 'floating':
      // Comparisons with NaN cannot be trusted: DuckDB decides them by the statistics of the file.
      return `CASE WHEN NOT isnan(${sql}) THEN CAST(${sql} AS DOUBLE) END`;
    case 'text':
      return textNumber(sql, decimal);
    default:
      return `CAST(${sql} AS DOUBLE)`;
  }
}

/** Returns the SQL condition that a text is that of an integer. */
export function isIntegerSql(text: string): string {
  return `regexp_full_match(${text}, '-?[0-9]+')`;
}

/**
 * Returns the SQL of a text as DOUBLE. The words true and false are 1 and 0, as those of a boolean column are. With a
 * comma as the decimal mark, a point would be a thousands separator.
 */
export function textNumber(sql: string, decimal: '.' | ','): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  const pointed = decimal === '.' ? text : `CASE WHEN NOT contains(${text}, '.') THEN replace(${text}, ',', '.') END`;
  // The cast accepts spaces around a number, but no other blanks.
  const word = `CASE lower(${trimmed(text)}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END`;
  const read = `COALESCE(TRY_CAST(${pointed} AS DOUBLE), TRY_CAST(${trimmed(pointed)} AS DOUBLE), ${word})`;
  return bind('read', read, (number) => `CASE WHEN NOT isnan(${number}) THEN ${number} END`);
}

/** The canonical text of a value, which is the same for the same value in every type of column and format. */
import type { Value } from '../columns.ts';

/**
 * Returns the SQL of a value's canonical text, which is the same whether a file has the value as a number or as text.
 * Integral numbers have no point and no zeros after it (`5.0` is `5`), `True` and `TRUE` are `true`, and missing
 * values, empty texts and NaN are NULL.
 */
export function canonicalText({ sql, kind }: Value): string {
  const text = `CAST(${sql} AS VARCHAR)`;
  switch (kind) {
    case 'integer':
    case 'boolean':
    case 'time':
      return text;
    case 'decimal':
      return withoutZeros(text);
    case 'floating':
      // Before the cast: the text of a NaN may have a sign.
      return withoutZeros(`CAST(NULLIF(${sql}, 'NaN') AS VARCHAR)`);
    default:
      return canonicalOfText(`NULLIF(${text}, '')`);
  }
}

/**
 * Returns the SQL of a row's group: the canonical text of a value or, if it is missing, a text that no other row has.
 */
export function groupText(value: Value): string {
  return `COALESCE(${canonicalText(value)}, '#row ' || "#row")`;
}

/** Returns the SQL of the canonical text of a text. */
export function canonicalOfText(text: string): string {
  return `CASE WHEN ${text} IN ('True', 'TRUE', 'False', 'FALSE') THEN lower(${text}) ELSE ${withoutZeros(text)} END`;
}

/** Returns the SQL condition that a value is present: neither NULL nor an empty text. */
export function presentSql({ sql, kind }: Value): string {
  return kind === 'text' ? `(${sql} IS NOT NULL AND CAST(${sql} AS VARCHAR) <> '')` : `(${sql} IS NOT NULL)`;
}

/** Returns the SQL of a text in which an integral number has no point and no zeros after it. */
function withoutZeros(text: string): string {
  // For most values the two cheap conditions make the regular expression unnecessary.
  return `CASE WHEN ends_with(${text}, '0') AND contains(${text}, '.') THEN regexp_replace(${text}, '^(-?[0-9]+)\\.0+$', '\\1') ELSE ${text} END`;
}

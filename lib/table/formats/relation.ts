/** Rows with what is malformed in them. */

/**
 * Returns the SQL of rows with the columns `"#malformed"` and `"#malformed_value"`, from the table of malformed
 * records.
 */
export function withMalformed(rows: string, malformedTable: string | null): string {
  const none = 'CAST(NULL AS VARCHAR)';
  if (malformedTable === null)
    return `(SELECT *, ${none} AS "#malformed", ${none} AS "#malformed_value" FROM (${rows}))`;
  return (
    `(SELECT source.*, listed.reason AS "#malformed", listed.value AS "#malformed_value" FROM (${rows}) source ` +
    `LEFT JOIN ${malformedTable} listed ON listed."row" = source."#row")`
  );
}

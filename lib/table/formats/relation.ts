/** Parquet files with the same columns as one relation. */
import { listed } from '../../numbers/text.ts';
import { byPosition, type FileColumn, type Relation, type TextRules } from '../columns.ts';
import { DataError } from '../errors.ts';
import { positionalScan } from './parquet/file.ts';

/** A file of a log. */
export interface SourceFile {
  /** Path from the working directory, for messages. */
  readonly path: string;
  /** Path of the Parquet file that is read: the file itself or, for other formats, the converted one. */
  readonly parquet: string;
  readonly rows: number;
}

/** Returns the rows of Parquet files as a relation, in which positions count over all files in order. */
export function relationOf(
  files: readonly SourceFile[],
  columns: readonly FileColumn[],
  {
    isText,
    texts,
    malformedTable,
    name,
  }: {
    readonly isText: boolean;
    readonly texts: TextRules;
    readonly malformedTable: string | null;
    readonly name: string;
  },
): Relation {
  let next = 0;
  const firstRows = files.map(({ rows }) => {
    const first = next;
    next += rows;
    return `CAST(${first} AS BIGINT)`;
  });
  const row =
    files.length === 1
      ? 'file_row_number'
      : `file_row_number + [${firstRows.join(', ')}][CAST(file_index AS BIGINT) + 1]`;
  const scan = `SELECT ${row} AS "#row", * FROM ${positionalScan(
    files.map(({ parquet }) => parquet),
    columns,
  )}`;
  return { from: withMalformed(scan, malformedTable), columns: byPosition(columns), isText, texts, name };
}

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

/** The columns of a file. */
export interface FileColumns {
  readonly name: string;
  readonly columns: readonly FileColumn[];
}

/**
 * Checks that two files have the same columns of the same types, in any order.
 * @throws {DataError} `columns_differ`.
 */
export function assertSameColumns(first: FileColumns, other: FileColumns): void {
  const text = ({ columns }: FileColumns) => columns.map(({ name, type }) => `${name} ${type}`);
  const [expected, got] = [text(first), text(other)];
  const extra = got.filter((column) => !expected.includes(column));
  const lost = expected.filter((column) => !got.includes(column));
  if (extra.length === 0 && lost.length === 0) return;
  const list = (columns: readonly string[]) => (columns.length === 0 ? 'nothing' : listed(columns));
  throw new DataError(
    'columns_differ',
    `columns of ${other.name} differ from ${first.name}: got ${list(extra)}, expected ${list(lost)}`,
  );
}

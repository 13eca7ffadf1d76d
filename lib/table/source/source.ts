/** Opens a log: finds its files, and checks that they are complete and have the same columns before any row is read. */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { DATA_EXTENSIONS_TEXT, type DataExtension, dataExtensionOf } from '../../contract/bucket.ts';
import type { Column, Relation } from '../columns.ts';
import { type Database, literal, query } from '../database.ts';
import { DataError } from '../errors.ts';
import { readDialect } from './csv-dialect.ts';
import { localCsv } from './csv-file.ts';
import { createMalformedTable, importCsv } from './csv-import.ts';
import { looksLikeParquet, parquetScan, readParquetFacts } from './parquet-file.ts';

/** A file format. */
export type Format = 'parquet' | 'csv';

/** A file of a log. */
export interface SourceFile {
  /** Path from the working directory, for messages. */
  readonly path: string;
  /** Path of the Parquet file that is read: the file itself or, for CSV, the converted one. */
  readonly parquet: string;
  readonly rows: number;
}

/** The files of a log, which have the same columns, in the order in which they are read. */
export interface Source {
  /** Path of the file, folder or glob, as the user gave it. */
  readonly path: string;
  readonly format: Format;
  readonly files: readonly SourceFile[];
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly relation: Relation;
}

const FORMATS: Readonly<Record<DataExtension, Format>> = { '.parquet': 'parquet', '.csv': 'csv', '.csv.gz': 'csv' };

/**
 * Opens a log: one `.parquet`, `.csv` or `.csv.gz` file, every such file below a folder, or those that match a glob, in
 * the order of their paths. A relative path starts from `cwd`. CSV is converted to temporary Parquet files.
 * @throws {DataError} if a file is absent, empty, broken or of another format than its name says, if files differ in
 * format or columns, and if there is no row.
 */
export async function openSource(database: Database, path: string, cwd = '.'): Promise<Source> {
  const names = await findFiles(database, path, cwd);
  const format = commonFormat(names, path);
  const found = names.map((name): FoundFile => ({ name, path: below(cwd, name) }));
  for (const file of found) await assertContent(file.path, file.name, format);
  const source = format === 'parquet' ? await openParquet(database, found) : await openCsv(database, found);
  const rows = source.files.reduce((sum, file) => sum + file.rows, 0);
  if (rows === 0) throw new DataError('no_rows', `no rows in ${path}`);
  return { path, format, rows, ...source, relation: { ...source.relation, name: path } };
}

/**
 * Returns the format of a file by the extension of its name.
 * @throws {DataError} `unknown_format`.
 */
export function formatOf(name: string): Format {
  const extension = dataExtensionOf(name);
  if (extension !== undefined) return FORMATS[extension];
  throw new DataError('unknown_format', `${name} has an unknown extension, expected ${DATA_EXTENSIONS_TEXT}`);
}

/**
 * Checks that a file exists, is not empty, and is not Parquet under the name of CSV.
 * @throws {DataError} if it is not so.
 */
export async function assertContent(path: string, name: string, format: Format): Promise<void> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile()) throw new DataError('no_such_file', `no such file: ${path}`);
  if (facts.size === 0) throw new DataError('empty_file', `${name} is empty: 0 bytes`);
  const isParquet = await looksLikeParquet(path);
  if (isParquet && format === 'csv')
    throw new DataError('wrong_format', `${name} is a Parquet file, expected CSV by its name`);
}

/** Returns the rows of Parquet files as a relation, in which positions count over all files in order. */
export function relationOf(
  files: readonly SourceFile[],
  columns: readonly Column[],
  {
    isText,
    malformedTable,
    name,
  }: { readonly isText: boolean; readonly malformedTable: string | null; readonly name: string },
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
  const scan = `SELECT ${row} AS "#row", * FROM ${parquetScan(files.map(({ parquet }) => parquet))}`;
  return { from: withMalformed(scan, malformedTable), columns, isText, name };
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

interface FoundFile {
  /** Path from the folder that relative paths start from, for messages. */
  readonly name: string;
  /** Path from the working directory of the process. */
  readonly path: string;
}

async function openParquet(
  database: Database,
  found: readonly FoundFile[],
): Promise<Pick<Source, 'files' | 'columns' | 'relation'>> {
  const files: SourceFile[] = [];
  let first: FileColumns | null = null;
  for (const { name, path } of found) {
    const { columns, rows } = await readParquetFacts(database, path, name);
    first ??= { name, columns };
    assertSameColumns(first, { name, columns });
    files.push({ path: name, parquet: path, rows });
  }
  const columns = first?.columns ?? [];
  return { files, columns, relation: relationOf(files, columns, { isText: false, malformedTable: null, name: '' }) };
}

async function openCsv(
  database: Database,
  found: readonly FoundFile[],
): Promise<Pick<Source, 'files' | 'columns' | 'relation'>> {
  const table = await createMalformedTable(database);
  const files: SourceFile[] = [];
  let first: FileColumns | null = null;
  let firstRow = 0;
  let malformed = 0;
  for (const { name, path } of found) {
    const file = localCsv(path, name);
    const dialect = await readDialect(file);
    const columns = dialect.header.map((column) => ({ name: column, type: 'VARCHAR' }));
    first ??= { name, columns };
    assertSameColumns(first, { name, columns });
    const imported = await importCsv(database, file, dialect, { firstRow, malformedTable: table });
    files.push({ path: name, parquet: imported.parquet, rows: imported.rows });
    firstRow += imported.rows;
    malformed += imported.malformed;
  }
  const columns = first?.columns ?? [];
  const malformedTable = malformed === 0 ? null : table;
  return { files, columns, relation: relationOf(files, columns, { isText: true, malformedTable, name: '' }) };
}

/** Returns the paths of the files: absolute if `path` is, otherwise from `cwd`. */
async function findFiles(database: Database, path: string, cwd: string): Promise<string[]> {
  const place = below(cwd, path);
  const facts = await stat(place).catch(() => null);
  if (facts?.isFile()) return [path];
  const found = facts?.isDirectory() ? await filesUnder(place) : await globbed(database, place);
  if (found.length === 0) {
    throw new DataError(
      'no_such_file',
      facts === null
        ? `${isGlob(path) ? 'no file matches' : 'no such file:'} ${path}`
        : `no ${DATA_EXTENSIONS_TEXT} file in ${path}`,
    );
  }
  return isAbsolute(path) ? found : found.map((file) => relative(cwd, file));
}

/** Returns an absolute path as it is, and a relative one joined to a folder. */
function below(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const isData = (name: string) => dataExtensionOf(name) !== undefined && !/^[._]/.test(name);
  return entries
    .filter((entry) => entry.isFile() && isData(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function globbed(database: Database, pattern: string): Promise<string[]> {
  if (!isGlob(pattern)) return [];
  const found = await query(database, `SELECT file FROM glob(${literal(pattern)})`);
  return found.map(({ file }) => String(file)).sort();
}

function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

function commonFormat(paths: readonly string[], asked: string): Format {
  const formats = new Set(paths.map(formatOf));
  const [format] = formats;
  if (format === undefined || formats.size > 1)
    throw new DataError('wrong_format', `${asked} has both Parquet and CSV files, expected one format`);
  return format;
}

interface FileColumns {
  readonly name: string;
  readonly columns: readonly Column[];
}

function assertSameColumns(first: FileColumns, other: FileColumns): void {
  const text = ({ columns }: FileColumns) => columns.map(({ name, type }) => `${name} ${type}`);
  const [expected, got] = [text(first), text(other)];
  const extra = got.filter((column) => !expected.includes(column));
  const lost = expected.filter((column) => !got.includes(column));
  if (extra.length === 0 && lost.length === 0) return;
  const list = (columns: readonly string[]) => (columns.length === 0 ? 'nothing' : columns.join(', '));
  throw new DataError(
    'columns_differ',
    `columns of ${other.name} differ from ${first.name}: got ${list(extra)}, expected ${list(lost)}`,
  );
}

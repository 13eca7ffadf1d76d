/** Reads what a Parquet file's ends say about it: whether it is complete, its columns, rows and row groups. */

import { open } from 'node:fs/promises';
import { type Bounds, byPosition, type FileColumn, NULL_TYPE } from '../../columns.ts';
import { type Database, literal, query, queryOne } from '../../database.ts';
import { DataError, firstLine } from '../../errors.ts';
import { readPath } from '../../paths.ts';
import type { ByteRange } from '../candidate-file.ts';

/** Columns and number of rows of a Parquet file. */
export interface ParquetFacts {
  readonly columns: readonly FileColumn[];
  readonly rows: number;
}

/** The first and the last four bytes of a Parquet file. */
export const MAGIC = 'PAR1';

/** Digits of DuckDB's widest decimal. */
const MOST_DIGITS = 38;

/**
 * Checks that a file which begins as Parquet is complete, and reads its columns and number of rows.
 * @throws {DataError} if it is not complete.
 */
export async function readParquetFacts(database: Database, path: string, name: string): Promise<ParquetFacts> {
  await assertWhole(path, name);
  try {
    const described = await query(database, `DESCRIBE SELECT * FROM ${parquetScan([path])}`);
    const counted = `(SELECT sum(num_rows) FROM parquet_file_metadata(${readPath(path)}))`;
    const elements = await query(
      database,
      `SELECT name, num_children, logical_type, precision, ${counted} AS rows FROM parquet_schema(${readPath(path)})`,
    );
    const top = topElements(elements);
    if (top.length !== described.length)
      throw new RangeError(`its schema has ${top.length} columns, expected ${described.length}`);
    // DuckDB changes names that are empty or repeated in another case, so only the types are its own.
    const columns = top.map(({ name: column, logical_type, precision }, index) => ({
      name: String(column),
      type: logical_type === 'NullType()' ? NULL_TYPE : typeOf(String(described[index]?.column_type), precision),
    }));
    return { columns, rows: Number(elements[0]?.rows) };
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError('unreadable', `${name} is not readable Parquet: ${firstLine(error)}`, { cause: error });
  }
}

/** Returns the SQL that reads files with the same columns. Folders with names such as `dt=...` add no column. */
export function parquetScan(paths: readonly string[]): string {
  return `read_parquet([${paths.map(readPath).join(', ')}], hive_partitioning = false)`;
}

/**
 * Returns the SQL that reads files with the same columns, as `c0`, `c1` and so on, whatever their names are, and
 * DuckDB's columns `file_row_number` and `file_index`.
 */
export function positionalScan(paths: readonly string[], columns: readonly FileColumn[]): string {
  const names = byPosition(columns).map(({ sql }) => sql);
  return `${parquetScan(paths)} AS files(${names.join(', ')})`;
}

/**
 * Returns the elements of the top level of a schema, whose elements are in depth-first order, the root first. A list has
 * the precision of its values.
 */
function topElements([root, ...elements]: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const top: Record<string, unknown>[] = [];
  let open = 0;
  for (const element of elements) {
    if (open === 0) top.push(element);
    else top[top.length - 1] = { ...top.at(-1), precision: element.precision ?? top.at(-1)?.precision };
    open += Number(element.num_children ?? 0) - (open === 0 ? 0 : 1);
  }
  return top.slice(0, Number(root?.num_children ?? 0));
}

/** Returns a type that is not read by its name: DuckDB reads a decimal of more than 38 digits as other numbers. */
function typeOf(type: string, precision: unknown): string {
  return Number(precision ?? 0) > MOST_DIGITS ? `a decimal of ${precision} digits` : type;
}

/**
 * Returns the columns of a file, of which those without any value have `NULL_TYPE`, as far as the statistics in the
 * footer say so.
 */
export async function withoutValues(
  database: Database,
  path: string,
  columns: readonly FileColumn[],
): Promise<FileColumn[]> {
  const chunks = await query(
    database,
    'SELECT path_in_schema AS name, bool_and(coalesce(stats_null_count = num_values, false)) AS is_empty ' +
      `FROM parquet_metadata(${readPath(path)}) GROUP BY path_in_schema`,
  );
  return columns.map((column) => {
    const own = chunks.filter(({ name }) => name === column.name || String(name).startsWith(`${column.name}, `));
    return own.length > 0 && own.every(({ is_empty }) => is_empty === true) ? { ...column, type: NULL_TYPE } : column;
  });
}

/** Bytes of a footer up to which it is worth to be read for the bounds of columns. */
const MOST_BOUNDED_BYTES = 2 * 2 ** 20;

/**
 * Returns the bounds of the columns without NULL whose statistics in the footer are integers, by name. DuckDB trusts these
 * statistics, too. There are none of a footer that is long or cannot be read.
 */
export async function readBounds(database: Database, path: string): Promise<ReadonlyMap<string, Bounds>> {
  if ((await footerLength(path)) > MOST_BOUNDED_BYTES) return new Map();
  const [least, greatest] = ['TRY_CAST(stats_min_value AS BIGINT)', 'TRY_CAST(stats_max_value AS BIGINT)'];
  const isBounded = `bool_and(coalesce(stats_null_count = 0 AND ${least} <= ${greatest}, false))`;
  const found = await query(
    database,
    `SELECT path_in_schema AS name, min(${least}) AS least, max(${greatest}) AS greatest, ${isBounded} AS is_bounded ` +
      `FROM parquet_metadata(${readPath(path)}) GROUP BY path_in_schema`,
  ).catch(() => []);
  const bounded = found.filter(({ is_bounded }) => is_bounded === true);
  return new Map(bounded.map(({ name, least, greatest }) => [String(name), [Number(least), Number(greatest)]]));
}

async function assertWhole(path: string, name: string): Promise<void> {
  const { tail, footerBytes, size } = await readEnd(path);
  if (size < 12 || tail !== MAGIC)
    throw new DataError('cut_off', `${name} is cut off: a Parquet file ends with "PAR1", got ${size} bytes without it`);
  if (footerBytes > size - 12)
    throw new DataError('cut_off', `${name} is cut off: its footer has ${footerBytes} bytes, the file ${size}`);
}

async function readEnd(path: string): Promise<{ tail: string; footerBytes: number; size: number }> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(8);
    if (size >= 8) await file.read(tail, 0, 8, size - 8);
    return {
      tail: tail.toString('latin1', 4),
      footerBytes: tail.readUInt32LE(0),
      size,
    };
  } finally {
    await file.close();
  }
}

/** Returns the bytes of a Parquet file's footer, at its end. Of these only the last eight must have been fetched. */
export async function footerLength(path: string): Promise<number> {
  const { tail, footerBytes, size } = await readEnd(path);
  // A file that is not Parquet, or is cut off, has no footer: opening it fails with a message.
  return tail === MAGIC && footerBytes <= size - 12 ? footerBytes + 8 : 0;
}

/** The rows of a row group, and the bytes of some of its columns. */
export interface RowGroup {
  /** Position of the first row in the file, from 0. */
  readonly firstRow: number;
  readonly rows: number;
  /** Bytes of the columns' chunks. */
  readonly ranges: readonly ByteRange[];
}

/** SQL of where a column chunk begins. Some writers have 0 as the position of a dictionary that does not exist. */
const CHUNK_START = 'least(data_page_offset, coalesce(nullif(dictionary_page_offset, 0), data_page_offset))';

/** Returns the number of row groups of a file. */
export async function countRowGroups(database: Database, path: string): Promise<number> {
  const { groups } = await queryOne(
    database,
    `SELECT num_row_groups AS groups FROM parquet_file_metadata(${readPath(path)})`,
  );
  return Number(groups);
}

/** Returns the row groups of a file, with the bytes of these columns in each. The footer must have been fetched. */
export async function readRowGroups(database: Database, path: string, columns: readonly string[]): Promise<RowGroup[]> {
  // The chunks of a nested column have names such as `column, list, element`.
  const isWanted = columns.map(
    (name) => `path_in_schema = ${literal(name)} OR starts_with(path_in_schema, ${literal(`${name}, `)})`,
  );
  const groups = await query(
    database,
    `SELECT any_value(row_group_num_rows) AS rows, list(${CHUNK_START}) FILTER (${isWanted.join(' OR ') || 'false'}) AS starts, ` +
      `list(total_compressed_size) FILTER (${isWanted.join(' OR ') || 'false'}) AS sizes ` +
      `FROM parquet_metadata(${readPath(path)}) GROUP BY row_group_id ORDER BY row_group_id`,
  );
  let firstRow = 0;
  return groups.map(({ rows, starts, sizes }) => {
    const group = { firstRow, rows: Number(rows), ranges: rangesOf(starts, sizes) };
    firstRow += group.rows;
    return group;
  });
}

/** The bytes of a row group, and the bounds of a column of integers in it. */
export interface GroupBytes extends ByteRange {
  readonly least: number;
  readonly greatest: number;
}

/** Returns the bytes of a file's row groups, with the bounds that the footer gives for a column of integers. */
export async function readGroupBytes(database: Database, path: string, column: string): Promise<GroupBytes[]> {
  const isColumn = `path_in_schema = ${literal(column)}`;
  const groups = await query(
    database,
    `SELECT min(${CHUNK_START}) AS first, max(${CHUNK_START} + total_compressed_size) AS last, ` +
      `max(stats_min_value) FILTER (${isColumn}) AS least, max(stats_max_value) FILTER (${isColumn}) AS greatest ` +
      `FROM parquet_metadata(${readPath(path)}) GROUP BY row_group_id ORDER BY row_group_id`,
  );
  return groups.map(({ first, last, least, greatest }) => {
    return { start: Number(first), end: Number(last), least: Number(least), greatest: Number(greatest) };
  });
}

function rangesOf(starts: unknown, sizes: unknown): ByteRange[] {
  if (!Array.isArray(starts) || !Array.isArray(sizes)) return [];
  return starts.map((start, i) => ({ start: Number(start), end: Number(start) + Number(sizes[i]) }));
}

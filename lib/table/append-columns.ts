/** DuckDB tables filled from columns in memory, without an object for each number. */
import {
  DOUBLE,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
  FLOAT,
  INTEGER,
  LIST,
  listValue,
  VARCHAR,
} from '@duckdb/node-api';
import { type Database, execute, identifier } from './database.ts';

/** A column of a table that is filled at once: typed arrays cannot hold NULL, the others can. */
export type FilledColumn = { readonly name: string } & (
  | { readonly type: 'INTEGER'; readonly values: Int32Array }
  | { readonly type: 'FLOAT'; readonly values: Float32Array }
  | { readonly type: 'DOUBLE'; readonly values: Float64Array }
  | { readonly type: 'VARCHAR'; readonly values: readonly (string | null)[] }
  | { readonly type: 'INTEGER[]' | 'FLOAT[]'; readonly values: readonly (readonly number[] | null)[] }
);

/** DuckDB's vector size: a data chunk holds no more rows. */
const VECTOR_ROWS = 2048;

const TYPES: Readonly<Record<FilledColumn['type'], DuckDBType>> = {
  INTEGER,
  FLOAT,
  DOUBLE,
  VARCHAR,
  'INTEGER[]': LIST(INTEGER),
  'FLOAT[]': LIST(FLOAT),
};

/**
 * Creates a table of columns whose first `rows` values are appended in order, and returns its SQL name. The caller drops
 * it.
 */
export async function tableOfColumns(
  database: Database,
  columns: readonly FilledColumn[],
  rows: number,
): Promise<string> {
  const name = database.uniqueName('columns');
  const declared = columns.map((column) => `${identifier(column.name)} ${column.type}`);
  await execute(database, `CREATE TABLE ${name} (${declared.join(', ')})`);
  const connection = await database.connect();
  const appender = await connection.createAppender(name);
  const types = columns.map(({ type }) => TYPES[type]);
  for (let from = 0; from < rows; from += VECTOR_ROWS) {
    const to = Math.min(from + VECTOR_ROWS, rows);
    const chunk = DuckDBDataChunk.create(types, to - from);
    for (const [index, column] of columns.entries()) fillVector(chunk, index, column, from, to);
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  connection.closeSync();
  return name;
}

function fillVector(chunk: DuckDBDataChunk, index: number, column: FilledColumn, from: number, to: number): void {
  const vector = chunk.getColumnVector(index);
  const values = column.values;
  if (!ArrayBuffer.isView(values) || !copyNumbers(vector, values.subarray(from, to)))
    for (let row = from; row < to; row += 1) vector.setItem(row - from, itemOf(values[row]));
  vector.flush();
}

/** Copies numbers into a vector at once; returns false, and does nothing, where the vector is of another type. */
export function copyNumbers(vector: DuckDBVector, values: Int32Array | Float32Array | Float64Array): boolean {
  const items: unknown = Reflect.get(vector, 'items');
  if (items instanceof Int32Array && values instanceof Int32Array) items.set(values);
  else if (items instanceof Float32Array && values instanceof Float32Array) items.set(values);
  else if (items instanceof Float64Array && values instanceof Float64Array) items.set(values);
  else return false;
  return true;
}

function itemOf(value: FilledColumn['values'][number] | undefined): DuckDBValue {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? listValue(value) : value;
}

/** Streams a query's columns as typed arrays. */
import { DuckDBArrayVector, type DuckDBConnection, type DuckDBDataChunk } from '@duckdb/node-api';
import { STATEMENTS } from './database.ts';

const ARRAYS = {
  BIGINT: BigInt64Array,
  DOUBLE: Float64Array,
  FLOAT: Float32Array,
  TINYINT: Int8Array,
  UTINYINT: Uint8Array,
} as const;

export type ColumnType = keyof typeof ARRAYS;
export type ColumnArray = BigInt64Array | Float64Array | Float32Array | Int8Array | Uint8Array;

/** A column without NULLs. */
export interface ColumnLayout {
  readonly type: ColumnType;
  /** Values a row, for a column of type ARRAY; `null` for a single value. */
  readonly length: number | null;
}

export interface ColumnBlock {
  readonly rows: number;
  /** In the order of the layout. */
  readonly columns: readonly ColumnArray[];
}

/** Rows as DuckDB gives them, some 2,048 at a time. The arrays are only good until the next block. */
export async function* readColumns(
  connection: DuckDBConnection,
  sql: string,
  layout: readonly ColumnLayout[],
): AsyncGenerator<ColumnBlock> {
  STATEMENTS.publish(sql);
  const result = await connection.stream(sql);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const current = chunk;
    yield { rows: chunk.rowCount, columns: layout.map((column, index) => itemsOf(current, index, column)) };
  }
}

/**
 * Rows in the order of their numbers, in blocks of `blockRows`; only the last is shorter. The first column of the query is
 * the row's number, DOUBLE, from 1 without gaps; it is not in the layout. Numbers may come out of order within some
 * thousands of rows, as they do from a hash join. The arrays belong to the receiver.
 *
 * @throws {Error} where numbers are missing.
 */
export async function* readNumberedColumns(
  connection: DuckDBConnection,
  sql: string,
  layout: readonly ColumnLayout[],
  blockRows: number,
): AsyncGenerator<ColumnBlock> {
  const waiting = new Map<number, { filled: number; readonly columns: readonly ColumnArray[] }>();
  let next = 0;
  const numbered: readonly ColumnLayout[] = [{ type: 'DOUBLE', length: null }, ...layout];
  for await (const { rows, columns } of readColumns(connection, sql, numbered)) {
    const [numbers, ...sources] = columns;
    if (!(numbers instanceof Float64Array)) throw new TypeError('row numbers are not DOUBLE');
    for (const run of blockRuns(numbers, rows, blockRows)) {
      const block = waiting.get(run.block) ?? { filled: 0, columns: emptyColumns(layout, blockRows) };
      waiting.set(run.block, block);
      block.filled += run.places.length;
      for (const [index, source] of sources.entries()) {
        scatter(source, run.from, run.places, block.columns[index], layout[index]?.length ?? 1);
      }
    }
    for (let block = waiting.get(next); block?.filled === blockRows; block = waiting.get(next)) {
      waiting.delete(next);
      next += 1;
      yield { rows: blockRows, columns: block.columns };
    }
  }
  const last = waiting.get(next);
  if (last === undefined && waiting.size === 0) return;
  if (last === undefined || waiting.size > 1 || last.filled > blockRows)
    throw new Error(`rows are missing after row ${next * blockRows}`);
  const { filled } = last;
  yield {
    rows: filled,
    columns: last.columns.map((column, index) => column.slice(0, filled * (layout[index]?.length ?? 1))),
  };
}

/** Rows that follow each other in a chunk and belong to the same block, with their places in it. */
interface BlockRun {
  readonly block: number;
  readonly from: number;
  readonly places: Int32Array;
}

function blockRuns(numbers: Float64Array, rows: number, blockRows: number): BlockRun[] {
  const runs: BlockRun[] = [];
  for (let from = 0; from < rows; ) {
    const block = Math.floor(((numbers[from] ?? 1) - 1) / blockRows);
    const first = block * blockRows + 1;
    let to = from;
    while (to < rows && (numbers[to] ?? 0) >= first && (numbers[to] ?? 0) < first + blockRows) to += 1;
    const places = new Int32Array(to - from);
    for (let i = from; i < to; i += 1) places[i - from] = (numbers[i] ?? 0) - first;
    runs.push({ block, from, places });
    from = to;
  }
  return runs;
}

function emptyColumns(layout: readonly ColumnLayout[], rows: number): ColumnArray[] {
  return layout.map(({ type, length }) => new ARRAYS[type](rows * (length ?? 1)));
}

function itemsOf(chunk: DuckDBDataChunk, index: number, { type, length }: ColumnLayout): ColumnArray {
  const vector = chunk.getColumnVector(index);
  // An array's child vector is private in the bindings' types, and the only way to its values without boxing each.
  const values: unknown =
    length !== null && vector instanceof DuckDBArrayVector ? Reflect.get(vector, 'childData') : vector;
  const items: unknown = typeof values === 'object' && values !== null ? Reflect.get(values, 'items') : undefined;
  if (!(items instanceof ARRAYS[type])) throw new TypeError(`column ${index} is ${vector.type}, expected ${type}`);
  return items;
}

function scatter(
  source: ColumnArray,
  from: number,
  places: Int32Array,
  target: ColumnArray | undefined,
  width: number,
): void {
  if (target === undefined) return;
  if (source instanceof BigInt64Array) {
    if (target instanceof BigInt64Array) scatterIds(source, from, places, target, width);
  } else if (!(target instanceof BigInt64Array)) {
    scatterNumbers(source, from, places, target, width);
  }
}

function scatterIds(
  source: BigInt64Array,
  from: number,
  places: Int32Array,
  target: BigInt64Array,
  width: number,
): void {
  for (let i = 0; i < places.length; i += 1) {
    const to = (places[i] ?? 0) * width;
    for (let k = 0; k < width; k += 1) target[to + k] = source[(from + i) * width + k] ?? 0n;
  }
}

type NumberArray = Exclude<ColumnArray, BigInt64Array>;

function scatterNumbers(
  source: NumberArray,
  from: number,
  places: Int32Array,
  target: NumberArray,
  width: number,
): void {
  for (let i = 0; i < places.length; i += 1) {
    const to = (places[i] ?? 0) * width;
    for (let k = 0; k < width; k += 1) target[to + k] = source[(from + i) * width + k] ?? 0;
  }
}

/** Streams the columns of a query as typed arrays. */
import { type DuckDBConnection, type DuckDBDataChunk, type DuckDBResult, ResultReturnType } from '@duckdb/node-api';
import bindings, { type DataChunk } from '@duckdb/node-bindings';
import { STATEMENTS } from './database.ts';

const ARRAYS = {
  DOUBLE: Float64Array,
  FLOAT: Float32Array,
  INTEGER: Int32Array,
  TINYINT: Int8Array,
  UTINYINT: Uint8Array,
} as const;

/** DuckDB types that can be read. */
export type ColumnType = keyof typeof ARRAYS;
/** The values of a column. */
export type ColumnArray = Float64Array | Float32Array | Int32Array | Int8Array | Uint8Array;

/** Makes an array of a part of a buffer. */
type ColumnView = new (buffer: ArrayBufferLike, from: number, length: number) => ColumnArray;

/** The type of a column without NULLs. */
export interface ColumnLayout {
  readonly type: ColumnType;
  /** Number of values in each row of an ARRAY column; `null` for a column of single values. */
  readonly length: number | null;
}

/** The columns of consecutive rows. */
export interface ColumnBlock {
  readonly rows: number;
  /** One array for each column, in the order of the layout. */
  readonly columns: readonly ColumnArray[];
}

/** Yields the rows of a query in blocks of up to 2,048 rows. The arrays are valid only until the next block. */
export async function* readColumns(
  connection: DuckDBConnection,
  sql: string,
  layout: readonly ColumnLayout[],
): AsyncGenerator<ColumnBlock> {
  STATEMENTS.publish(sql);
  const result = await connection.stream(sql);
  assertLayout(result, layout);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
    yield blockOf(chunk, layout);
  // A query that fails after its first rows has no more chunks, as one that has ended; but then its result is of no type.
  if (result.returnType === ResultReturnType.INVALID) throw await failureOf(connection, sql);
}

/** @throws {TypeError} where a column of a result has another type than its layout. */
function assertLayout(result: DuckDBResult, layout: readonly ColumnLayout[]): void {
  for (const [index, { type, length }] of layout.entries()) {
    const got = result.columnType(index).toString();
    const expected = length === null ? type : `${type}[${length}]`;
    if (got !== expected) throw new TypeError(`column ${index} is ${got}, expected ${expected}`);
  }
}

/** Runs a query that failed once more, for its error, which a result that is read chunk by chunk keeps to itself. */
async function failureOf(connection: DuckDBConnection, sql: string): Promise<Error> {
  try {
    await connection.run(`EXPLAIN ANALYZE ${sql}`);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return new Error('rows could not be read to the end: the query failed, and did not when it was run again');
}

/**
 * Returns the columns of a chunk, which are views of DuckDB's memory. DuckDB's package makes several objects for each
 * vector, and an object for each value of an ARRAY; its bindings have the bytes alone.
 */
function blockOf(chunk: DuckDBDataChunk, layout: readonly ColumnLayout[]): ColumnBlock {
  const rows = chunk.rowCount;
  const own: DataChunk = Reflect.get(chunk, 'chunk');
  const columns: ColumnArray[] = [];
  for (let index = 0; index < layout.length; index++) {
    const { type, length } = layout[index] as ColumnLayout;
    const vector = bindings.data_chunk_get_vector(own, index);
    const items = rows * (length ?? 1);
    const bytes = bindings.vector_get_data(
      length === null ? vector : bindings.array_vector_get_child(vector),
      items * ARRAYS[type].BYTES_PER_ELEMENT,
    );
    const View: ColumnView = ARRAYS[type];
    columns.push(new View(bytes.buffer, bytes.byteOffset, items));
  }
  return { rows, columns };
}

/** Bytes of blocks that may wait for rows that come out of order. */
const WAITING_BYTES = 128 * 2 ** 20;

/** How numbered columns are read. */
export interface NumberedOptions {
  readonly waitingBytes?: number;
  readonly buffers?: BufferPool;
}

/**
 * Buffers of blocks, which are used again once they are given back. They are shared memory, which other threads can
 * read without a copy, and which V8's garbage collector need not look after.
 */
export class BufferPool {
  readonly #free: SharedArrayBuffer[] = [];

  /** Returns a buffer of so many bytes. Its values are those of its last use. */
  take(bytes: number): SharedArrayBuffer {
    const free = this.#free.pop();
    return free?.byteLength === bytes ? free : new SharedArrayBuffer(bytes);
  }

  /** Takes the buffer of an array back, if it is one of the pool's. No array of it may be used any more. */
  giveBack({ buffer }: { readonly buffer: ArrayBufferLike }): void {
    if (buffer instanceof SharedArrayBuffer) this.#free.push(buffer);
  }
}

/** Thrown if the rows of a query are so far out of order that the blocks that wait for them fill the memory. */
export class OutOfOrderError extends Error {
  override readonly name = 'OutOfOrderError';
}

/**
 * Yields the rows of a query in the order of their numbers, in blocks of `blockRows` rows of which only the last may be
 * shorter. The first column of the query is the row's number: a DOUBLE, from 1, without gaps. It is not part of the
 * layout. Blocks that are not complete wait in memory, so numbers should be out of order by no more than some
 * thousands, as a hash join in memory leaves them. The receiver may keep and change the arrays.
 *
 * @param buffers where the arrays of whole blocks are made, one after the other. @default each has a buffer of its own
 * @throws {OutOfOrderError} if more than `waitingBytes` wait, which is what a hash join on disk leads to.
 * @throws {Error} if numbers are missing.
 */
export async function* readNumberedColumns(
  connection: DuckDBConnection,
  sql: string,
  layout: readonly ColumnLayout[],
  blockRows: number,
  options: NumberedOptions = {},
): AsyncGenerator<ColumnBlock> {
  const blocks = new NumberedBlocks(layout, blockRows, options);
  const numbered: readonly ColumnLayout[] = [{ type: 'DOUBLE', length: null }, ...layout];
  for await (const rows of readColumns(connection, sql, numbered)) {
    blocks.add(rows);
    for (let block = blocks.takeNext(); block !== null; block = blocks.takeNext()) yield block;
    blocks.assertFewWait();
  }
  const last = blocks.takeLast();
  if (last !== null) yield last;
}

/** A block that does not have all of its rows yet. */
interface WaitingBlock {
  filled: number;
  readonly columns: readonly ColumnArray[];
}

/** Puts numbered rows into blocks. The generator above is no place for its loops: V8 would compile them again and again. */
class NumberedBlocks {
  readonly #layout: readonly ColumnLayout[];
  readonly #blockRows: number;
  readonly #buffers: BufferPool | undefined;
  readonly #mostWaiting: number;
  readonly #waiting = new Map<number, WaitingBlock>();
  #next = 0;

  constructor(layout: readonly ColumnLayout[], blockRows: number, options: NumberedOptions) {
    const { waitingBytes = WAITING_BYTES, buffers } = options;
    this.#layout = layout;
    this.#blockRows = blockRows;
    this.#buffers = buffers;
    this.#mostWaiting = Math.max(2, waitingBytes / (blockRows * rowBytes(layout)));
  }

  /** Adds rows, of which the first column is their numbers. */
  add({ rows, columns }: ColumnBlock): void {
    const [numbers] = columns;
    if (!(numbers instanceof Float64Array)) throw new TypeError('row numbers are not DOUBLE');
    for (let from = 0; from < rows; ) {
      const run = blockRun(numbers, from, rows, this.#blockRows);
      this.#fill(run, columns);
      from += run.rows;
    }
  }

  #fill(run: BlockRun, columns: readonly ColumnArray[]): void {
    const block = this.#waiting.get(run.block) ?? this.#newBlock(run.block);
    block.filled += run.rows;
    for (let index = 1; index < columns.length; index++) {
      const target = block.columns[index - 1] as ColumnArray;
      copyRun(columns[index] as ColumnArray, run, target, target.length / this.#blockRows);
    }
  }

  #newBlock(number: number): WaitingBlock {
    const block = { filled: 0, columns: emptyColumns(this.#layout, this.#blockRows, this.#buffers) };
    this.#waiting.set(number, block);
    return block;
  }

  /** Returns the next block, if all of its rows are there. */
  takeNext(): ColumnBlock | null {
    const block = this.#waiting.get(this.#next);
    if (block?.filled !== this.#blockRows) return null;
    this.#waiting.delete(this.#next);
    this.#next += 1;
    return { rows: this.#blockRows, columns: block.columns };
  }

  assertFewWait(): void {
    if (this.#waiting.size > this.#mostWaiting)
      throw new OutOfOrderError(`rows come far out of order: ${this.#waiting.size} blocks wait`);
  }

  /** Returns what is left once all rows are there; `null` if nothing is. */
  takeLast(): ColumnBlock | null {
    const last = this.#waiting.get(this.#next);
    if (last === undefined && this.#waiting.size === 0) return null;
    if (last === undefined || this.#waiting.size > 1 || last.filled > this.#blockRows)
      throw new Error(`rows are missing after row ${this.#next * this.#blockRows}`);
    const { filled } = last;
    return {
      rows: filled,
      columns: last.columns.map((column, index) => column.slice(0, filled * (this.#layout[index]?.length ?? 1))),
    };
  }
}

/** Consecutive rows of a DuckDB chunk that belong to the same block. */
interface BlockRun {
  readonly block: number;
  /** Position of the first row in the chunk. */
  readonly from: number;
  readonly rows: number;
  /** Position of the first row in the block. */
  readonly first: number;
  /** Positions of the rows in the block; `null` where each is one more than that before. */
  readonly positions: Int32Array | null;
}

/** Returns the rows from one on that belong to the same block. */
function blockRun(numbers: Float64Array, from: number, rows: number, blockRows: number): BlockRun {
  const number = numbers[from] as number;
  const block = Math.floor((number - 1) / blockRows);
  const first = block * blockRows + 1;
  const end = first + blockRows;
  let to = from;
  let consecutive = 0;
  for (; to < rows && (numbers[to] as number) >= first && (numbers[to] as number) < end; to++)
    if (numbers[to] === number + to - from) consecutive++;
  const positions = consecutive === to - from ? null : positionsOf(numbers.subarray(from, to), first);
  return { block, from, rows: to - from, first: number - first, positions };
}

function positionsOf(numbers: Float64Array, first: number): Int32Array {
  return Int32Array.from(numbers, (number) => number - first);
}

function rowBytes(layout: readonly ColumnLayout[]): number {
  return layout.reduce((sum, { type, length }) => sum + ARRAYS[type].BYTES_PER_ELEMENT * (length ?? 1), 0);
}

function emptyColumns(layout: readonly ColumnLayout[], rows: number, buffers?: BufferPool): ColumnArray[] {
  if (buffers === undefined) return layout.map(({ type, length }) => new ARRAYS[type](rows * (length ?? 1)));
  const bytes = layout.map(({ type, length }) => wholeWords(rows * ARRAYS[type].BYTES_PER_ELEMENT * (length ?? 1)));
  const buffer = buffers.take(bytes.reduce((sum, column) => sum + column, 0));
  let end = 0;
  return layout.map(({ type, length }, index) => {
    const from = end;
    end += bytes[index] as number;
    const View: ColumnView = ARRAYS[type];
    return new View(buffer, from, rows * (length ?? 1));
  });
}

/** The next multiple of the bytes of the widest element, at which the array of any type may begin. */
function wholeWords(bytes: number): number {
  return Math.ceil(bytes / Float64Array.BYTES_PER_ELEMENT) * Float64Array.BYTES_PER_ELEMENT;
}

/** Copies the rows of a run, `width` values each, from a chunk's column to a block's. */
function copyRun(
  source: ColumnArray,
  { from, rows, first, positions }: BlockRun,
  target: ColumnArray,
  width: number,
): void {
  if (positions === null) {
    target.set(source.subarray(from * width, (from + rows) * width), first * width);
    return;
  }
  for (let i = 0; i < rows; i += 1) {
    const to = (positions[i] as number) * width;
    for (let k = 0; k < width; k += 1) target[to + k] = source[(from + i) * width + k] as number;
  }
}

/** Encodes the good rows of logs and of candidate files, and yields them in chunks, in the order of their source. */
import { rm } from 'node:fs/promises';
import { goodRows } from '../check/check-rows.ts';
import { hasFeatures, type PreparedLog, prepareRows } from '../check/prepared-rows.ts';
import { inPartsSql } from '../check/split.ts';
import type { Relation } from '../columns.ts';
import type { Database } from '../database.ts';
import { type EncodedChunk, type LogChunk, PARTS, type Part } from '../encoded.ts';
import type { Encoder } from '../encoder.ts';
import type { KnownBounds } from '../kinds/feature-kind.ts';
import { preparedColumns } from '../kinds/index.ts';
import {
  type BufferPool,
  type ColumnArray,
  type ColumnBlock,
  type ColumnLayout,
  type NumberedOptions,
  OutOfOrderError,
  readNumberedColumns,
} from '../read-columns.ts';
import type { RowCheck } from '../row-check.ts';
import { encodeSql, type InputColumn } from './encode-sql.ts';
import { type LogRows, logRows } from './log-rows.ts';

/** Which rows of a log are encoded, and in chunks of which size. */
export interface EncodeLogOptions {
  /** Parts of the split (training, validation, test) whose rows are encoded. @default all parts */
  readonly parts?: readonly Part[];
  /** Rows of a chunk; the last one may have fewer. @default 8192 */
  readonly chunkRows?: number;
}

/** Encoded rows with their positions in the source. */
export interface NumberedChunk extends EncodedChunk {
  /** Position of each row in the source, from 0. */
  readonly rowNumbers: Float64Array;
}

const CHUNK_ROWS = 8192;

/**
 * Yields the good rows of a log, encoded, in the log's order. They are read from the prepared rows, which were written
 * when the log was opened. If those lack features of the encoder, because it belongs to an earlier declaration, the
 * source is read again.
 */
export async function* encodeLog(
  database: Database,
  log: PreparedLog,
  encoder: Encoder,
  { parts = PARTS, chunkRows = CHUNK_ROWS }: EncodeLogOptions = {},
): AsyncGenerator<LogChunk> {
  if (!hasFeatures(log, encoder.features)) {
    const prepared = await prepareRows(database, log, encoder.features);
    try {
      yield* encodeLog(database, { ...log, prepared }, encoder, { parts, chunkRows });
    } finally {
      await rm(prepared.path);
    }
    return;
  }
  const isAll = PARTS.every((part) => parts.includes(part));
  const condition = isAll ? null : inPartsSql(parts);
  yield* encodeLogRows(database, logRows(log, encoder.features), encoder, { condition, chunkRows });
}

/** Which of the rows are encoded, and in chunks of which size. */
export interface EncodeRowsOptions extends Pick<EncodeLogOptions, 'chunkRows'> {
  /** SQL that is true of these rows; `null` for all. */
  readonly condition: string | null;
}

/** Yields good rows of a log, encoded, in the log's order. */
export async function* encodeLogRows(
  database: Database,
  { from, stages, delayed, hasGroups }: LogRows,
  encoder: Encoder,
  { condition, chunkRows = CHUNK_ROWS }: EncodeRowsOptions,
): AsyncGenerator<LogChunk> {
  const extras = logColumns(stages, delayed, hasGroups);
  const rows = `SELECT * FROM ${from}${condition === null ? '' : ` WHERE ${condition}`}`;
  for await (const { chunk, extraArrays } of encodeRows(database, { rows, extras }, encoder, { chunkRows }))
    yield { ...chunk, ...logArrays(extraArrays, stages, delayed, hasGroups) };
}

/** How candidates are encoded. */
export interface EncodeCandidatesOptions {
  /** To which the buffer of a chunk may be given back. @default each chunk has new arrays */
  readonly buffers?: BufferPool;
  /** SQL of DOUBLEs, without NULL, that are read beside the features. @default none */
  readonly numbers?: readonly string[];
}

/** Encoded candidates with the numbers that are read beside their features. */
export interface CandidateChunk extends NumberedChunk {
  /** One array for each number, in their order. */
  readonly operands: readonly Float64Array[];
}

/** Yields the candidates that pass all checks, encoded, in the order of the relation. */
export async function* encodeCandidates(
  database: Database,
  relation: Relation,
  checks: readonly RowCheck[],
  encoder: Encoder,
  { buffers, numbers = [] }: EncodeCandidatesOptions = {},
): AsyncGenerator<CandidateChunk> {
  const prepared = preparedColumns(relation, encoder.features);
  const bounds = new Map(
    prepared.flatMap(({ name, bounds }) => (bounds === undefined ? [] : [[name, bounds] as const])),
  );
  const extras = numbers.map((_, index): ExtraColumn => ({ name: `#operand${index}`, type: 'DOUBLE', length: null }));
  const read = numbers.map((sql, index) => `${sql} AS "#operand${index}"`);
  const selected = ['"#row"', ...read, ...prepared.map(({ sql, name }) => `${sql} AS ${name}`)];
  const rows = `SELECT ${selected.join(', ')} FROM ${goodRows(relation, checks)}`;
  const reading = { chunkRows: CHUNK_ROWS, ...(buffers && { buffers }) };
  for await (const { chunk, extraArrays } of encodeRows(database, { rows, extras, bounds }, encoder, reading))
    yield { ...chunk, operands: extraArrays.map(asDoubles) };
}

function asDoubles(array: ColumnArray): Float64Array {
  if (array instanceof Float64Array) return array;
  throw new TypeError(`numbers are ${array.constructor.name}, expected DOUBLE`);
}

type QueryArguments = [sql: string, layout: readonly ColumnLayout[], chunkRows: number, options: NumberedOptions];

/** A column that is read together with the features without being one, such as a label. */
interface ExtraColumn extends ColumnLayout {
  readonly name: string;
}

/** The rows to encode, as SQL. */
interface RowsToEncode {
  /** Query for `"#row"`, the extra columns and the features' prepared columns; its order is the order of the rows. */
  readonly rows: string;
  readonly extras: readonly ExtraColumn[];
  /** Bounds of the prepared columns, as far as they are known. */
  readonly bounds?: KnownBounds;
}

/**
 * Yields the rows of a query, encoded, with their extra columns. Joins do not keep the order of rows, so the rows are
 * numbered before the joins. The reader sorts them, or DuckDB does, on disk, if it does the joins on disk, too.
 */
async function* encodeRows(
  database: Database,
  { rows, extras, bounds }: RowsToEncode,
  encoder: Encoder,
  { chunkRows, ...options }: { readonly chunkRows: number; readonly buffers?: BufferPool },
): AsyncGenerator<{ chunk: NumberedChunk; extraArrays: readonly ColumnArray[] }> {
  const { joins, select, columns } = encodeSql(encoder, bounds);
  const counted = `SELECT *, row_number() OVER () AS "#order" FROM (${rows})`;
  const positions = ['CAST("#order" AS DOUBLE)', 'CAST("#row" AS DOUBLE)'];
  const selected = [...positions, ...extras.map(({ name }) => `"${name}"`), ...select];
  const sql = `SELECT ${selected.join(', ')} FROM (${counted}) ${joins}`;
  const layout: readonly ColumnLayout[] = [{ type: 'DOUBLE', length: null }, ...extras, ...columns];
  let last = -1;
  for await (const block of readInOrder(database, sql, layout, chunkRows, options)) {
    const [rowNumbers, ...rest] = block.columns;
    if (!(rowNumbers instanceof Float64Array)) throw new TypeError('row numbers are not DOUBLE');
    last = assertIncreasing(rowNumbers, last);
    yield {
      chunk: { ...chunkOf(block.rows, columns, rest.slice(extras.length)), rowNumbers },
      extraArrays: rest.slice(0, extras.length),
    };
  }
}

/** Yields the rows of a query in the order of `"#order"`, and sorts them in DuckDB only if they are far out of order. */
async function* readInOrder(
  database: Database,
  sql: string,
  layout: readonly ColumnLayout[],
  chunkRows: number,
  options: NumberedOptions,
): AsyncGenerator<ColumnBlock> {
  let done = 0;
  try {
    for await (const block of readQuery(database, sql, layout, chunkRows, options)) {
      done += 1;
      yield block;
    }
  } catch (error) {
    if (!(error instanceof OutOfOrderError)) throw error;
    let index = 0;
    for await (const block of readQuery(database, `${sql} ORDER BY "#order"`, layout, chunkRows, options)) {
      if (index >= done) yield block;
      index += 1;
    }
  }
}

/** Reads a query whose rows are numbered, on a connection of its own. */
async function* readQuery(database: Database, ...query: QueryArguments): AsyncGenerator<ColumnBlock> {
  const connection = await database.connect();
  try {
    yield* readNumberedColumns(connection, ...query);
  } finally {
    connection.closeSync();
  }
}

/**
 * Returns the last row number, and fails if the numbers do not increase. Labels and scores are matched to rows by
 * position alone, so rows out of order would get those of others.
 */
function assertIncreasing(rowNumbers: Float64Array, before: number): number {
  let last = before;
  for (let i = 0; i < rowNumbers.length; i++) {
    const row = rowNumbers[i] as number;
    if (row <= last) throw new Error(`rows came out of order: got row ${row} after row ${last}`);
    last = row;
  }
  return last;
}

function chunkOf(rows: number, columns: readonly InputColumn[], arrays: readonly ColumnArray[]): EncodedChunk {
  const ids: Record<string, Int32Array> = {};
  const weights: Record<string, Float32Array> = {};
  const numbers: Record<string, Float32Array> = {};
  columns.forEach(({ field, input }, index) => {
    const array = arrays[index];
    if (field === 'ids' && array instanceof Int32Array) ids[input] = array;
    else if (field === 'weights' && array instanceof Float32Array) weights[input] = array;
    else if (field === 'numbers' && array instanceof Float32Array) numbers[input] = array;
  });
  return { rows, ids, weights, numbers };
}

function logColumns(stages: readonly string[], delayed: readonly string[], hasGroups: boolean): ExtraColumn[] {
  return [
    { name: '#part', type: 'UTINYINT', length: null },
    { name: '#weight', type: 'FLOAT', length: null },
    ...stages.map((_, index): ExtraColumn => ({ name: `#label${index}`, type: 'TINYINT', length: null })),
    ...delayed.map((_, index): ExtraColumn => ({ name: `#delay${index}`, type: 'FLOAT', length: null })),
    ...(hasGroups ? [{ name: '#group', type: 'DOUBLE', length: null } as const] : []),
  ];
}

function logArrays(
  [part, weight, ...others]: readonly ColumnArray[],
  stages: readonly string[],
  delayed: readonly string[],
  hasGroups: boolean,
): Pick<LogChunk, 'part' | 'weight' | 'labels' | 'delays' | 'group'> {
  if (!(part instanceof Uint8Array && weight instanceof Float32Array))
    throw new TypeError('part and weight are not UTINYINT and FLOAT');
  return {
    part,
    weight,
    labels: Object.fromEntries(stages.map((name, index) => [name, others[index] as Int8Array])),
    delays: Object.fromEntries(delayed.map((name, index) => [name, others[stages.length + index] as Float32Array])),
    group: hasGroups ? (others[stages.length + delayed.length] as Float64Array) : null,
  };
}

/** Encoded rows, streamed in the order of their source. */
import { requiredValue } from '../check/check-columns.ts';
import { goodRows } from '../check/check-rows.ts';
import { type LabelledStage, labelledStages, matureLabelSql, weightSql } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import type { RowCheck } from '../check/row-check.ts';
import { type Segmentation, segmentSql } from '../check/segments.ts';
import { partSql } from '../check/split.ts';
import { groupText, type Relation, timeSql } from '../columns.ts';
import type { Database } from '../database.ts';
import { type EncodedChunk, type LogChunk, PARTS, type Part } from '../encoded.ts';
import { groupHashSql } from '../hash.ts';
import { type ColumnArray, type ColumnLayout, readNumberedColumns } from '../read-columns.ts';
import { encodeSql, type InputColumn, prepareSql } from './encode-sql.ts';
import type { Encoder } from './encoder.ts';

export interface EncodeLogOptions {
  /** @default all parts */
  readonly parts?: readonly Part[];
  /** Rows of every chunk but the last. @default 8192 */
  readonly chunkRows?: number;
  /** Where no group column is declared, the rows of a day (UTC) are a group. @default false */
  readonly groupByDay?: boolean;
  /** Columns by whose values the rows are told apart. @default none */
  readonly segments?: readonly Segmentation[];
}

/** Encoded rows and their positions in the source. */
export interface NumberedChunk extends EncodedChunk {
  readonly rowNumbers: Float64Array;
}

const CHUNK_ROWS = 8192;
const DAY_MS = 86_400_000;

/** The good rows of a log, encoded, in its order; each call reads the log again. */
export async function* encodeLog(
  database: Database,
  log: CheckedLog,
  encoder: Encoder,
  { parts = PARTS, chunkRows = CHUNK_ROWS, groupByDay = false, segments = [] }: EncodeLogOptions = {},
): AsyncGenerator<LogChunk> {
  const group = groupColumn(log, groupByDay);
  const extras = [...logColumns(log, group), ...segmentColumns(log, segments)];
  const isAll = PARTS.every((part) => parts.includes(part));
  const where = isAll ? null : `"#part" IN (${parts.map((part) => PARTS.indexOf(part)).join(', ')})`;
  const rows = { relation: log.source.relation, checks: log.checks, extras, where };
  const stages = labelledStages(log.declaration);
  for await (const { chunk, extraArrays } of encodeRows(database, rows, encoder, chunkRows)) {
    const own = extraArrays.slice(0, extras.length - segments.length);
    const codes = extraArrays.slice(own.length);
    yield {
      ...chunk,
      ...logArrays(own, stages, group !== null),
      segments: Object.fromEntries(segments.map(({ column }, index) => [column, codes[index] as Int8Array])),
    };
  }
}

/** The good rows of candidates, encoded, in their order. */
export async function* encodeCandidates(
  database: Database,
  relation: Relation,
  checks: readonly RowCheck[],
  encoder: Encoder,
  chunkRows: number = CHUNK_ROWS,
): AsyncGenerator<NumberedChunk> {
  for await (const { chunk } of encodeRows(database, { relation, checks, extras: [], where: null }, encoder, chunkRows))
    yield chunk;
}

/** A column beside the features. */
interface ExtraColumn extends ColumnLayout {
  readonly name: string;
  readonly sql: string;
}

interface RowsToEncode {
  readonly relation: Relation;
  readonly checks: readonly RowCheck[];
  readonly extras: readonly ExtraColumn[];
  readonly where: string | null;
}

async function* encodeRows(
  database: Database,
  { relation, checks, extras, where }: RowsToEncode,
  encoder: Encoder,
  chunkRows: number,
): AsyncGenerator<{ chunk: NumberedChunk; extraArrays: readonly ColumnArray[] }> {
  const { joins, select, columns } = encodeSql(encoder);
  const prepared = [
    '"#row"',
    ...extras.map(({ name, sql }) => `${sql} AS "${name}"`),
    ...prepareSql(relation, encoder.features),
  ];
  const good = `SELECT ${prepared.join(', ')} FROM ${goodRows(relation, checks)}`;
  const kept = where === null ? good : `SELECT * FROM (${good}) WHERE ${where}`;
  // Joins leave no order behind: one thread numbers the rows before them, and the reader puts them back in their places.
  const counted = `SELECT *, row_number() OVER () AS "#order" FROM (${kept})`;
  const positions = ['CAST("#order" AS DOUBLE)', 'CAST("#row" AS DOUBLE)'];
  const selected = [...positions, ...extras.map(({ name }) => `"${name}"`), ...select];
  const sql = `SELECT ${selected.join(', ')} FROM (${counted}) ${joins}`;
  const connection = await database.connect();
  try {
    const layout: readonly ColumnLayout[] = [{ type: 'DOUBLE', length: null }, ...extras, ...columns];
    let last = -1;
    for await (const block of readNumberedColumns(connection, sql, layout, chunkRows)) {
      const [rowNumbers, ...rest] = block.columns;
      if (!(rowNumbers instanceof Float64Array)) throw new TypeError('row numbers are not DOUBLE');
      last = assertIncreasing(rowNumbers, last);
      yield {
        chunk: { ...chunkOf(block.rows, columns, rest.slice(extras.length)), rowNumbers },
        extraArrays: rest.slice(0, extras.length),
      };
    }
  } finally {
    connection.closeSync();
  }
}

/** Scores and labels are told apart by position alone: rows in another order than the source's would be a disaster. */
function assertIncreasing(rowNumbers: Float64Array, before: number): number {
  let last = before;
  for (const row of rowNumbers) {
    if (row <= last) throw new Error(`rows came out of order: got row ${row} after row ${last}`);
    last = row;
  }
  return last;
}

function chunkOf(rows: number, columns: readonly InputColumn[], arrays: readonly ColumnArray[]): EncodedChunk {
  const ids: Record<string, BigInt64Array> = {};
  const weights: Record<string, Float32Array> = {};
  const numbers: Record<string, Float32Array> = {};
  columns.forEach(({ place, input }, index) => {
    const array = arrays[index];
    if (place === 'ids' && array instanceof BigInt64Array) ids[input] = array;
    else if (place === 'weights' && array instanceof Float32Array) weights[input] = array;
    else if (place === 'numbers' && array instanceof Float32Array) numbers[input] = array;
  });
  return { rows, ids, weights, numbers };
}

function logColumns(
  { source: { relation }, declaration, windows, end }: CheckedLog,
  group: ExtraColumn | null,
): ExtraColumn[] {
  return [
    { name: '#part', sql: partSql(relation, declaration, windows), type: 'UTINYINT', length: null },
    { name: '#weight', sql: weightSql(relation, declaration), type: 'FLOAT', length: null },
    ...(group === null ? [] : [group]),
    ...labelledStages(declaration).map(
      (stage, index) =>
        ({
          name: `#label${index}`,
          sql: matureLabelSql(relation, declaration, stage, end),
          type: 'TINYINT',
          length: null,
        }) as const,
    ),
  ];
}

function segmentColumns({ source: { relation } }: CheckedLog, segments: readonly Segmentation[]): ExtraColumn[] {
  return segments.map((segmentation, index) => ({
    name: `#segment${index}`,
    sql: segmentSql(relation, segmentation),
    type: 'TINYINT',
    length: null,
  }));
}

function groupColumn({ source: { relation }, declaration: { log } }: CheckedLog, byDay: boolean): ExtraColumn | null {
  const column = (sql: string): ExtraColumn => ({ name: '#group', sql, type: 'DOUBLE', length: null });
  if (log.group !== null) return column(groupHashSql(groupText(requiredValue(relation, log.group))));
  if (!byDay || log.time === null) return null;
  return column(`CAST(floor(${timeSql(requiredValue(relation, log.time))} / ${DAY_MS}) AS DOUBLE)`);
}

function logArrays(
  [part, weight, ...rest]: readonly ColumnArray[],
  stages: readonly LabelledStage[],
  hasGroup: boolean,
): Pick<LogChunk, 'part' | 'weight' | 'group' | 'labels'> {
  const [group, ...labels] = hasGroup ? rest : [null, ...rest];
  if (!(part instanceof Uint8Array && weight instanceof Float32Array))
    throw new TypeError('part and weight are not UTINYINT and FLOAT');
  return {
    part,
    weight,
    group: group instanceof Float64Array ? group : null,
    labels: Object.fromEntries(stages.map(({ name }, index) => [name, labels[index] as Int8Array])),
  };
}

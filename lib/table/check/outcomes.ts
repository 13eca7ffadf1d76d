/** What became of the rows of a log, and what they have in common: everything but their features. */
import { type Database, queryOne } from '../database.ts';
import type { Part } from '../encoded.ts';
import { type ColumnArray, type ColumnLayout, readNumberedColumns } from '../read-columns.ts';
import { labelledStages } from './labels.ts';
import { goodLogRows, type PreparedLog } from './prepared-rows.ts';
import { findSegments, type Segmentation, segmentSql } from './segments.ts';
import { inPartsSql } from './split.ts';

/** Column by column, the good rows of some parts in the log's order. */
export interface Outcomes {
  readonly rows: number;
  /** By labelled stage: 1, 0 or `UNKNOWN_LABEL` (not mature yet). `inconsistent: and` is already applied. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /** 1 / the rate at which such rows were kept; `null` in a full log, where it is 1. */
  readonly weight: Float32Array | null;
  /** 53-bit hash of the group column, of the row's own number where it is missing; `null` where none is declared, or no row. */
  readonly group: Float64Array | null;
  /** Days since 1970 UTC; `null` where the log has no time. */
  readonly day: Float64Array | null;
  readonly segments: readonly SegmentCodes[];
}

/** Of each row, the position of its value among those of the segmentation; -1 for every other value. */
export interface SegmentCodes extends Segmentation {
  readonly codes: Int8Array;
}

const BLOCK_ROWS = 65_536;
const DAY_MS = 86_400_000;

/** Reads what became of the rows of these parts. */
export async function readOutcomes(database: Database, log: PreparedLog, parts: readonly Part[]): Promise<Outcomes> {
  const { declaration } = log;
  const stages = labelledStages(declaration);
  const segmentations = await findSegments(database, log, parts);
  const columns: OutcomeColumn[] = [
    { sql: '"#weight"', type: 'FLOAT', isThere: declaration.log.kept !== null },
    { sql: '"#group"', type: 'DOUBLE', isThere: declaration.log.group !== null },
    { sql: `floor("#time" / ${DAY_MS})`, type: 'DOUBLE', isThere: declaration.log.time !== null },
    ...stages.map((_, index): OutcomeColumn => ({ sql: `"#label${index}"`, type: 'TINYINT', isThere: true })),
    ...segmentations.map(
      (segmentation, index): OutcomeColumn => ({
        sql: segmentSql(`"#segment${index}"`, segmentation),
        type: 'TINYINT',
        isThere: true,
      }),
    ),
  ];
  const { rows, arrays } = await readParts(database, log, parts, columns);
  const [weight = null, group = null, day = null, ...codes] = arrays;
  return {
    rows,
    labels: Object.fromEntries(stages.map(({ name }, index) => [name, codes[index] as Int8Array])),
    weight: weight as Float32Array | null,
    group: rows === 0 ? null : (group as Float64Array | null),
    day: day as Float64Array | null,
    segments: segmentations.map((segmentation, index) => ({
      ...segmentation,
      codes: codes[stages.length + index] as Int8Array,
    })),
  };
}

/** Good rows of the log that have no value to split by hash. */
export async function countUnhashed(database: Database, log: PreparedLog): Promise<number> {
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${goodLogRows(log, [])} WHERE "#unhashed"`);
  return Number(rows);
}

interface OutcomeColumn {
  readonly sql: string;
  readonly type: 'FLOAT' | 'DOUBLE' | 'TINYINT';
  /** Otherwise the log has no such column. */
  readonly isThere: boolean;
}

/** One array for each column that is there, `null` for the others. */
async function readParts(
  database: Database,
  log: PreparedLog,
  parts: readonly Part[],
  columns: readonly OutcomeColumn[],
): Promise<{ rows: number; arrays: (ColumnArray | null)[] }> {
  const from = `${goodLogRows(log, [])} WHERE ${inPartsSql(parts)}`;
  const counted = await queryOne(database, `SELECT count(*) AS rows FROM ${from}`);
  const rows = Number(counted.rows);
  const arrays = columns.map(({ type, isThere }) => (isThere ? new ARRAYS[type](rows) : null));
  const there = columns.filter(({ isThere }) => isThere);
  const layout = there.map(({ type }): ColumnLayout => ({ type, length: null }));
  const selected = ['CAST(row_number() OVER () AS DOUBLE)', ...there.map(({ sql }) => sql)].join(', ');
  const connection = await database.connect();
  try {
    let at = 0;
    for await (const block of readNumberedColumns(connection, `SELECT ${selected} FROM ${from}`, layout, BLOCK_ROWS)) {
      const filled = arrays.filter((array) => array !== null);
      for (const [index, array] of filled.entries()) array.set(block.columns[index] as typeof array & ColumnArray, at);
      at += block.rows;
    }
  } finally {
    connection.closeSync();
  }
  return { rows, arrays };
}

const ARRAYS = { FLOAT: Float32Array, DOUBLE: Float64Array, TINYINT: Int8Array } as const;

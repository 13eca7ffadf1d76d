/** Reads everything about the rows of a log except their features: labels, weights, groups, days, segments and truths. */
import { type Database, queryOne } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import { type ColumnArray, type ColumnLayout, readNumberedColumns } from '../read-columns.ts';
import { labelledStages } from './labels.ts';
import { goodLogRows, type PreparedLog, rowsDigestSql } from './prepared-rows.ts';
import { requiredValue } from './required-columns.ts';
import { findSegments, type Segmentation, segmentSql } from './segments.ts';
import { inPartsSql } from './split.ts';
import { assertProbabilities, type Truth, truthColumns, truthName } from './truth.ts';

/** The good rows of some parts in the log's order, column by column. */
export interface Outcomes {
  readonly rows: number;
  /** Labels by labelled stage: 1, 0 or `UNKNOWN_LABEL`. `inconsistent: and` is already applied. */
  readonly labels: Readonly<Record<string, Int8Array>>;
  /** What each row counts for, as `weightSql`; `null` where that is 1 in every row. */
  readonly weight: Float32Array | null;
  /**
   * 53-bit hash of the group or, if that is missing, of the row's own number; `null` if no group is declared, or there
   * is no row.
   */
  readonly group: Float64Array | null;
  /** Days since 1970 in UTC; `null` if the log has no time. */
  readonly day: Float64Array | null;
  readonly segments: readonly SegmentCodes[];
}

/** The values of a segment column, as codes. */
export interface SegmentCodes extends Segmentation {
  /** For each row, the position of its value in `values`; -1 for a value that is not among them. */
  readonly codes: Int8Array;
}

const BLOCK_ROWS = 65_536;
const DAY_MS = 86_400_000;

/** Reads the labels, weights, groups, days and segments of the good rows in these parts. */
export async function readOutcomes(database: Database, log: PreparedLog, parts: readonly Part[]): Promise<Outcomes> {
  const { declaration } = log;
  const stages = labelledStages(declaration);
  const segmentations = await findSegments(database, log, parts);
  const columns: OutcomeColumn[] = [
    { sql: '"#weight"', type: 'FLOAT', exists: declaration.log.kept !== null || declaration.log.weight !== null },
    { sql: '"#group"', type: 'DOUBLE', exists: declaration.log.group !== null },
    { sql: `floor("#time" / ${DAY_MS})`, type: 'DOUBLE', exists: declaration.log.time !== null },
    ...stages.map((_, index): OutcomeColumn => ({ sql: `"#label${index}"`, type: 'TINYINT', exists: true })),
    ...segmentations.map(
      (segmentation, index): OutcomeColumn => ({
        sql: segmentSql(`"#segment${index}"`, segmentation),
        type: 'TINYINT',
        exists: true,
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

/**
 * Reads the truth of the good rows in these parts, in the log's order; `null` where none is declared.
 * @throws {DataError} `columns_missing`, or `truth_not_valid` where it is not a probability in every row.
 */
export async function readTruth(database: Database, log: PreparedLog, parts: readonly Part[]): Promise<Truth | null> {
  const declared = truthColumns(log.declaration);
  if (declared.length === 0) return null;
  const { relation } = log.source;
  for (const [, column] of declared) requiredValue(relation, column);
  const columns = declared.map((_, index) => ({ sql: truthName(index), type: 'DOUBLE', exists: true }) as const);
  const { arrays } = await readParts(database, log, parts, columns);
  return Object.fromEntries(
    declared.map(([kind, column], index) => {
      const values = arrays[index] as Float64Array;
      assertProbabilities(values, { kind, column, place: relation.name });
      return [kind, values];
    }),
  );
}

/** Counts the good rows that have no value in the column of a split by hash. Each of them is split by itself. */
export async function countUnhashed(database: Database, log: PreparedLog): Promise<number> {
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${goodLogRows(log, [])} WHERE "#unhashed"`);
  return Number(rows);
}

/** How many good rows are in each part, and a digest of those of the training part. */
export interface PartsOfRows {
  readonly rows: Readonly<Record<Part, number>>;
  /** As `rowsDigestSql`. */
  readonly trainingDigest: string;
}

/** Counts the good rows of each part. */
export async function countParts(database: Database, log: PreparedLog): Promise<PartsOfRows> {
  const [train, validation, test] = PARTS.map((_, part) => `count(*) FILTER ("#part" = ${part}) AS part${part}`);
  const counts = await queryOne(
    database,
    `SELECT ${[train, validation, test].join(', ')}, ${rowsDigestSql(log.declaration, '"#part" = 0')} AS digest FROM ${goodLogRows(log, [])}`,
  );
  return {
    rows: { train: Number(counts.part0), validation: Number(counts.part1), test: Number(counts.part2) },
    trainingDigest: String(counts.digest),
  };
}

interface OutcomeColumn {
  readonly sql: string;
  readonly type: 'FLOAT' | 'DOUBLE' | 'TINYINT';
  /** Whether the log has the column. */
  readonly exists: boolean;
}

/** Reads the columns into arrays of their full length; `null` for a column that does not exist. */
async function readParts(
  database: Database,
  log: PreparedLog,
  parts: readonly Part[],
  columns: readonly OutcomeColumn[],
): Promise<{ rows: number; arrays: (ColumnArray | null)[] }> {
  const from = `${goodLogRows(log, [])} WHERE ${inPartsSql(parts)}`;
  const counted = await queryOne(database, `SELECT count(*) AS rows FROM ${from}`);
  const rows = Number(counted.rows);
  const arrays = columns.map(({ type, exists }) => (exists ? new ARRAYS[type](rows) : null));
  const existing = columns.filter(({ exists }) => exists);
  const layout = existing.map(({ type }): ColumnLayout => ({ type, length: null }));
  const selected = ['CAST(row_number() OVER () AS DOUBLE)', ...existing.map(({ sql }) => sql)].join(', ');
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

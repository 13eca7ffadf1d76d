/** Counts the rows, times, groups and labels of each part of a log. */
import { delayedStages } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import { goodLogRows, type PreparedLog, rowsDigestSql } from '../check/prepared-rows.ts';
import { type Database, query } from '../database.ts';
import { PARTS, type Part, UNKNOWN_LABEL } from '../encoded.ts';
import { type RunPart, untold } from '../log-progress.ts';

/**
 * Counts of a stage's labels in a part.
 */
export interface LabelCounts {
  readonly positives: number;
  readonly negatives: number;
  /** Rows whose label is not final yet. */
  readonly unknown: number;
  /** Sum of the weights of the rows whose label is known. */
  readonly weightedRows: number;
  /** Sum of the weights of the rows whose label is 1. */
  readonly weightedPositives: number;
}

/** First and last instant, in epoch milliseconds. */
export interface TimeRange {
  readonly first: number;
  readonly last: number;
}

/** Summary of the rows in a part. */
export interface PartSummary {
  readonly rows: number;
  readonly time: TimeRange | null;
  /** Number of distinct groups; `null` if the log has none. */
  readonly groups: number | null;
  /** Sum of hashes of the rows, in decimal: what tells them from other rows; see `rowsDigestSql`. */
  readonly digest: string;
  /** Counts of labels by labelled stage. */
  readonly labels: Readonly<Record<string, LabelCounts>>;
  /** Mean delay of the seen events in days, by stage whose delays are known; none without any. */
  readonly meanDelays: Readonly<Record<string, number>>;
}

const DAY_MS = 86_400_000;

/** Bits of the largest weight, in the unit in which weights are summed. A sum of 2^66 rows has the bits of a HUGEINT. */
const WEIGHT_BITS = 60;

/** Summarises the rows of each part, in one statement for the rows and one for their labels. */
export async function summarizeParts(
  database: Database,
  log: PreparedLog,
  run: RunPart = untold,
): Promise<Record<Part, PartSummary>> {
  const from = goodLogRows(log, []);
  const stages = labelledStages(log.declaration);
  const delayed = delayedStages(log.declaration);
  // A row without a group is a group of its own.
  const counted = [
    'count(*) AS rows',
    'min("#time") AS first',
    'max("#time") AS last',
    'max("#weight") AS heaviest',
    'count(DISTINCT "#group") + count(*) - count("#group") AS groups',
    `${rowsDigestSql(log.declaration)} AS digest`,
    // Of whole milliseconds, whose sum does not depend on which thread reads which rows.
    ...delayed.map(
      (_, i) => `sum(CAST(round("#delay${i}" * ${DAY_MS}) AS HUGEINT)) FILTER ("#delay${i}" >= 0) AS delay${i}`,
    ),
    ...delayed.map((_, i) => `count(*) FILTER ("#delay${i}" >= 0) AS seen${i}`),
  ];
  const rows = await run(1, () =>
    query(database, `SELECT "#part" AS part, ${counted.join(', ')} FROM ${from} GROUP BY part`),
  );
  const unit = weightUnit(Math.max(0, ...rows.map(({ heaviest }) => Number(heaviest))));
  const columns = ['"#part" AS part', ...stages.map((_, i) => `"#label${i}" AS label${i}`)];
  const labels = await run(1, () =>
    query(
      database,
      `SELECT ${columns.join(', ')}, count(*) AS rows, ${weightSumSql(unit)} AS weight
       FROM ${from} GROUP BY ALL`,
    ),
  );
  const summaries = PARTS.map((part, code): [Part, PartSummary] => {
    const own = rows.find((row) => Number(row.part) === code);
    return [
      part,
      {
        rows: Number(own?.rows ?? 0),
        time: own?.first == null ? null : { first: Number(own.first), last: Number(own.last) },
        groups: log.declaration.log.group === null ? null : Number(own?.groups ?? 0),
        digest: String(own?.digest ?? 0),
        meanDelays: Object.fromEntries(
          delayed.flatMap(({ name }, i) => {
            const seen = Number(own?.[`seen${i}`] ?? 0);
            return seen === 0 ? [] : [[name, Number(own?.[`delay${i}`]) / seen / DAY_MS]];
          }),
        ),
        labels: Object.fromEntries(
          stages.map(({ name }, i) => {
            return [
              name,
              labelCounts(
                labels.filter((row) => Number(row.part) === code),
                `label${i}`,
                unit,
              ),
            ];
          }),
        ),
      },
    ];
  });
  return Object.fromEntries(summaries) as Record<Part, PartSummary>;
}

/** Returns the mean of what the rows of each part count for; 1 of a part without rows. */
export async function meanWeights(database: Database, log: PreparedLog): Promise<Record<Part, number>> {
  const { weight, kept } = log.declaration.log;
  if (weight === null && kept === null) return { train: 1, validation: 1, test: 1 };
  const from = goodLogRows(log, []);
  const [{ heaviest } = {}] = await query(database, `SELECT max("#weight") AS heaviest FROM ${from}`);
  const unit = weightUnit(Number(heaviest ?? 0));
  const sums = await query(
    database,
    `SELECT "#part" AS part, count(*) AS rows, ${weightSumSql(unit)} AS weight FROM ${from} GROUP BY part`,
  );
  const means = PARTS.map((part, code): [Part, number] => {
    const own = sums.find((row) => Number(row.part) === code);
    return [part, own === undefined ? 1 : Number(own.weight) / unit / Number(own.rows)];
  });
  return Object.fromEntries(means) as Record<Part, number>;
}

/** Returns the SQL of the sum of the rows' weights in a unit. */
function weightSumSql(unit: number): string {
  return `sum(CAST(round("#weight" * CAST(${unit} AS DOUBLE)) AS HUGEINT))`;
}

/**
 * Returns the power of two by which weights are multiplied to be summed as integers: a sum of floating values depends on
 * which thread reads which rows.
 */
function weightUnit(heaviest: number): number {
  return heaviest === 0 ? 1 : 2 ** (WEIGHT_BITS - Math.ceil(Math.log2(heaviest)));
}

/** Adds up the counts of the rows with each combination of labels; the weights are in a unit. */
function labelCounts(
  combinations: readonly Readonly<Record<string, unknown>>[],
  label: string,
  unit: number,
): LabelCounts {
  const sum = (count: 'rows' | 'weight', ...values: readonly number[]) =>
    combinations
      .filter((row) => values.includes(Number(row[label])))
      .reduce((total, row) => total + BigInt(String(row[count])), 0n);
  return {
    positives: Number(sum('rows', 1)),
    negatives: Number(sum('rows', 0)),
    unknown: Number(sum('rows', UNKNOWN_LABEL)),
    weightedRows: Number(sum('weight', 0, 1)) / unit,
    weightedPositives: Number(sum('weight', 1)) / unit,
  };
}

/** Counts the rows, times, groups and labels of each part of a log. */
import { delayedStages } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import { goodLogRows, type PreparedLog, rowsDigestSql } from '../check/prepared-rows.ts';
import { type Database, query } from '../database.ts';
import { PARTS, type Part, UNKNOWN_LABEL } from '../encoded.ts';

/**
 * Counts of a stage's labels in a part. The weight of a row is the inverse of the rate at which such rows were kept.
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

/** Weights are summed as integers, in this unit: a sum of floating values depends on which thread reads which rows. */
const WEIGHT_UNIT = 2 ** 20;

/** Summarises the rows of each part, in one statement for the rows and one for their labels. */
export async function summarizeParts(database: Database, log: PreparedLog): Promise<Record<Part, PartSummary>> {
  const from = goodLogRows(log, []);
  const stages = labelledStages(log.declaration);
  const delayed = delayedStages(log.declaration);
  // A row without a group is a group of its own.
  const counted = [
    'count(*) AS rows',
    'min("#time") AS first',
    'max("#time") AS last',
    'count(DISTINCT "#group") + count(*) - count("#group") AS groups',
    `${rowsDigestSql(log.declaration)} AS digest`,
    // Of whole milliseconds, whose sum does not depend on which thread reads which rows.
    ...delayed.map(
      (_, i) => `sum(CAST(round("#delay${i}" * ${DAY_MS}) AS HUGEINT)) FILTER ("#delay${i}" >= 0) AS delay${i}`,
    ),
    ...delayed.map((_, i) => `count(*) FILTER ("#delay${i}" >= 0) AS seen${i}`),
  ];
  const rows = await query(database, `SELECT "#part" AS part, ${counted.join(', ')} FROM ${from} GROUP BY part`);
  const columns = ['"#part" AS part', ...stages.map((_, i) => `"#label${i}" AS label${i}`)];
  const labels = await query(
    database,
    `SELECT ${columns.join(', ')}, count(*) AS rows, sum(CAST(round("#weight" * ${WEIGHT_UNIT}) AS HUGEINT)) AS weight
     FROM ${from} GROUP BY ALL`,
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
              ),
            ];
          }),
        ),
      },
    ];
  });
  return Object.fromEntries(summaries) as Record<Part, PartSummary>;
}

/** Adds up the counts of the rows with each combination of labels. */
function labelCounts(combinations: readonly Readonly<Record<string, unknown>>[], label: string): LabelCounts {
  const sum = (count: 'rows' | 'weight', ...values: readonly number[]) =>
    combinations
      .filter((row) => values.includes(Number(row[label])))
      .reduce((total, row) => total + BigInt(String(row[count])), 0n);
  return {
    positives: Number(sum('rows', 1)),
    negatives: Number(sum('rows', 0)),
    unknown: Number(sum('rows', UNKNOWN_LABEL)),
    weightedRows: Number(sum('weight', 0, 1)) / WEIGHT_UNIT,
    weightedPositives: Number(sum('weight', 1)) / WEIGHT_UNIT,
  };
}

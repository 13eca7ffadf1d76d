/** Summarises the good rows of a log: rows of each part, labels of each stage, missing and dropped values. */
import type { Feature } from '../../config/declaration.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows, rowsDigestSql } from '../check/prepared-rows.ts';
import { describeSplit } from '../check/split.ts';
import { type Database, queryOne } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import { featureKind } from '../kinds/index.ts';
import { numberNotes } from './number-notes.ts';
import { findRepeatedKeys } from './repeated-keys.ts';
import { type RowsOfFeature, rowsOfFeatures } from './rows-of-feature.ts';
import { findSuspicious, type SuspiciousColumn, suspicionText } from './suspicious.ts';
import { valueNotes } from './value-notes.ts';

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
}

/** Summary of a log. */
export interface LogSummary {
  /** Path of the log, as the user gave it. */
  readonly source: string;
  readonly rows: number;
  readonly rejected: number;
  readonly rejectedByReason: Readonly<Record<string, number>>;
  readonly time: TimeRange | null;
  /** How the rows are divided: `split by the hash of row: 10% validation, 20% test`. */
  readonly split: string;
  readonly parts: Readonly<Record<Part, PartSummary>>;
  /** Number of training rows without a value, by feature. */
  readonly missing: Readonly<Record<string, number>>;
  /** Number of values that are dropped because a bag is too long, in the training rows, by bag. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Rows that repeat the keys of another row. */
  readonly repeatedKeys: number;
  /** Features that tell a label by themselves: most likely their columns are known only afterwards. */
  readonly suspicious: readonly SuspiciousColumn[];
  /** What a user should know of the log, but which stops nothing: one sentence each, without a full stop. */
  readonly notes: readonly string[];
}

async function findNotes(database: Database, log: CheckedLog, trainingRows: number): Promise<string[]> {
  const rowsOf = rowsOfFeatures(log);
  return [
    ...(await valueNotes(database, log, rowsOf)),
    ...(await numberNotes(database, log.declaration.features, rowsOf, trainingRows)),
  ];
}

/** Returns everything that a user should know of a log: its notes, and its suspicious columns as sentences. */
export function toldOf({ notes, suspicious }: Pick<LogSummary, 'notes' | 'suspicious'>): string[] {
  return [...notes, ...suspicious.map(suspicionText)];
}

/** Summarises a log. */
export async function summarizeLog(database: Database, log: CheckedLog): Promise<LogSummary> {
  const { source, rejects, start, end } = log;
  const rejectedByReason: Record<string, number> = {};
  for (const { reason, rows } of rejects) rejectedByReason[reason] = (rejectedByReason[reason] ?? 0) + rows;
  const parts: Partial<Record<Part, PartSummary>> = {};
  for (const part of PARTS) parts[part] = await summarizePart(database, log, part);
  const repeated = await findRepeatedKeys(database, log);
  return {
    source: source.path,
    rows: source.rows,
    rejected: rejects.reduce((sum, { rows }) => sum + rows, 0),
    rejectedByReason,
    time: start === null || end === null ? null : { first: start, last: end },
    split: describeSplit(log.declaration.split),
    parts: parts as Record<Part, PartSummary>,
    ...(await countValues(database, log.declaration.features, rowsOfFeatures(log))),
    suspicious: await findSuspicious(database, log),
    repeatedKeys: repeated.rows,
    notes: [...log.notes, ...repeated.notes, ...(await findNotes(database, log, parts.train?.rows ?? 0))],
  };
}

async function summarizePart(database: Database, log: CheckedLog, part: Part): Promise<PartSummary> {
  const { declaration } = log;
  const stages = labelledStages(declaration);
  const columns = stages.flatMap((_, i) => [
    `count(*) FILTER ("#label${i}" = 1) AS positives${i}`,
    `count(*) FILTER ("#label${i}" = 0) AS negatives${i}`,
    `count(*) FILTER ("#label${i}" = -1) AS unknown${i}`,
    `${weightSum(`"#label${i}" >= 0`)} AS weighted${i}`,
    `${weightSum(`"#label${i}" = 1`)} AS weightedPositive${i}`,
  ]);
  // A row without a group is a group of its own.
  const groups = 'count(DISTINCT "#group") + count(*) - count("#group") AS groups';
  const digest = `${rowsDigestSql(declaration)} AS digest`;
  const counts = await queryOne(
    database,
    `SELECT ${['count(*) AS rows', 'min("#time") AS first', 'max("#time") AS last', groups, digest, ...columns].join(', ')} FROM ${goodLogRows(log, [])} WHERE "#part" = ${PARTS.indexOf(part)}`,
  );
  const labels = stages.map(({ name }, i) => [
    name,
    {
      positives: Number(counts[`positives${i}`]),
      negatives: Number(counts[`negatives${i}`]),
      unknown: Number(counts[`unknown${i}`]),
      weightedRows: Number(counts[`weighted${i}`]) / WEIGHT_UNIT,
      weightedPositives: Number(counts[`weightedPositive${i}`]) / WEIGHT_UNIT,
    },
  ]);
  const time = counts.first == null ? null : { first: Number(counts.first), last: Number(counts.last) };
  return {
    rows: Number(counts.rows),
    time,
    digest: String(counts.digest),
    groups: declaration.log.group === null ? null : Number(counts.groups),
    labels: Object.fromEntries(labels),
  };
}

/** Weights are summed as integers, in this unit: a sum of floating values depends on which thread reads which rows. */
const WEIGHT_UNIT = 2 ** 20;

function weightSum(condition: string): string {
  return `COALESCE(sum(CAST(round("#weight" * ${WEIGHT_UNIT}) AS HUGEINT)) FILTER (${condition}), 0)`;
}

async function countValues(
  database: Database,
  features: readonly Feature[],
  rowsOf: RowsOfFeature,
): Promise<Pick<LogSummary, 'missing' | 'dropped'>> {
  const [missing, dropped]: [Record<string, number>, Record<string, number>] = [{}, {}];
  for (const feature of features) {
    const kind = featureKind(feature);
    const cut = kind.dropped(feature, 0);
    const counts = await queryOne(
      database,
      `SELECT count(*) FILTER (${kind.isMissing(0)}) AS missing, ${cut ?? 'NULL'} AS dropped
       FROM ${rowsOf(feature)} WHERE "#part" = 0`,
    );
    missing[feature.name] = Number(counts.missing);
    if (cut !== null) dropped[feature.name] = Number(counts.dropped);
  }
  return { missing, dropped };
}

/**
 * Joins the outcomes of a day with the scores before them: for each outcome, and each version, the last score of its
 * keys. The last of all versions is the one that counts. Rows whose keys have the same remainder are joined at a time, so
 * that memory does not grow with the day.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { delayedStages } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import { type Database, execute, query, queryOne, withCleanup } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { writePath } from '../paths.ts';
import type { OutcomeDay } from './outcome-days.ts';
import type { ScoredRows } from './scored-files.ts';
import { type SumOptions, sumJoined } from './sum-queries.ts';
import type { JoinedSums, ScoreCounts } from './sums.ts';

/** The sums of an outcome day. */
export interface JoinedDay {
  /** Outcomes that no score counts for. */
  readonly unscored: number;
  /** Outcomes that repeat the keys of another one of the day. */
  readonly repeated: number;
  /** By version, by day of scoring. */
  readonly sums: ReadonlyMap<string, ReadonlyMap<string, JoinedSums>>;
}

/** Outcomes and scores that are joined at a time: those whose keys have the same remainder. */
const ROWS_AT_A_TIME = 4_000_000;

/**
 * Joins the outcomes of a day with scores, and sums what is measured. Without a time, the last score of all counts.
 * @param scores of the files that may count for an outcome of this day
 */
export async function joinDay(
  database: Database,
  day: OutcomeDay,
  scores: ScoredRows,
  options: SumOptions,
): Promise<JoinedDay> {
  const folder = join(database.scratch, database.uniqueName('joined'));
  await mkdir(folder);
  return withCleanup(
    async () => {
      const paths: string[] = [];
      let repeated = 0;
      for (const bucket of bucketsOf(day.rows + scores.rows)) {
        const path = join(folder, `${paths.length}.parquet`);
        await joinBucket(database, { day, scores, bucket, options }, path);
        paths.push(path);
        repeated += await countRepeated(database, day, bucket);
      }
      const from = `(SELECT rows.*, files.day, files.version FROM ${parquetScan(paths)} AS rows JOIN ${scores.files} AS files ON rows.f = files.f)`;
      const sums = await sumJoined(database, from, options);
      const counted = [...sums.values()].flatMap((versions) => [...versions.values()]);
      return { unscored: day.rows - counted.reduce((sum, { outcomes }) => sum + outcomes, 0), repeated, sums };
    },
    () => rm(folder, { recursive: true }),
  );
}

/** Returns conditions on `k`, each of which holds for as many rows as are joined at a time. */
function bucketsOf(rows: number): string[] {
  const buckets = Math.max(1, Math.ceil(rows / ROWS_AT_A_TIME));
  return Array.from({ length: buckets }, (_, bucket) => (buckets === 1 ? 'true' : `k % ${buckets} = ${bucket}`));
}

/**
 * Counts the scores of a scoring day by version.
 * @param outcomes of the days on which an outcome may count as that of these scores
 */
export async function countScores(
  database: Database,
  { from, files, rows }: ScoredRows,
  outcomes: readonly OutcomeDay[],
): Promise<ReadonlyMap<string, ScoreCounts>> {
  const paths = outcomes.flatMap((day) => day.paths);
  const all = outcomes.reduce((sum, day) => sum + day.rows, rows);
  const totals = new Map<string, ScoreCounts>();
  for (const bucket of bucketsOf(all)) {
    const isMatched = paths.length === 0 ? 'false' : `k IN (SELECT k FROM ${parquetScan(paths)} WHERE ${bucket})`;
    const keys = `SELECT version, k, count(*) AS n FROM (SELECT * FROM ${from} WHERE ${bucket}) AS scores JOIN ${files} AS files ON scores.f = files.f GROUP BY version, k`;
    const counts = await query(
      database,
      `SELECT version, sum(n) AS rows, count(*) AS keys, count(*) FILTER (${isMatched}) AS matched FROM (${keys}) GROUP BY version`,
    );
    for (const row of counts) {
      const version = String(row.version);
      const before = totals.get(version) ?? { rows: 0, keys: 0, matched: 0 };
      totals.set(version, {
        rows: before.rows + Number(row.rows),
        keys: before.keys + Number(row.keys),
        matched: before.matched + Number(row.matched),
      });
    }
  }
  return totals;
}

async function countRepeated(database: Database, { paths }: OutcomeDay, bucket: string): Promise<number> {
  const { repeated } = await queryOne(
    database,
    `SELECT count(*) - count(DISTINCT k) AS repeated FROM ${parquetScan(paths)} WHERE ${bucket}`,
  );
  return Number(repeated);
}

interface Bucket {
  readonly day: OutcomeDay;
  readonly scores: ScoredRows;
  /** Condition on `k`. */
  readonly bucket: string;
  readonly options: SumOptions;
}

/** Writes a row for each outcome and each version that has scored it before. */
async function joinBucket(database: Database, part: Bucket, path: string): Promise<void> {
  const joined = await markLast(database, await joinLast(database, part));
  await execute(
    database,
    `COPY ${joined} TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  await execute(database, `DROP TABLE ${joined}`);
}

/** Creates a table with a row for each outcome and each version that has scored it before, and returns its name. */
async function joinLast(
  database: Database,
  { day, scores, bucket, options: { declaration, tasks } }: Bucket,
): Promise<string> {
  const outputs = tasks.map((_, index) => `arg_max(p${index}, scores.f) AS p${index}`);
  const outcome = [
    't',
    'w',
    ...labelledStages(declaration).map((_, index) => `l${index}`),
    ...delayedStages(declaration).map((_, index) => `a${index}`),
    ...declaration.report.segments.map((_, index) => `s${index}`),
    'm',
  ].map((name) => `any_value(outcomes.${name}) AS ${name}`);
  const within = declaration.monitoring.matchesWithinMs;
  const isBefore = `(outcomes.t IS NULL OR (files.since <= outcomes.t AND files.since > outcomes.t - ${within}))`;
  const joined = database.uniqueName('joined');
  await execute(
    database,
    `CREATE TABLE ${joined} AS
     SELECT outcomes.r, max(scores.f) AS f, ${[...outputs, ...outcome].join(', ')}
     FROM (SELECT * FROM ${scores.from} WHERE ${bucket}) AS scores JOIN ${scores.files} AS files ON scores.f = files.f
     JOIN (SELECT * FROM ${parquetScan(day.paths)} WHERE ${bucket}) AS outcomes ON scores.k = outcomes.k AND ${isBefore}
     GROUP BY outcomes.r, files.version`,
  );
  return joined;
}

/** Adds the column `is_last`: whether no other version has scored the outcome later. */
async function markLast(database: Database, joined: string): Promise<string> {
  const { rows, outcomes } = await queryOne(
    database,
    `SELECT count(*) AS rows, count(DISTINCT r) AS outcomes FROM ${joined}`,
  );
  if (rows === outcomes) {
    await execute(database, `ALTER TABLE ${joined} ADD COLUMN is_last BOOLEAN DEFAULT true`);
    return joined;
  }
  const marked = database.uniqueName('joined');
  await execute(
    database,
    `CREATE TABLE ${marked} AS SELECT rows.*, rows.f = last.f AS is_last FROM ${joined} AS rows
     JOIN (SELECT r, max(f) AS f FROM ${joined} GROUP BY r) AS last ON rows.r = last.r`,
  );
  await execute(database, `DROP TABLE ${joined}`);
  return marked;
}

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

/** Outcomes, for each version, that are in memory at a time: those whose keys have the same remainder. */
const OUTCOMES_AT_A_TIME = 2_000_000;

/** Keys that are counted at a time, with nothing beside them. */
const KEYS_AT_A_TIME = 8_000_000;

/**
 * Joins the outcomes of a day with scores, and sums what is measured. Without a time, the last score of all counts.
 * @param scores of the files that may count for an outcome of this day
 * @param atATime Outcomes, for each version, that are in memory at a time.
 */
export async function joinDay(
  database: Database,
  day: OutcomeDay,
  scores: ScoredRows,
  options: SumOptions,
  atATime = OUTCOMES_AT_A_TIME,
): Promise<JoinedDay> {
  const folder = join(database.scratch, database.uniqueName('joined'));
  await mkdir(folder);
  return withCleanup(
    async () => {
      const paths: string[] = [];
      let repeated = 0;
      for (const bucket of bucketsOf(day.rows * Math.max(1, scores.versions), atATime)) {
        const path = join(folder, `${paths.length}.parquet`);
        await joinBucket(database, { day, scores, bucket, options }, path);
        paths.push(path);
        repeated += await countRepeated(database, day, bucket);
      }
      const from = `(SELECT rows.*, files.day, files.version FROM ${parquetScan(paths)} AS rows JOIN ${scores.files} AS files ON rows.f = files.f)`;
      const sums = await sumJoined(database, from, options, scores.versions > 1);
      const counted = [...sums.values()].flatMap((versions) => [...versions.values()]);
      return { unscored: day.rows - counted.reduce((sum, { outcomes }) => sum + outcomes, 0), repeated, sums };
    },
    () => rm(folder, { recursive: true }),
  );
}

/** Returns conditions on `k`, each of which holds for as many rows as are in memory at a time. */
function bucketsOf(rows: number, atATime: number): string[] {
  const buckets = Math.max(1, Math.ceil(rows / atATime));
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
  for (const bucket of bucketsOf(all, KEYS_AT_A_TIME)) {
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
  const joined = joinedSql(part);
  if (part.scores.versions <= 1) return writeRows(database, `SELECT *, true AS is_last FROM (${joined})`, path);
  const all = `${path}.all`;
  await writeRows(database, joined, all);
  const last = `SELECT r, max(f) AS f FROM ${parquetScan([all])} GROUP BY r`;
  await writeRows(
    database,
    `SELECT rows.*, rows.f = last.f AS is_last FROM ${parquetScan([all])} AS rows JOIN (${last}) AS last ON rows.r = last.r`,
    path,
  );
  await rm(all);
}

async function writeRows(database: Database, rows: string, path: string): Promise<void> {
  await execute(
    database,
    `COPY (${rows}) TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
}

/**
 * Returns the SQL of a row for each outcome and each version that has scored it before. Of the outcomes no more than
 * keys, positions and times are kept in memory, beside the last score of each: all else is read once that is found.
 */
function joinedSql({ day, scores, bucket, options: { declaration, tasks } }: Bucket): string {
  const outputs = tasks.map((_, index) => `p${index}`);
  const ofOutcome = [
    'r',
    't',
    'w',
    ...labelledStages(declaration).map((_, index) => `l${index}`),
    ...delayedStages(declaration).map((_, index) => `a${index}`),
    ...declaration.report.segments.map((_, index) => `s${index}`),
    'm',
  ].map((name) => `outcomes.${name}`);
  const ofScore = ['f', ...outputs].map((name) => `last.${name}`);
  const within = declaration.monitoring.matchesWithinMs;
  const isBefore = `(keys.t IS NULL OR (files.since <= keys.t AND files.since > keys.t - ${within}))`;
  const outcomes = `${parquetScan(day.paths)} WHERE ${bucket}`;
  const last = `SELECT keys.r, max(scores.f) AS f, ${outputs.map((p) => `arg_max(${p}, scores.f) AS ${p}`).join(', ')}
     FROM (SELECT * FROM ${scores.from} WHERE ${bucket}) AS scores JOIN ${scores.files} AS files ON scores.f = files.f
     JOIN (SELECT k, r, t FROM ${outcomes}) AS keys ON scores.k = keys.k AND ${isBefore}
     GROUP BY keys.r, files.v`;
  return `SELECT ${[...ofOutcome, ...ofScore].join(', ')} FROM (SELECT * FROM ${outcomes}) AS outcomes JOIN (${last}) AS last ON outcomes.r = last.r`;
}

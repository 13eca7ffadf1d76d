/**
 * Joins the outcomes of a day with the scores before them: for each outcome, and each version, the last score of its
 * keys. The last of all versions is the one that counts. DuckDB joins and groups on disk what does not fit in memory.
 */
import { delayedStages } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import { type Database, execute, query, queryOne, withCleanup } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import type { OutcomeDay } from './outcome-days.ts';
import type { ScoredRows } from './scored-files.ts';
import { type SumOptions, sumJoined } from './sum-queries.ts';
import type { JoinedSums, ScoreCounts } from './sums.ts';

/** The sums of an outcome day. */
export interface JoinedDay {
  /** Outcomes that no score counts for. */
  readonly unscored: number;
  /** By version, by day of scoring. */
  readonly sums: ReadonlyMap<string, ReadonlyMap<string, JoinedSums>>;
}

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
  const joined = await joinLast(database, day, scores, options);
  return withCleanup(
    async () => {
      const from = `(SELECT rows.*, files.day, files.version FROM ${joined} AS rows JOIN ${scores.files} AS files ON rows.f = files.f)`;
      const sums = await sumJoined(database, from, options);
      const counted = [...sums.values()].flatMap((versions) => [...versions.values()]);
      return { unscored: day.rows - counted.reduce((sum, { outcomes }) => sum + outcomes, 0), sums };
    },
    () => execute(database, `DROP TABLE ${joined}`),
  );
}

/**
 * Counts the scores of a scoring day by version.
 * @param outcomes of the days on which an outcome may count as that of these scores
 */
export async function countScores(
  database: Database,
  { from, files }: ScoredRows,
  outcomes: readonly OutcomeDay[],
): Promise<ReadonlyMap<string, ScoreCounts>> {
  const paths = outcomes.flatMap((day) => day.paths);
  const isMatched = paths.length === 0 ? 'false' : `k IN (SELECT k FROM ${parquetScan(paths)})`;
  const keys = `SELECT version, k, count(*) AS n FROM ${from} AS scores JOIN ${files} AS files ON scores.f = files.f GROUP BY version, k`;
  const counts = await query(
    database,
    `SELECT version, sum(n) AS rows, count(*) AS keys, count(*) FILTER (${isMatched}) AS matched FROM (${keys}) GROUP BY version`,
  );
  return new Map(
    counts.map(({ version, rows, keys: different, matched }) => [
      String(version),
      { rows: Number(rows), keys: Number(different), matched: Number(matched) },
    ]),
  );
}

/** Creates a table with a row for each outcome and each version that has scored it before, and returns its name. */
async function joinLast(
  database: Database,
  day: OutcomeDay,
  scores: ScoredRows,
  { declaration, tasks }: SumOptions,
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
     FROM ${scores.from} AS scores JOIN ${scores.files} AS files ON scores.f = files.f
     JOIN ${parquetScan(day.paths)} AS outcomes ON scores.k = outcomes.k AND ${isBefore}
     GROUP BY outcomes.r, files.version`,
  );
  return markLast(database, joined);
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

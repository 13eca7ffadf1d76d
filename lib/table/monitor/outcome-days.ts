/** The rows of a log as monitoring reads them: keys, times, labels and what else is summed, in a file for each day. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { delayedStages, timeName } from '../check/delays.ts';
import { labelledStages } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodRowsOf, MONEY } from '../check/prepared-rows.ts';
import { type Database, execute, queryOne } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import { writePath } from '../paths.ts';

/** The outcomes of one day; of a log without a time all outcomes. */
export interface OutcomeDay {
  /** Day of the rows in UTC, such as `2026-11-22`; `null` for a log without a time. */
  readonly day: string | null;
  readonly paths: readonly string[];
  readonly rows: number;
}

/** Name of the partition of rows without a time. */
const NO_DAY = 'none';

/** A log that is written by days. */
export interface OutcomeDays {
  readonly days: readonly OutcomeDay[];
  /** As `PreparedLog.end`. */
  readonly end: number | null;
}

/**
 * Writes the good rows of a log to a file for each day, in a new folder below the database's scratch folder. The
 * columns: `r` (position in the log), `k` (hash of the keys), `t` (time in epoch milliseconds), `w` (weight), `l<i>` (0
 * or 1: whether the i-th labelled stage was reached so far), `a<i>` (time of the event of the i-th delayed stage),
 * `s<i>` (text of the i-th segment column), and `m` (the outcome that is summed in money).
 */
export async function writeOutcomeDays(database: Database, log: CheckedLog): Promise<OutcomeDays> {
  const { declaration, prepared, end } = log;
  const folder = join(database.scratch, database.uniqueName('outcomes'));
  await mkdir(folder);
  const stages = labelledStages(declaration);
  const columns = [
    '"#row" AS r',
    '"#keys" AS k',
    '"#time" AS t',
    '"#weight" AS w',
    ...stages.map((_, index) => `"#label${index}" AS l${index}`),
    ...delayedStages(declaration).map((stage, index) => `${timeName(declaration, stage)} AS a${index}`),
    ...declaration.report.segments.map((_, index) => `"#segment${index}" AS s${index}`),
    declaration.monitoring.money === null ? 'CAST(NULL AS DOUBLE) AS m' : `${MONEY} AS m`,
    `CASE WHEN "#time" IS NULL THEN '${NO_DAY}' ELSE strftime(make_timestamp_ms("#time"), '%Y-%m-%d') END AS day`,
  ];
  await execute(
    database,
    `COPY (SELECT ${columns.join(', ')} FROM ${goodRowsOf(prepared, end)}) TO ${writePath(folder)}
     (FORMAT parquet, PARTITION_BY (day), COMPRESSION zstd, COMPRESSION_LEVEL 1)`,
  );
  const days: OutcomeDay[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const paths = (await readdir(join(folder, name))).map((file) => join(folder, name, file));
    const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${parquetScan(paths)}`);
    const day = name.replace(/^day=/, '');
    days.push({ day: day === NO_DAY ? null : day, paths, rows: Number(rows) });
  }
  return { days, end };
}

/** A log's good rows in scratch space, checked and prepared once, for the many questions that fitting and validation ask. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requiredValue } from '../check/check-columns.ts';
import { goodRows } from '../check/check-rows.ts';
import { labelledStages, matureLabelSql, weightSql } from '../check/labels.ts';
import type { CheckedLog } from '../check/log.ts';
import { partSql } from '../check/split.ts';
import { timeSql } from '../columns.ts';
import { type Database, execute, literal } from '../database.ts';
import { prepareSql } from '../encode/encode-sql.ts';
import { featureKind } from '../kinds/index.ts';
import { parquetScan } from '../source/parquet-file.ts';

export interface PreparedLog {
  /**
   * SQL after FROM. Columns: `"#row"`, `"#part"`, `"#weight"`, `"#time"` (epoch milliseconds, NULL without a time column),
   * `"#label<stage>"` by position among the labelled stages, the features' prepared columns, and `"#length<feature>"`, a
   * bag's number of values before it was cut.
   */
  readonly from: string;
  remove(): Promise<void>;
}

export async function prepareLog(database: Database, log: CheckedLog): Promise<PreparedLog> {
  const { source, declaration, checks, windows, end } = log;
  const { relation } = source;
  const { time } = declaration.log;
  const columns = [
    '"#row"',
    `${partSql(relation, declaration, windows)} AS "#part"`,
    `${weightSql(relation, declaration)} AS "#weight"`,
    `${time === null ? 'CAST(NULL AS BIGINT)' : timeSql(requiredValue(relation, time))} AS "#time"`,
    ...labelledStages(declaration).map(
      (stage, index) => `${matureLabelSql(relation, declaration, stage, end)} AS "#label${index}"`,
    ),
    ...prepareSql(relation, declaration.features),
    ...declaration.features.flatMap((feature, index) => featureKind(feature).prepareCounts(relation, feature, index)),
  ];
  const path = join(database.scratch, database.uniqueName('prepared.parquet'));
  const rows = `SELECT ${columns.join(', ')} FROM ${goodRows(relation, checks)}`;
  await execute(database, `COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy)`);
  return { from: parquetScan([path]), remove: () => rm(path, { force: true }) };
}

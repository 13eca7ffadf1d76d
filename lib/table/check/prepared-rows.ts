/**
 * The rows of a log in scratch space: read from their source once, checked and prepared on the way. Every question about
 * the log is put to these rows: its parts and labels, what encoders are fitted to, encoded rows.
 */
import { join } from 'node:path';
import type { Declaration, Feature } from '../../config/declaration.ts';
import { canonicalText, groupText, presentSql, type Relation, timeSql } from '../columns.ts';
import { type Database, execute, literal, queryOne } from '../database.ts';

import { groupHashSql } from '../hash.ts';
import type { PreparedColumn } from '../kinds/feature-kind.ts';
import { featureKind, preparedColumns } from '../kinds/index.ts';
import type { RowCheck } from '../row-check.ts';
import { parquetScan } from '../source/parquet-file.ts';
import type { Source } from '../source/source.ts';
import { requiredValue } from './check-columns.ts';
import { failedRows, inconsistencyChecks } from './check-rows.ts';
import { labelledStages, labelOfStageSql, matureSql, weightSql } from './labels.ts';
import { partAtSql, partSql, type TimeWindows } from './split.ts';

/** What rows are read, and by which rules they are good. */
export interface RowsToPrepare {
  readonly source: Source;
  readonly declaration: Declaration;
  readonly checks: readonly RowCheck[];
}

/** A Parquet file of all rows; of the bad ones it has nothing but what is wrong with them. */
export interface PreparedRows {
  readonly path: string;
  /** Names of the columns of prepared values, by the SQL that made each of them from the source's columns. */
  readonly values: ReadonlyMap<string, string>;
}

/** A log whose rows are prepared, and of which it is known where the parts begin and where it ends. */
export interface PreparedLog extends RowsToPrepare {
  readonly windows: TimeWindows | null;
  readonly end: number | null;
  readonly prepared: PreparedRows;
}

/** Reads the source from end to end, and writes its rows, checked and prepared, into scratch space. */
export async function prepareRows(
  database: Database,
  { source: { relation }, declaration, checks }: RowsToPrepare,
  features: readonly Feature[],
): Promise<PreparedRows> {
  const counted = [...preparedColumns(relation, features), ...countColumns(relation, declaration.features)];
  const distinct = [...new Set(counted.map(({ sql }) => sql))];
  const values = new Map(distinct.map((sql, index) => [sql, `"#value${index}"`]));
  const columns = [...rowColumns(relation, declaration), ...values];
  // The values of a bad row mean nothing.
  const ofGoodRows = columns.map(([sql, name]) => `CASE WHEN "#failed" IS NULL THEN ${sql} END AS ${name}`);
  const selected = ['"#row"', '"#failed"', '"#offending"', ...ofGoodRows].join(', ');
  const path = join(database.scratch, database.uniqueName('prepared.parquet'));
  const rows = `SELECT ${selected} FROM ${failedRows(relation, checks)}`;
  await execute(database, `COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION snappy)`);
  return { path, values };
}

/** SQL after FROM of all prepared rows, as `writeRejects` takes them. */
export function allRows({ path }: PreparedRows): string {
  return parquetScan([path]);
}

/** SQL after FROM of the good rows' times, as a column `time`. */
export function goodTimes(prepared: PreparedRows): string {
  return `(SELECT "#time" AS time FROM ${allRows(prepared)} WHERE "#failed" IS NULL)`;
}

/** Counts the good rows that `inconsistent: and` changes, by stage. */
export async function countContradictions(
  database: Database,
  { source: { relation }, declaration }: RowsToPrepare,
  prepared: PreparedRows,
): Promise<Record<string, number>> {
  const changed = contradictionChecks(relation, declaration);
  if (changed.length === 0) return {};
  const counted = changed.map((_, index) => `count(*) FILTER ("#contradicts${index}") AS c${index}`);
  const counts = await queryOne(database, `SELECT ${counted.join(', ')} FROM ${allRows(prepared)}`);
  return Object.fromEntries(changed.map(({ stage }, index) => [stage ?? '', Number(counts[`c${index}`])]));
}

/**
 * SQL after FROM of a log's good rows, with the prepared values of the features: those of the declaration, or of an
 * encoder that was fitted by another one. Columns: `"#row"` (position in the source, from 0), `"#part"` (index into
 * `PARTS`), `"#weight"`, `"#time"` (epoch milliseconds), `"#group"` (hash of the group's text), `"#unhashed"` (without a
 * value to split by hash), `"#label<stage>"` by position among the labelled stages, `"#segment<i>"` (text of the i-th
 * segment column), the prepared columns, and `"#length<feature>"`, the number of values of a bag of the declaration before
 * it was cut. A column that the declaration does not ask for is NULL.
 *
 * @throws {RangeError} where the rows were prepared without these features: `hasFeatures`.
 */
export function goodLogRows(log: PreparedLog, features: readonly Feature[] = log.declaration.features): string {
  const { prepared, source, declaration, windows, end } = log;
  const labels = labelledStages(declaration).map((stage, index) => {
    const label = `"#label${index}"`;
    return `${matureSql(label, stage, '"#time"', end)} AS ${label}`;
  });
  const part = windows === null ? '"#part"' : partAtSql('"#time"', windows);
  const isOwn = features === declaration.features;
  const columns = [
    ...preparedColumns(source.relation, features),
    ...(isOwn ? countColumns(source.relation, features) : []),
  ];
  const values = columns.map(({ sql, name }) => {
    const stored = prepared.values.get(sql);
    if (stored === undefined) throw new RangeError(`rows were prepared without ${name} of ${source.path}`);
    return `${stored} AS ${name}`;
  });
  const selected = [`* REPLACE (${[`${part} AS "#part"`, ...labels].join(', ')})`, ...values];
  return `(SELECT ${selected.join(', ')} FROM ${allRows(prepared)} WHERE "#failed" IS NULL)`;
}

/** Whether the rows were prepared with these features, too. */
export function hasFeatures({ prepared, source }: PreparedLog, features: readonly Feature[]): boolean {
  return preparedColumns(source.relation, features).every(({ sql }) => prepared.values.has(sql));
}

function countColumns(relation: Relation, features: readonly Feature[]): PreparedColumn[] {
  return features.flatMap((feature, index) => featureKind(feature).prepareCounts(relation, feature, index));
}

type NamedSql = readonly [sql: string, name: string];

/** What is kept of a row beside its features. */
function rowColumns(relation: Relation, declaration: Declaration): NamedSql[] {
  const { log, split, report } = declaration;
  const value = (column: string) => requiredValue(relation, column);
  return [
    [split.by === 'time' ? 'CAST(NULL AS UTINYINT)' : partSql(relation, split), '"#part"'],
    [weightSql(relation, declaration), '"#weight"'],
    [log.time === null ? 'CAST(NULL AS BIGINT)' : timeSql(value(log.time)), '"#time"'],
    [log.group === null ? 'CAST(NULL AS DOUBLE)' : groupHashSql(groupText(value(log.group))), '"#group"'],
    [split.by === 'hash' ? `NOT ${presentSql(value(split.column))}` : 'CAST(NULL AS BOOLEAN)', '"#unhashed"'],
    ...labelledStages(declaration).map(
      (stage, index): NamedSql => [labelOfStageSql(relation, declaration, stage), `"#label${index}"`],
    ),
    ...contradictionChecks(relation, declaration).map(
      ({ isBad }, index): NamedSql => [isBad, `"#contradicts${index}"`],
    ),
    ...report.segments.map((column, index): NamedSql => [canonicalText(value(column)), `"#segment${index}"`]),
  ];
}

function contradictionChecks(relation: Relation, declaration: Declaration) {
  return inconsistencyChecks(relation, declaration).filter(({ action }) => action === 'and');
}

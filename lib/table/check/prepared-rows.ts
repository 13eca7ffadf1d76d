/**
 * Prepared rows: a temporary Parquet file of a log's rows, with their checks, parts, labels and prepared values. The
 * source is read once to write it, and everything else is read from this file.
 */
import { join } from 'node:path';
import type { Declaration, Feature } from '../../config/declaration.ts';
import { findColumn, type Relation, type Value } from '../columns.ts';
import { type Database, execute, queryOne } from '../database.ts';
import { parquetScan } from '../formats/parquet/file.ts';
import type { PreparedColumn } from '../kinds/feature-kind.ts';
import { featureKind, preparedColumns } from '../kinds/index.ts';
import { writePath } from '../paths.ts';
import type { RowCheck } from '../row-check.ts';
import type { Source } from '../source/source.ts';
import { canonicalText, groupText } from '../values/canonical.ts';
import { numberSql } from '../values/numbers.ts';
import { timeFormSql, timeSql } from '../values/times.ts';
import { failedRows, inconsistencyChecks, lateFailedSql } from './check-rows.ts';
import { delayedStages, delaySql, eventTimes, isAfterLog } from './delays.ts';
import { labelledStages, labelOfStageSql, matureSql, weightSql } from './labels.ts';
import { requiredValue } from './required-columns.ts';
import { partAtSql, partSql, type TimeWindows, unhashedSql } from './split.ts';
import { textFacts } from './text-notes.ts';
import { preparedTruths } from './truth.ts';

/** Which rows are read, and the checks that good rows pass. */
export interface RowsToPrepare {
  readonly source: Source;
  readonly declaration: Declaration;
  readonly checks: readonly RowCheck[];
}

/** A Parquet file of all rows of a log. Of bad rows it has only what is wrong with them. */
export interface PreparedRows {
  readonly path: string;
  /** Checks that rows fail only once they are old enough: the age in milliseconds, by the index of the check. */
  readonly grace: ReadonlyMap<number, number>;
  /** Columns with the times of events that must not be after the end of the log, by the index of the check. */
  readonly events: ReadonlyMap<number, string>;
  /** Whether rows may have the weight 0. */
  readonly isWeighted: boolean;
  /** Names of the columns of prepared values, by the SQL over the source that computed them. */
  readonly values: ReadonlyMap<string, string>;
}

/** A log with its prepared rows. */
export interface PreparedLog extends RowsToPrepare {
  /** Where the parts of a split by time begin; `null` for every other split. */
  readonly windows: TimeWindows | null;
  /**
   * Last instant for which the log records events, in epoch milliseconds: `log.follow_up` after the last good row;
   * `null` if the log has no time column or no good row.
   */
  readonly end: number | null;
  readonly prepared: PreparedRows;
}

/**
 * A file that is written once, read a few times, and removed. Dictionaries would take several times as long to write as
 * the columns themselves, and save little next to deltas and a quick compression.
 */
const PREPARED_FORMAT = 'FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1';

/** Reads the whole source, and writes its checked and prepared rows to a temporary file. */
export async function prepareRows(
  database: Database,
  { source: { relation }, declaration, checks }: RowsToPrepare,
  features: readonly Feature[],
): Promise<PreparedRows> {
  const counted = [...preparedColumns(relation, features), ...countColumns(relation, declaration.features)];
  const distinct = [...new Set(counted.map(({ sql }) => sql))];
  const values = new Map(distinct.map((sql, index) => [sql, `"#value${index}"`]));
  const columns = [...rowColumns(relation, declaration), ...values];
  const selected = [...CHECKED, ...columns.map(([sql, name]) => `${sql} AS ${name}`)].join(', ');
  const path = join(database.scratch, database.uniqueName('prepared.parquet'));
  await execute(
    database,
    `COPY (SELECT ${selected} FROM ${maskedRows(relation, checks)}) TO ${writePath(path)} (${PREPARED_FORMAT})`,
  );
  const grace = checks.flatMap(({ graceMs }, index) => (graceMs === undefined ? [] : [[index, graceMs] as const]));
  const events = checks.flatMap(({ afterEnd }, index) => (afterEnd === undefined ? [] : [[index, afterEnd] as const]));
  const isWeighted = declaration.log.weight !== null;
  return { path, values, isWeighted, grace: new Map(grace), events: new Map(events) };
}

const CHECKED = ['"#row"', '"#failed"', '"#late"', '"#offending"'];

/**
 * Returns the SQL after FROM that reads all rows with what is wrong with them. The columns of bad rows are NULL, so that
 * no value is computed from what cannot be read. Outside of a CASE, DuckDB computes what several values have in common
 * once, such as the items of a bag.
 */
function maskedRows(relation: Relation, checks: readonly RowCheck[]): string {
  const columns = relation.columns.map(({ sql }) => `CASE WHEN "#failed" IS NULL THEN ${sql} END AS ${sql}`);
  const late = `${lateFailedSql(checks)} AS "#late"`;
  const selected = ['"#row"', '"#failed"', '"#offending"', late, ...columns].join(', ');
  return `(SELECT ${selected} FROM ${failedRows(relation, checks)})`;
}

/**
 * Returns the SQL after FROM that reads all prepared rows, for `writeRejects`.
 * @param end The last instant of the log, in epoch milliseconds, from which the age of a row counts; `null` while it is
 * unknown, or if the log has no time: no row is then too old.
 */
export function allRows({ path, grace, events }: PreparedRows, end: number | null): string {
  const rows = parquetScan([path]);
  if (grace.size + events.size === 0 || end === null) return rows;
  const late = [...grace].map(([index, ms]) => `WHEN "#late" = ${index} AND "#time" + ${ms} <= ${end} THEN ${index}`);
  const after = [...events].map(([index, column]) => ({ index, column, isBad: isAfterLog(column, end) }));
  const failed = [...late, ...after.map(({ index, isBad }) => `WHEN ${isBad} THEN ${index}`)].join(' ');
  const values = after.map(({ column, isBad }) => `WHEN ${isBad} THEN CAST(make_timestamp_ms(${column}) AS VARCHAR)`);
  const offending = values.length === 0 ? '"#offending"' : `COALESCE("#offending", CASE ${values.join(' ')} END)`;
  const replaced = `COALESCE("#failed", CASE ${failed} END) AS "#failed", ${offending} AS "#offending"`;
  return `(SELECT * REPLACE (${replaced}) FROM ${rows})`;
}

/**
 * Returns the SQL after FROM that reads the good rows as they were prepared, but for those of weight 0, which count as if
 * they were not there. `end` as for `allRows`.
 */
export function goodRowsOf(prepared: PreparedRows, end: number | null): string {
  const isCounted = prepared.isWeighted ? ' AND "#weight" > 0' : '';
  return `(SELECT * FROM ${allRows(prepared, end)} WHERE "#failed" IS NULL${isCounted})`;
}

/**
 * Returns the SQL after FROM that reads the times of the good rows: the columns `row`, `time`, and `form`, the position of
 * its form among `TIME_FORMS`. `end` as for `allRows`.
 */
export function goodTimes(prepared: PreparedRows, end: number | null): string {
  return `(SELECT "#row" AS "row", "#time" AS time, "#timeform" AS form FROM ${goodRowsOf(prepared, end)})`;
}

/** Counts the good rows whose label `inconsistent: and` changes, by stage. */
export async function countContradictions(
  database: Database,
  { source: { relation }, declaration }: RowsToPrepare,
  prepared: PreparedRows,
  end: number | null,
): Promise<Record<string, number>> {
  const changed = contradictionChecks(relation, declaration);
  if (changed.length === 0) return {};
  const counted = changed.map((_, index) => `count(*) FILTER ("#contradicts${index}") AS c${index}`);
  const counts = await queryOne(database, `SELECT ${counted.join(', ')} FROM ${goodRowsOf(prepared, end)}`);
  return Object.fromEntries(changed.map(({ stage }, index) => [stage ?? '', Number(counts[`c${index}`])]));
}

/**
 * Returns the SQL after FROM that reads the good rows of a log with the prepared columns of the features: those of the
 * declaration, or of an encoder that was fitted with another one. A column for something that is not declared is NULL.
 *
 * - `"#row"`: position in the source, from 0
 * - `"#part"`: index into `PARTS`
 * - `"#weight"`: what the row counts for, as `weightSql`
 * - `"#keys"`: hash of the keys, the same only with one release of DuckDB
 * - `"#time"`: epoch milliseconds
 * - `"#timeform"`: position of its form among `TIME_FORMS`; NULL for what is no number
 * - `"#group"`: hash of the group, the same only with one release of DuckDB
 * - `"#unhashed"`: whether the columns of a split by hash have no value
 * - `"#label<i>"`: label of the i-th labelled stage
 * - `"#at<i>"`: time of the event of the i-th timed stage, in epoch milliseconds
 * - `"#delay<i>"`: delay of the i-th delayed stage, as `delaySql`
 * - `"#segment<i>"`: text of the i-th segment column
 * - `"#truth<i>"`: the i-th declared truth
 * - `"#fact<i>"`: what `textNotes` counts
 * - `"#money"`: what monitoring sums, if it is declared
 * - the prepared columns of the features, as `preparedName` names them
 * - `"#length<i>"`: number of values of a bag before it was cut, if the features are of the declaration
 *
 * @throws {RangeError} if the rows were prepared without these features; see `hasFeatures`.
 */
export function goodLogRows(log: PreparedLog, features: readonly Feature[] = log.declaration.features): string {
  const { prepared, source, declaration, windows, end } = log;
  const stages = labelledStages(declaration);
  const labels = stages.map((stage, index) => {
    const label = `"#label${index}"`;
    return `${matureSql(label, stage, '"#time"', end)} AS ${label}`;
  });
  const delays = delayedStages(declaration).map((stage, index) => {
    const label = `"#label${stages.findIndex(({ name }) => name === stage.name)}"`;
    // Without an end there is no row.
    return `${delaySql(declaration, stage, label, end ?? 0)} AS "#delay${index}"`;
  });
  const part = windows === null ? '"#part"' : partAtSql('"#time"', windows);
  const isOwn = features.every((feature) => declaration.features.includes(feature));
  const columns = [
    ...preparedColumns(source.relation, features),
    ...(isOwn ? countColumns(source.relation, features) : []),
  ];
  const values = columns.map(({ sql, name }) => {
    const stored = prepared.values.get(sql);
    if (stored === undefined) throw new RangeError(`rows were prepared without ${name} of ${source.path}`);
    return `${stored} AS ${name}`;
  });
  // The columns by name: with a star, a query of one feature takes the longer, the more there are.
  const replaced = ['"#part"', ...stages.map((_, index) => `"#label${index}"`)];
  const kept = rowColumns(source.relation, declaration).flatMap(([, name]) => (replaced.includes(name) ? [] : [name]));
  const selected = ['"#row"', ...kept, `${part} AS "#part"`, ...labels, ...delays, ...values];
  return `(SELECT ${selected.join(', ')} FROM ${goodRowsOf(prepared, end)})`;
}

/** Whether the rows were prepared for these features. */
export function hasFeatures({ prepared, source }: PreparedLog, features: readonly Feature[]): boolean {
  return preparedColumns(source.relation, features).every(({ sql }) => prepared.values.has(sql));
}

function countColumns(relation: Relation, features: readonly Feature[]): PreparedColumn[] {
  return features.flatMap((feature, index) => featureKind(feature).prepareCounts(relation, feature, index));
}

/** Prepared column of the outcome that monitoring sums in money. */
export const MONEY = '"#money"';

/** Returns the prepared column of the money; a log that does not have it, such as that of another year, has none in it. */
function preparedMoney(relation: Relation, { monitoring: { money } }: Declaration): NamedSql[] {
  if (money === null) return [];
  const isThere = findColumn(relation, money) !== undefined;
  return [[isThere ? numberSql(requiredValue(relation, money)) : 'CAST(NULL AS DOUBLE)', MONEY]];
}

type NamedSql = readonly [sql: string, name: string];

/** Returns the columns of prepared rows other than those of features. */
function rowColumns(relation: Relation, declaration: Declaration): NamedSql[] {
  const { log, split, report } = declaration;
  const value = (column: string) => requiredValue(relation, column);
  return [
    [split.by === 'time' ? 'CAST(NULL AS UTINYINT)' : partSql(relation, split), '"#part"'],
    [weightSql(relation, declaration), '"#weight"'],
    [keysHashSql(relation, log.keys), '"#keys"'],
    [log.time === null ? 'CAST(NULL AS BIGINT)' : timeSql(value(log.time)), '"#time"'],
    [log.time === null ? 'CAST(NULL AS INTEGER)' : timeFormSql(value(log.time)), '"#timeform"'],
    [log.group === null ? 'CAST(NULL AS DOUBLE)' : groupSql(value(log.group)), '"#group"'],
    [split.by === 'hash' ? unhashedSql(relation, split.columns) : 'CAST(NULL AS BOOLEAN)', '"#unhashed"'],
    ...labelledStages(declaration).map(
      (stage, index): NamedSql => [labelOfStageSql(relation, declaration, stage), `"#label${index}"`],
    ),
    ...eventTimes(relation, declaration),
    ...contradictionChecks(relation, declaration).map(
      ({ isBad }, index): NamedSql => [isBad, `"#contradicts${index}"`],
    ),
    ...report.segments.map((column, index): NamedSql => [canonicalText(value(column)), `"#segment${index}"`]),
    ...preparedTruths(relation, declaration).map(({ sql, name }): NamedSql => [sql, name]),
    ...textFacts(relation, declaration).map(({ sql, name }): NamedSql => [sql, name]),
    ...preparedMoney(relation, declaration),
  ];
}

/**
 * Returns the SQL of a sum, as text, of hashes of the rows' keys, times and labels: the same for the same rows in any
 * order, and hardly for others.
 */
export function rowsDigestSql(declaration: Declaration, condition = 'true'): string {
  const columns = ['"#keys"', '"#time"', ...labelledStages(declaration).map((_, index) => `"#label${index}"`)];
  return `CAST(COALESCE(sum(hash(${columns.join(', ')})) FILTER (${condition}), 0) AS VARCHAR)`;
}

/**
 * DuckDB's own hash is enough for keys and groups, which are only compared within one run: it is fast, and with another
 * release of DuckDB nothing worse than a note is lost.
 */
export function keysHashSql(relation: Relation, keys: readonly string[]): string {
  const texts = keys.map((key) => canonicalText(requiredValue(relation, key)));
  return `hash(${texts.join(', ')})`;
}

/** The upper 53 bits, which a JavaScript number holds exactly. */
function groupSql(value: Value): string {
  return `CAST(hash(${groupText(value)}) >> 11 AS DOUBLE)`;
}

function contradictionChecks(relation: Relation, declaration: Declaration) {
  return inconsistencyChecks(relation, declaration).filter(({ action }) => action === 'and');
}

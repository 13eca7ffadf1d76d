/**
 * The checks of rows, as SQL, and the rejects file with the bad rows.
 *
 * A bad row is rejected for the first check that it fails, in this order: malformed CSV, missing keys, entities that
 * are not in their tables, the time, the labels stage by stage, labels that contradict each other, the times of events,
 * the split, the sampling rate, and the features in the declared order. A row is never bad because the value of a number or category
 * is missing.
 */
import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Declaration } from '../../config/declaration.ts';
import { REJECT_REASONS, unknownReason } from '../../contract/reject-reasons.ts';
import { type Relation, unknownEntitySql } from '../columns.ts';
import { type Database, execute, literal, literals } from '../database.ts';
import { firstLine, isFullDisk } from '../errors.ts';
import type { MalformedReason } from '../formats/csv/faults.ts';
import { featureKind } from '../kinds/index.ts';
import { writePath } from '../paths.ts';
import { columnCheck, type RowCheck, rowCheck } from '../row-check.ts';
import { LARGEST_FLOAT, numberSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { timeSql } from '../values/times.ts';
import { delayChecks, timedStages } from './delays.ts';
import {
  countsForSql,
  inconsistentSql,
  type LabelledStage,
  labelledStages,
  labelMissingSql,
  labelSql,
  noneReachedSql,
} from './labels.ts';
import { requiredValue } from './required-columns.ts';
import { amongSql } from './split.ts';

/** How far a time may be in the future, since clocks and time zones differ. */
const CLOCK_TOLERANCE_MS = 86_400_000;

/**
 * Returns the checks of a log's rows, in order.
 * @param now The present, in epoch milliseconds.
 */
export function logChecks(relation: Relation, declaration: Declaration, now: number): RowCheck[] {
  const { log } = declaration;
  return [
    ...malformedChecks(relation),
    ...log.keys.map((key) => keyCheck(relation, key)),
    ...(log.time === null ? [] : timeChecks(relation, log.time, now)),
    ...labelledStages(declaration).flatMap((stage) => labelChecks(relation, declaration, stage)),
    ...inconsistencyChecks(relation, declaration).filter(({ action }) => action !== 'and'),
    ...timedStages(declaration).flatMap((stage) => delayChecks(relation, declaration, stage)),
    ...splitChecks(relation, declaration),
    ...weightChecks(relation, declaration),
    ...featureChecks(relation, declaration),
  ];
}

/** Returns the checks of candidates, in order. Candidates have no labels, time or split. */
export function candidateChecks(
  relation: Relation,
  declaration: Pick<Declaration, 'log' | 'features' | 'embeddings'>,
): RowCheck[] {
  return [
    ...malformedChecks(relation),
    ...declaration.log.keys.map((key) => keyCheck(relation, key)),
    ...entityChecks(relation),
    ...featureChecks(relation, declaration),
  ];
}

/**
 * Returns a check for each stage whose label can contradict those of the stages before it, and what to do if it does.
 */
export function inconsistencyChecks(
  relation: Relation,
  declaration: Declaration,
): (RowCheck & { readonly action: 'reject' | 'and' | 'fail' })[] {
  return labelledStages(declaration).flatMap((stage) => {
    const isBad = inconsistentSql(relation, declaration, stage);
    if (isBad === null) return [];
    const before = stage.from.join('_or_');
    const expected = `0 where ${stage.from.join(' or ')} was not reached`;
    return [
      {
        ...rowCheck(
          `${stage.name}_without_${before}`,
          stage.label,
          requiredValue(relation, stage.label),
          isBad,
          expected,
        ),
        stage: stage.name,
        action: stage.inconsistent,
      },
    ];
  });
}

/** Returns the SQL of the index of the first check that a row fails whatever its age, NULL for a good row. */
export function firstFailedSql(checks: readonly RowCheck[]): string {
  return caseSql(checks.flatMap(({ isBad, graceMs }, index) => (graceMs === undefined ? { isBad, index } : [])));
}

/**
 * Returns the SQL of the index of the check that a row fails once it is old enough; NULL if there is none. Of several it
 * is the one that the row fails first.
 */
export function lateFailedSql(checks: readonly RowCheck[]): string {
  const late = checks.flatMap(({ isBad, graceMs }, index) => (graceMs === undefined ? [] : { isBad, index, graceMs }));
  return caseSql(late.sort((a, b) => a.graceMs - b.graceMs));
}

function caseSql(checks: readonly { readonly isBad: string; readonly index: number }[]): string {
  const cases = checks.map(({ isBad, index }) => `WHEN ${isBad} THEN ${index}`);
  return cases.length === 0 ? 'CAST(NULL AS INTEGER)' : `CASE ${cases.join(' ')} END`;
}

/** Returns the SQL after FROM that reads the good rows with all columns. */
export function goodRows(relation: Relation, checks: readonly RowCheck[]): string {
  return `(SELECT * FROM ${relation.from} WHERE (${firstFailedSql(checks)}) IS NULL)`;
}

/**
 * Returns the SQL after FROM that reads all rows, with the columns `"#failed"` (index of the first failed check, NULL
 * for a good row) and `"#offending"` (the bad value, up to 64 characters).
 */
export function failedRows(relation: Relation, checks: readonly RowCheck[]): string {
  const values = checks.map(({ value }, index) => `WHEN ${index} THEN ${value}`).join(' ');
  const offending =
    checks.length === 0
      ? 'CAST(NULL AS VARCHAR)'
      : `CASE WHEN "#failed" IS NOT NULL THEN "left"(CASE "#failed" ${values} END, 64) END`;
  const failed = `SELECT *, ${firstFailedSql(checks)} AS "#failed" FROM ${relation.from}`;
  return `(SELECT *, ${offending} AS "#offending" FROM (${failed}))`;
}

/**
 * Writes the bad rows, in order, to a Parquet file with the columns `row` (from 0), `reason`, `column` and `value` (up
 * to 64 characters).
 * @param checkedRows SQL after FROM of rows with the columns that `failedRows` adds.
 * @throws {Error} where the file cannot be written; none that is cut off stays on a full disk.
 */
export async function writeRejects(
  database: Database,
  checkedRows: string,
  checks: readonly RowCheck[],
  path: string,
): Promise<void> {
  const rows =
    `SELECT "#row" AS "row", ${literals(checks.map(({ reason }) => reason))}["#failed" + 1] AS reason, ` +
    `CAST([${checks.map(({ column }) => (column === null ? 'NULL' : literal(column))).join(', ')}]["#failed" + 1] AS VARCHAR) AS "column", ` +
    `"#offending" AS value FROM ${checkedRows} WHERE "#failed" IS NOT NULL ORDER BY "#row"`;
  try {
    await execute(database, `COPY (${rows}) TO ${writePath(path)} (FORMAT parquet, COMPRESSION zstd)`);
  } catch (error) {
    // The checks themselves may be what failed.
    if (!firstLine(error).includes(resolve(path))) throw error;
    // DuckDB leaves a file that is cut off.
    if (isFullDisk(error) && (await stat(path)).isFile()) await rm(path);
    throw new Error(`bad rows cannot be written: ${firstLine(error)}`, { cause: error });
  }
}

function malformedChecks(relation: Relation): RowCheck[] {
  if (!relation.isText) return [];
  const expected: Readonly<Record<MalformedReason, string>> = {
    field_count: `${relation.columns.length} fields`,
    quote_misplaced: REJECT_REASONS.quote_misplaced,
    quote_not_closed: REJECT_REASONS.quote_not_closed,
    record_too_long: REJECT_REASONS.record_too_long,
    not_utf8: REJECT_REASONS.not_utf8,
    header_repeated: REJECT_REASONS.header_repeated,
    json_not_object: REJECT_REASONS.json_not_object,
    json_key_repeated: REJECT_REASONS.json_key_repeated,
  };
  return (Object.keys(expected) as MalformedReason[]).map((reason) => ({
    reason,
    column: null,
    isBad: `"#malformed" = ${literal(reason)}`,
    value: '"#malformed_value"',
    expected: expected[reason],
    stage: null,
  }));
}

function keyCheck(relation: Relation, key: string): RowCheck {
  const isBad = `NOT ${presentSql(requiredValue(relation, key))}`;
  return {
    reason: 'missing_key',
    column: key,
    isBad,
    value: 'CAST(NULL AS VARCHAR)',
    expected: REJECT_REASONS.missing_key,
    stage: null,
  };
}

function entityChecks(relation: Relation): RowCheck[] {
  return (relation.joined ?? []).flatMap(({ entity, key, place, missing }) => {
    const isUnknown = unknownEntitySql(entity);
    const expected = `a key of the table ${place}`;
    return [
      ...entityKeyChecks(relation, key),
      ...(missing === 'reject'
        ? [columnCheck(unknownReason(entity), key, requiredValue(relation, key), isUnknown, expected)]
        : []),
    ];
  });
}

/**
 * Returns the check that the key of a user or item is exact. A floating number beyond the integers that its type has
 * all of may have been rounded from another key, so that the row would get the features of somebody else.
 */
export function entityKeyChecks(relation: Relation, key: string): RowCheck[] {
  const value = requiredValue(relation, key);
  if (value.kind !== 'floating') return [];
  const largest = value.type === 'FLOAT' ? 2 ** 24 : 2 ** 53;
  return [columnCheck('key_not_exact', key, value, `(NOT isnan(${value.sql}) AND abs(${value.sql}) > ${largest})`)];
}

function timeChecks(relation: Relation, column: string, now: number): RowCheck[] {
  const value = requiredValue(relation, column);
  const latest = now + CLOCK_TOLERANCE_MS;
  return [
    columnCheck('time_not_valid', column, value, `${timeSql(value)} IS NULL`),
    // One row from the future would move the end of the log, and labels that are not final would count as final.
    columnCheck('time_in_future', column, value, `${timeSql(value)} > ${latest}`),
  ];
}

function labelChecks(relation: Relation, declaration: Declaration, stage: LabelledStage): RowCheck[] {
  const value = requiredValue(relation, stage.label);
  const isNotBinary = `(${presentSql(value)} AND ${labelSql(value)} IS NULL)`;
  const missing = columnCheck('label_missing', stage.label, value, labelMissingSql(relation, declaration, stage));
  return [
    // A label that is not final yet may be missing: it is unknown.
    stage.withinMs === null ? missing : { ...missing, graceMs: stage.withinMs },
    columnCheck('label_not_binary', stage.label, value, isNotBinary),
  ];
}

function splitChecks(relation: Relation, { split }: Declaration): RowCheck[] {
  if (split.by !== 'column') return [];
  const listed = [...split.train, ...split.validation, ...split.test];
  const isBad = `NOT COALESCE(${amongSql(relation, split.column, listed)}, false)`;
  return [
    columnCheck(
      'split_not_listed',
      split.column,
      requiredValue(relation, split.column),
      isBad,
      `one of ${listed.join(', ')}`,
    ),
  ];
}

function weightChecks(relation: Relation, declaration: Declaration): RowCheck[] {
  const { kept, weight } = declaration.log;
  const checks: RowCheck[] = [];
  if (kept !== null && typeof kept !== 'number') {
    const value = requiredValue(relation, kept.column);
    const number = numberSql(value);
    const isBad = `(${noneReachedSql(relation, declaration)}) AND NOT COALESCE(${number} > 0 AND ${number} <= 1, false)`;
    checks.push(columnCheck('kept_not_in_range', kept.column, value, isBad));
  }
  if (weight !== null) {
    const value = requiredValue(relation, weight);
    const isGood = `${numberSql(value)} >= 0 AND ${countsForSql(relation, declaration)} <= ${LARGEST_FLOAT}`;
    checks.push(columnCheck('row_weight_not_valid', weight, value, `NOT COALESCE(${isGood}, false)`));
  }
  return checks;
}

/** Returns the checks of the features' values, in order. */
export function featureChecks(
  relation: Relation,
  { features, embeddings }: Pick<Declaration, 'features' | 'embeddings'>,
): RowCheck[] {
  const sources = new Map(embeddings.map(({ name, ids }) => [name, ids]));
  return features.flatMap((feature) => {
    const ids = feature.embedding === null ? null : (sources.get(feature.embedding) ?? null);
    return featureKind(feature).checks(relation, feature, ids);
  });
}

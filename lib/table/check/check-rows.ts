/**
 * Bad rows: which check a row fails first, as SQL, and the file that tells of each.
 *
 * In this order: malformed CSV, missing keys, entities that their tables lack, the time, the labels stage by stage,
 * labels that contradict each other, the split, the rate at which the row was kept, then the features as declared. A
 * missing number or category is a value of its own, never a fault.
 */
import type { Declaration } from '../../config/declaration.ts';
import { REJECT_REASONS } from '../../contract/reject-reasons.ts';
import { numberSql, presentSql, type Relation, timeSql, unknownEntitySql } from '../columns.ts';
import { type Database, execute, literal, literals } from '../database.ts';
import { featureKind } from '../kinds/index.ts';
import { columnCheck, type RowCheck, rowCheck } from '../row-check.ts';
import type { MalformedReason } from '../source/csv-scan.ts';
import { requiredValue } from './check-columns.ts';
import {
  inconsistentSql,
  type LabelledStage,
  labelledStages,
  labelMissingSql,
  labelSql,
  noneReachedSql,
} from './labels.ts';
import { amongSql } from './split.ts';

/** Clocks and time zones differ. */
const CLOCK_TOLERANCE_MS = 86_400_000;

/**
 * The checks of a log's rows, in the order in which the first failed one is the reason.
 * @param now Epoch milliseconds.
 */
export function logChecks(relation: Relation, declaration: Declaration, now: number): RowCheck[] {
  const { log } = declaration;
  return [
    ...malformedChecks(relation),
    ...log.keys.map((key) => keyCheck(relation, key)),
    ...(log.time === null ? [] : timeChecks(relation, log.time, now)),
    ...labelledStages(declaration).flatMap((stage) => labelChecks(relation, declaration, stage)),
    ...inconsistencyChecks(relation, declaration).filter(({ action }) => action !== 'and'),
    ...splitChecks(relation, declaration),
    ...keptChecks(relation, declaration),
    ...featureChecks(relation, declaration),
  ];
}

/** The checks of candidates: no labels, times or splits. */
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

/** One check for each stage that can contradict the stages before it, with what is to happen then. */
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

/** SQL of the index of the first failed check, NULL for a good row. */
export function firstFailedSql(checks: readonly RowCheck[]): string {
  const cases = checks.map(({ isBad }, index) => `WHEN ${isBad} THEN ${index}`);
  return cases.length === 0 ? 'CAST(NULL AS INTEGER)' : `CASE ${cases.join(' ')} END`;
}

/** SQL after FROM of the good rows, all columns. */
export function goodRows(relation: Relation, checks: readonly RowCheck[]): string {
  return `(SELECT * FROM ${relation.from} WHERE (${firstFailedSql(checks)}) IS NULL)`;
}

/**
 * SQL after FROM of all rows, with `"#failed"`, the index of the first failed check (NULL for a good row), and
 * `"#offending"`, at most 64 characters of the value that failed it.
 */
export function failedRows(relation: Relation, checks: readonly RowCheck[]): string {
  const values = checks.map(({ value }, index) => `WHEN ${index} THEN ${value}`).join(' ');
  const offending = checks.length === 0 ? 'CAST(NULL AS VARCHAR)' : `"left"(CASE "#failed" ${values} END, 64)`;
  const failed = `SELECT *, ${firstFailedSql(checks)} AS "#failed" FROM ${relation.from}`;
  return `(SELECT *, ${offending} AS "#offending" FROM (${failed}))`;
}

/**
 * Writes the bad rows as Parquet, in order: `row` (from 0), `reason`, `column`, `value` (at most 64 characters).
 * @param checkedRows SQL after FROM, with the columns of `failedRows`.
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
  await execute(database, `COPY (${rows}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`);
}

function malformedChecks(relation: Relation): RowCheck[] {
  if (!relation.isText) return [];
  const expected: Readonly<Record<MalformedReason, string>> = {
    field_count: `${relation.columns.length} fields`,
    quote_misplaced: REJECT_REASONS.quote_misplaced,
    not_utf8: REJECT_REASONS.not_utf8,
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
  return (relation.joined ?? [])
    .filter(({ missing }) => missing === 'reject')
    .map(({ entity, key, place }) =>
      columnCheck(
        `unknown_${entity}`,
        key,
        requiredValue(relation, key),
        unknownEntitySql(entity),
        `a key of the table ${place}`,
      ),
    );
}

function timeChecks(relation: Relation, column: string, now: number): RowCheck[] {
  const value = requiredValue(relation, column);
  const latest = now + CLOCK_TOLERANCE_MS;
  return [
    columnCheck('time_not_valid', column, value, `${timeSql(value)} IS NULL`),
    // One row from the future would move the log's end, and every younger label would seem to be settled.
    columnCheck('time_in_future', column, value, `${timeSql(value)} > ${latest}`),
  ];
}

function labelChecks(relation: Relation, declaration: Declaration, stage: LabelledStage): RowCheck[] {
  const value = requiredValue(relation, stage.label);
  const isNotBinary = `(${presentSql(value)} AND ${labelSql(value)} IS NULL)`;
  return [
    columnCheck('label_missing', stage.label, value, labelMissingSql(relation, declaration, stage)),
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

function keptChecks(relation: Relation, declaration: Declaration): RowCheck[] {
  const { kept } = declaration.log;
  if (kept === null || typeof kept === 'number') return [];
  const value = requiredValue(relation, kept.column);
  const number = numberSql(value);
  const isBad = `(${noneReachedSql(relation, declaration)}) AND NOT COALESCE(${number} > 0 AND ${number} <= 1, false)`;
  return [columnCheck('kept_not_in_range', kept.column, value, isBad)];
}

function featureChecks(
  relation: Relation,
  { features, embeddings }: Pick<Declaration, 'features' | 'embeddings'>,
): RowCheck[] {
  const sources = new Map(embeddings.map(({ name, ids }) => [name, ids]));
  return features.flatMap((feature) => {
    const ids = feature.embedding === null ? null : (sources.get(feature.embedding) ?? null);
    return featureKind(feature).checks(relation, feature, ids);
  });
}

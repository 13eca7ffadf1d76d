/** Labels as SQL: reads 0 or 1 from columns of any type, and decides which stages a row has reached. */
import type { Declaration, Stage } from '../../config/declaration.ts';
import type { Relation, Value } from '../columns.ts';
import { UNKNOWN_LABEL } from '../encoded.ts';
import { bind } from '../values/bind.ts';
import { numberSql } from '../values/numbers.ts';
import { presentSql, presentText } from '../values/texts.ts';
import { requiredValue } from './required-columns.ts';

/** A stage with a label. */
export type LabelledStage = Stage & { readonly label: string };

/** Returns the stages that have a label, in the declared order. */
export function labelledStages(declaration: Pick<Declaration, 'stages'>): LabelledStage[] {
  return declaration.stages.filter((stage): stage is LabelledStage => stage.label !== null);
}

/** Returns the milliseconds after which the labels of all stages are final. */
export function longestWithin(declaration: Pick<Declaration, 'stages'>): number {
  return Math.max(0, ...labelledStages(declaration).map(({ withinMs }) => withinMs ?? 0));
}

/**
 * Returns the SQL of a label: 1, 0, or NULL if the value is neither. Text may be a number, false or true, f or t, as
 * Postgres writes booleans, and no or yes, n or y.
 */
export function labelSql(value: Value): string {
  switch (value.kind) {
    case 'boolean':
      return `CAST(${value.sql} AS TINYINT)`;
    case 'text':
      return bind('label', `lower(${presentText(value)})`, (text) =>
        zeroOrOne(
          [`${text} IN ('1', 'true', 't', 'yes', 'y')`, `${text} IN ('0', 'false', 'f', 'no', 'n')`],
          `TRY_CAST(${text} AS DOUBLE)`,
        ),
      );
    default:
      return zeroOrOne([], numberSql(value));
  }
}

/** The words, for 1 and 0, are compared before the number, which most texts then need not be cast to. */
function zeroOrOne([one, zero]: readonly string[], number: string): string {
  const words = one === undefined ? '' : `WHEN ${one} THEN 1 WHEN ${zero} THEN 0`;
  return `CAST(CASE ${words} WHEN ${number} = 1 THEN 1 WHEN ${number} = 0 THEN 0 END AS TINYINT)`;
}

/** Returns the SQL of a stage's label, 0 or 1, after `inconsistent: and` has been applied. */
export function labelOfStageSql(relation: Relation, declaration: Declaration, { name }: LabelledStage): string {
  return `CAST(${reachedSql(relation, declaration, name)} AS TINYINT)`;
}

/**
 * Returns the SQL of a stage's label in which labels that are not final at the end of the log are unknown.
 * @param label SQL of the label, 0 or 1.
 * @param time SQL of the row's time, in epoch milliseconds.
 * @param end The last instant of the log, in epoch milliseconds; `null` if the log has no time: all labels are then
 * final.
 */
export function matureSql(label: string, { withinMs }: LabelledStage, time: string, end: number | null): string {
  if (withinMs === null || end === null) return label;
  return `CASE WHEN ${time} + ${withinMs} > ${end} THEN CAST(${UNKNOWN_LABEL} AS TINYINT) ELSE ${label} END`;
}

/** Returns the SQL of what a row counts for, as FLOAT: 1 where the log declares neither weights nor rates. */
export function weightSql(relation: Relation, declaration: Declaration): string {
  return `TRY_CAST(${countsForSql(relation, declaration)} AS FLOAT)`;
}

/** Returns the SQL of what a row counts for. Rows that reached a stage are all kept. */
export function countsForSql(relation: Relation, declaration: Declaration): string {
  const { kept, weight } = declaration.log;
  const own = weight === null ? '1' : numberSql(requiredValue(relation, weight));
  if (kept === null) return own;
  const rate = typeof kept === 'number' ? String(kept) : numberSql(requiredValue(relation, kept.column));
  return `CASE WHEN ${noneReachedSql(relation, declaration)} THEN ${own} / ${rate} ELSE ${own} END`;
}

/**
 * Returns the SQL condition that a label is 1 although none of the stages before it was reached; `null` for a stage
 * that follows the root.
 */
export function inconsistentSql(relation: Relation, declaration: Declaration, stage: LabelledStage): string | null {
  if (stage.from.includes(declaration.root)) return null;
  const label = labelSql(requiredValue(relation, stage.label));
  return `(${label} = 1 AND NOT (${parentsReachedSql(relation, declaration, stage)}))`;
}

/**
 * Returns the SQL condition that a label is missing although a stage before it was reached. If none was reached, a
 * missing label counts as 0: a left join of conversions to clicks gives such rows.
 */
export function labelMissingSql(relation: Relation, declaration: Declaration, stage: LabelledStage): string {
  const isMissing = `NOT ${presentSql(requiredValue(relation, stage.label))}`;
  return `(${isMissing} AND (${parentsReachedSql(relation, declaration, stage)}))`;
}

/** Returns the SQL condition that a row has reached none of the labelled stages that follow the root. */
export function noneReachedSql(relation: Relation, declaration: Declaration): string {
  const first = labelledStages(declaration).filter(({ from }) => from.includes(declaration.root));
  const reached = first.map(({ name }) => reachedSql(relation, declaration, name));
  return reached.length === 0 ? 'true' : `NOT (${reached.join(' OR ')})`;
}

/**
 * Returns the SQL condition that a row has reached a stage. An unlabelled stage counts as reached if one before it was.
 */
function reachedSql(relation: Relation, declaration: Declaration, name: string): string {
  if (name === declaration.root) return 'true';
  const stage = declaration.stages.find((candidate) => candidate.name === name);
  if (stage === undefined) throw new RangeError(`stage ${name} is not declared`);
  const parents = parentsReachedSql(relation, declaration, stage);
  if (stage.complementOf !== null)
    return `((${parents}) AND NOT ${reachedSql(relation, declaration, stage.complementOf)})`;
  if (stage.label === null) return `(${parents})`;
  const isOne = `COALESCE(${labelSql(requiredValue(relation, stage.label))} = 1, false)`;
  return stage.inconsistent === 'and' ? `(${isOne} AND (${parents}))` : isOne;
}

/** Returns the SQL condition that a row has reached any of the stages before a stage. */
function parentsReachedSql(relation: Relation, declaration: Declaration, stage: Stage): string {
  return stage.from.map((parent) => reachedSql(relation, declaration, parent)).join(' OR ');
}

/** Labels as SQL: 0 or 1 of a column in any type, which stages a row has reached, and whether that can be. */
import type { Declaration, Stage } from '../../config/declaration.ts';
import { canonicalText, numberSql, presentSql, type Relation, type Value } from '../columns.ts';
import { UNKNOWN_LABEL } from '../encoded.ts';
import { requiredValue } from './check-columns.ts';

/** A labelled stage. */
export type LabelledStage = Stage & { readonly label: string };

export function labelledStages(declaration: Pick<Declaration, 'stages'>): LabelledStage[] {
  return declaration.stages.filter((stage): stage is LabelledStage => stage.label !== null);
}

/** The time, in milliseconds, after which the outcome of every labelled stage is settled. */
export function longestWithin(declaration: Pick<Declaration, 'stages'>): number {
  return Math.max(0, ...labelledStages(declaration).map(({ withinMs }) => withinMs ?? 0));
}

/** SQL of a label: 1, 0, or NULL where it is neither. Text may be 0, 1, false or true. */
export function labelSql(value: Value): string {
  if (value.kind === 'boolean') return `CAST(${value.sql} AS TINYINT)`;
  if (value.kind === 'text') {
    const text = `lower(${canonicalText(value)})`;
    return `CAST(CASE WHEN ${text} IN ('1', 'true') THEN 1 WHEN ${text} IN ('0', 'false') THEN 0 END AS TINYINT)`;
  }
  return `CAST(CASE WHEN ${value.sql} = 1 THEN 1 WHEN ${value.sql} = 0 THEN 0 END AS TINYINT)`;
}

/** SQL of a stage's label, 0 or 1: 1 only where `inconsistent: and` allows it. */
export function labelOfStageSql(relation: Relation, declaration: Declaration, { name }: LabelledStage): string {
  return `CAST(${reachedSql(relation, declaration, name)} AS TINYINT)`;
}

/**
 * SQL of a stage's label as the model learns it: unknown where the stage's time to settle goes beyond `end`, the last
 * instant of the log in epoch milliseconds; `null` where the log has no time.
 */
export function matureSql(label: string, { withinMs }: LabelledStage, time: string, end: number | null): string {
  if (withinMs === null || end === null) return label;
  return `CASE WHEN ${time} + ${withinMs} > ${end} THEN CAST(${UNKNOWN_LABEL} AS TINYINT) ELSE ${label} END`;
}

/** SQL of 1 / the rate at which the row was kept; rows that reached a stage were all kept. */
export function weightSql(relation: Relation, declaration: Declaration): string {
  const { kept } = declaration.log;
  if (kept === null) return 'CAST(1 AS FLOAT)';
  const rate = typeof kept === 'number' ? String(kept) : numberSql(requiredValue(relation, kept.column));
  return `TRY_CAST(CASE WHEN ${noneReachedSql(relation, declaration)} THEN 1 / ${rate} ELSE 1 END AS FLOAT)`;
}

/** SQL of "the label is 1, but none of the stages before it was reached"; `null` where the stage follows the row directly. */
export function inconsistentSql(relation: Relation, declaration: Declaration, stage: LabelledStage): string | null {
  if (stage.from.includes(declaration.root)) return null;
  const label = labelSql(requiredValue(relation, stage.label));
  return `(${label} = 1 AND NOT (${parentsReachedSql(relation, declaration, stage)}))`;
}

/**
 * SQL of "there is no label, though a stage before it was reached". Without that, a missing label is 0: such is a left
 * join of conversions to clicks.
 */
export function labelMissingSql(relation: Relation, declaration: Declaration, stage: LabelledStage): string {
  const isMissing = `NOT ${presentSql(requiredValue(relation, stage.label))}`;
  return `(${isMissing} AND (${parentsReachedSql(relation, declaration, stage)}))`;
}

/** SQL of "the row has reached no labelled stage that follows it directly". */
export function noneReachedSql(relation: Relation, declaration: Declaration): string {
  const first = labelledStages(declaration).filter(({ from }) => from.includes(declaration.root));
  const reached = first.map(({ name }) => reachedSql(relation, declaration, name));
  return reached.length === 0 ? 'true' : `NOT (${reached.join(' OR ')})`;
}

/** A stage that nobody labels counts as reached wherever it may have been. */
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

function parentsReachedSql(relation: Relation, declaration: Declaration, stage: Stage): string {
  return stage.from.map((parent) => reachedSql(relation, declaration, parent)).join(' OR ');
}

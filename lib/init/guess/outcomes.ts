/** Finds columns that have a value other than 0 only where a label is 1: what they tell is known only afterwards. */
import { labelSql } from '../../table/check/labels.ts';
import { type Database, queryOne } from '../../table/database.ts';
import { sampledValue } from '../../table/profile/column-facts.ts';
import type { Draft, LeftOutColumn, StageDraft } from '../draft.ts';
import type { MeasuredLog } from '../measure-log.ts';

/** Rows that would contradict this by chance: with fewer, it says nothing. */
const EXPECTED_CONTRADICTIONS = 10;
/** Columns of one statement. */
const COLUMNS_OF_STATEMENT = 40;

/** Returns the draft with such columns as outcomes instead of features. */
export async function withoutOutcomes(database: Database, measured: MeasuredLog, draft: Draft): Promise<Draft> {
  const found = new Map<string, LeftOutColumn>();
  for (const stage of draft.stages)
    for (const column of await onlyWhere(database, measured, draft, stage))
      if (!found.has(column))
        found.set(column, { column, why: `has a value other than 0 only where ${stage.label} is 1` });
  return {
    ...draft,
    features: draft.features.filter(({ column }) => !found.has(column)),
    outcomes: [...draft.outcomes, ...found.values()],
  };
}

/** Names of the features' columns that have a value other than 0 only where the label is 1. */
async function onlyWhere(
  database: Database,
  { sample, profile }: MeasuredLog,
  { features }: Draft,
  { label }: StageDraft,
): Promise<string[]> {
  const facts = new Map(profile.columns.map((column) => [column.name, column]));
  const labelColumn = facts.get(label);
  if (labelColumn === undefined) return [];
  const isNot = `COALESCE(${labelSql(sampledValue(labelColumn.sql))}, 0) = 0`;
  const columns = features.flatMap(({ column }) => facts.get(column) ?? []);
  const found: string[] = [];
  for (let from = 0; from < columns.length; from += COLUMNS_OF_STATEMENT) {
    const some = columns.slice(from, from + COLUMNS_OF_STATEMENT);
    const counted = some.flatMap(({ sql, kind }, i) => {
      const has = kind === 'list' ? `len(${sql}) > 0` : `COALESCE(TRY_CAST(${sql} AS DOUBLE) <> 0, ${sql} IS NOT NULL)`;
      return [`count_if(${has}) AS has${i}`, `count_if(${has} AND ${isNot}) AS elsewhere${i}`];
    });
    const row = await queryOne(
      database,
      `SELECT avg(CASE WHEN ${isNot} THEN 1 ELSE 0 END) AS share, ${counted.join(', ')} FROM ${sample.table}`,
    );
    const least = EXPECTED_CONTRADICTIONS / Number(row.share);
    found.push(
      ...some
        .filter((_, i) => Number(row[`elsewhere${i}`]) === 0 && Number(row[`has${i}`]) >= least)
        .map(({ name }) => name),
    );
  }
  return found;
}

/** What scores are computed from, of a feature table in memory, and what is wrong with values in its rows. */
import type { ScoreExpression } from '../../config/declaration.ts';
import { operandsSql, scoringChecks } from '../candidates/row-scores.ts';
import type { Relation } from '../columns.ts';
import { type Database, query } from '../database.ts';
import type { RowCheck } from '../row-check.ts';
import type { Fault } from './fault.ts';

/** A column of numbers, by row of the table: NaN where it has none, or one that cannot be used. */
export interface ScoredColumn {
  readonly values: Float64Array;
  readonly faults: ReadonlyMap<number, Fault>;
}

/** Reads the columns of a relation, those of numbers that an expression reads, in the order of its rows. */
export async function readScoredColumns(
  database: Database,
  relation: Relation,
  score: ScoreExpression | null,
): Promise<ReadonlyMap<string, ScoredColumn>> {
  const columns = new Map<string, ScoredColumn>();
  if (score === null) return columns;
  for (const { name } of relation.columns) {
    const only = { ...score, columns: [name] };
    const [number] = operandsSql(relation, only);
    const rows = await query(database, `SELECT ${number} AS number FROM ${relation.from} ORDER BY "#row"`);
    columns.set(name, {
      values: Float64Array.from(rows, (row) => Number(row.number)),
      faults: await faultsByRow(database, relation, scoringChecks(relation, { score: only, rank: null })),
    });
  }
  return columns;
}

/** Returns the first of the checks that each row fails, by row. */
export async function faultsByRow(
  database: Database,
  { from }: Pick<Relation, 'from'>,
  checks: readonly RowCheck[],
): Promise<ReadonlyMap<number, Fault>> {
  const found = new Map<number, Fault>();
  for (const { isBad, value, reason, column, expected } of checks) {
    const rows = await query(database, `SELECT "#row", ${value} AS value FROM ${from} WHERE ${isBad} ORDER BY "#row"`);
    for (const row of rows) {
      const text = row.value === null ? null : String(row.value).slice(0, 64);
      const number = Number(row['#row']);
      if (!found.has(number)) found.set(number, { reason, column, value: text, expected });
    }
  }
  return found;
}

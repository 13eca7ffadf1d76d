/**
 * The column `score`: computed from outputs and columns of numbers. Rows for which the expression has no value are
 * rejected, as other bad rows are.
 */
import type { ScoreExpression, ScoringChoice } from '../../config/declaration.ts';
import { type Evaluated, evaluate, type RowFault } from '../../config/expression/evaluate.ts';
import { namesIn } from '../../config/expression/names.ts';
import { type ListedReason, REJECT_REASONS } from '../../contract/reject-reasons.ts';
import { tableOfColumns } from '../append-columns.ts';
import { requiredValue } from '../check/required-columns.ts';
import type { Relation } from '../columns.ts';
import { type Database, execute } from '../database.ts';
import { columnCheck, type RowCheck } from '../row-check.ts';
import { numberSql } from '../values/numbers.ts';
import { presentSql } from '../values/texts.ts';
import { predictionsOf } from './predictions-table.ts';

/** The column of the scores that an expression gives. */
export const SCORE_COLUMN = 'score';

/** Returns the checks of what rows are scored and ranked by: numbers are finite, and groups are there. */
export function scoringChecks(relation: Relation, { score, rank }: Pick<ScoringChoice, 'score' | 'rank'>): RowCheck[] {
  const operands = (score?.columns ?? []).flatMap((column) => {
    const value = requiredValue(relation, column);
    const number = numberSql(value);
    const isNotNumeric = `(${presentSql(value)} AND ${number} IS NULL)`;
    return [
      ...(value.kind === 'text' ? [columnCheck('number_not_numeric', column, value, isNotNumeric)] : []),
      columnCheck('number_not_finite', column, value, `NOT isfinite(${number})`),
    ];
  });
  const groups = (rank?.within ?? []).map((column) => {
    const value = requiredValue(relation, column);
    return columnCheck('rank_group_missing', column, value, `NOT ${presentSql(value)}`);
  });
  return [...operands, ...groups];
}

/** Returns the SQL of the columns that an expression reads, NaN where a row has no value. */
export function operandsSql(relation: Relation, score: ScoreExpression | null): string[] {
  return (score?.columns ?? []).map(
    (column) => `COALESCE(${numberSql(requiredValue(relation, column))}, CAST('NaN' AS DOUBLE))`,
  );
}

/**
 * Returns the scores of rows, and which rows have none.
 * @param operands The columns of the expression, in their order.
 */
export function evaluateScores(
  { root, columns, outputs }: ScoreExpression,
  predictions: Readonly<Record<string, Float32Array>>,
  operands: readonly Float64Array[],
  rows: number,
): Evaluated {
  const named: Record<string, Float32Array | Float64Array> = {};
  for (const name of outputs) named[name] = predictionsOf(name, predictions[name], rows);
  for (const [index, name] of columns.entries()) named[name] = predictionsOf(name, operands[index], rows);
  return evaluate(root, named, rows);
}

/** What is wrong with a row, for its rejection. */
interface Fault {
  readonly reason: ListedReason;
  /** The only name in the part of the expression without a value; otherwise the column of the scores. */
  readonly column: string;
}

/** Returns the reason and the column by which a row without a score is rejected. */
export function scoreFault({ fault, node }: Pick<RowFault, 'fault' | 'node'>): Fault {
  const names = new Set(namesIn(node).map(({ name }) => name));
  const [only] = names;
  return { reason: `score_${fault}`, column: names.size === 1 && only !== undefined ? only : SCORE_COLUMN };
}

/** Computes the scores of a shard's rows, and collects the rows that have none. */
export class RowScores {
  readonly #database: Database;
  readonly #score: ScoreExpression;
  /** The tables of rows with their numbers, by kind of fault. */
  readonly #tables = new Map<string, { readonly fault: Fault; readonly names: string[] }>();

  constructor(database: Database, score: ScoreExpression) {
    this.#database = database;
    this.#score = score;
  }

  /** Returns the scores of rows, as `evaluateScores`. */
  evaluate(
    predictions: Readonly<Record<string, Float32Array>>,
    operands: readonly Float64Array[],
    rows: number,
  ): Evaluated {
    return evaluateScores(this.#score, predictions, operands, rows);
  }

  /** Adds rows without a score. */
  async add(rowNumbers: Float64Array, faults: readonly RowFault[]): Promise<void> {
    for (const { fault, rows } of byKind(faults)) {
      const columns = [
        {
          name: '#faulty',
          type: 'DOUBLE',
          values: Float64Array.from(rows, ({ row }) => rowNumbers[row] ?? Number.NaN),
        },
        { name: '#text', type: 'VARCHAR', values: rows.map(({ text }) => text) },
      ] as const;
      const key = JSON.stringify(fault);
      const known = this.#tables.get(key) ?? { fault, names: [] };
      this.#tables.set(key, known);
      known.names.push(await tableOfColumns(this.#database, columns, rows.length));
    }
  }

  /** Returns the checks that the rows fail: after all others, since other bad rows are not scored. */
  checks(): RowCheck[] {
    return [...this.#tables.values()].map(({ fault: { reason, column }, names }) => {
      const faulty = `(${names.map((name) => `SELECT * FROM ${name}`).join(' UNION ALL ')})`;
      return {
        reason,
        column,
        isBad: `"#row" IN (SELECT "#faulty" FROM ${faulty})`,
        value: `(SELECT any_value("#text") FROM ${faulty} WHERE "#faulty" = "#row")`,
        expected: REJECT_REASONS[reason],
        stage: null,
      };
    });
  }

  /** Drops the tables. */
  async drop(): Promise<void> {
    for (const { names } of this.#tables.values())
      for (const name of names) await execute(this.#database, `DROP TABLE ${name}`);
    this.#tables.clear();
  }
}

function byKind(faults: readonly RowFault[]): { readonly fault: Fault; readonly rows: RowFault[] }[] {
  const kinds = new Map<string, { readonly fault: Fault; readonly rows: RowFault[] }>();
  for (const row of faults) {
    const fault = scoreFault(row);
    const key = `${fault.reason} ${fault.column}`;
    const kind = kinds.get(key) ?? { fault, rows: [] };
    kinds.set(key, kind);
    kind.rows.push(row);
  }
  return [...kinds.values()];
}

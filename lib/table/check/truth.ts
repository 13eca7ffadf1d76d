/** The columns of what is true of the rows of a generated log. */
import type { Declaration } from '../../config/declaration.ts';
import { count } from '../../numbers/text.ts';
import { findColumn, type Relation } from '../columns.ts';
import { DataError } from '../errors.ts';
import { numberSql } from '../values/numbers.ts';
import { requiredValue } from './required-columns.ts';

/** True probabilities of the rows, by kind; a kind that is not declared is absent. */
export type Truth = Readonly<Partial<Record<TruthKind, Float64Array>>>;

/** `pcvr`: of a conversion given the click; `pcvr_do`: given that somebody makes the click happen. */
export const TRUTH_KINDS = ['pcvr', 'pcvr_do'] as const;
export type TruthKind = (typeof TRUTH_KINDS)[number];

/** Returns the declared columns of the truth, by kind. */
export function truthColumns({ log: { truth } }: Pick<Declaration, 'log'>): readonly (readonly [TruthKind, string])[] {
  const columns = { pcvr: truth?.pcvr ?? null, pcvr_do: truth?.pcvrDo ?? null };
  return TRUTH_KINDS.flatMap((kind) => {
    const column = columns[kind];
    return column === null ? [] : [[kind, column] as const];
  });
}

/** Returns the prepared columns of the truth; those that a log does not have are needed only to compare models. */
export function preparedTruths(relation: Relation, declaration: Pick<Declaration, 'log'>) {
  return truthColumns(declaration).map(([, column], index) => {
    const isThere = findColumn(relation, column) !== undefined;
    // What is no number is read as NaN, which is no probability either.
    const number = isThere ? `COALESCE(${numberSql(requiredValue(relation, column))}, 'NaN')` : "'NaN'";
    return { sql: `CAST(${number} AS DOUBLE)`, name: truthName(index) };
  });
}

/** @throws {DataError} `truth_not_valid` where a truth is not a probability. */
export function assertProbabilities(
  values: Float64Array,
  { kind, column, place }: { readonly kind: TruthKind; readonly column: string; readonly place: string },
): void {
  const others = values.filter((value) => !(value > 0 && value < 1));
  if (others.length === 0) return;
  throw new DataError(
    'truth_not_valid',
    `${column}: got ${Number.isNaN(others[0]) ? 'no number' : others[0]} in ${count(others.length)} of ${count(values.length)} rows, expected a probability above 0 and below 1 in each (log.truth.${kind}, in ${place})`,
  );
}

/** Name of a prepared column of the truth. */
export function truthName(index: number): string {
  return `"#truth${index}"`;
}

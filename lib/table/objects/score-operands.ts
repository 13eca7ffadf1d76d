/** The columns of numbers that scores are computed from, of rows that are objects. */
import { DataError } from '../errors.ts';
import type { EntityRows } from './entity-rows.ts';
import { type Fault, faultOf } from './fault.ts';
import type { RequestTexts } from './request-texts.ts';
import { isAbsent, numberOf } from './values.ts';

/** Where a number is: the name that the row or the shared part has it by, a table, or nowhere. */
export type OperandSource =
  | { readonly of: 'row' | 'shared'; readonly name: string; readonly column: string }
  | { readonly of: 'table'; readonly table: number; readonly column: string }
  | { readonly of: 'nowhere'; readonly fault: Fault };

/**
 * Returns where a column is that rows do not have themselves.
 * @throws {DataError} `columns_repeated` if several tables have it: then files cannot be scored, either.
 */
export function operandOfTables(tables: readonly EntityRows[], column: string): OperandSource {
  const found = tables.flatMap(({ scored, place }, table) => (scored.has(column) ? [{ table, place }] : []));
  const [first, second] = found;
  if (first !== undefined && second !== undefined)
    throw new DataError(
      'columns_repeated',
      `columns repeated: ${column}, which scoring.score reads, expected it in one of ${first.place} and ${second.place}`,
    );
  if (first === undefined) return { of: 'nowhere', fault: faultOf('column_missing', column) };
  return { of: 'table', table: first.table, column };
}

/** Returns the number of a value, NaN if it is missing, or what is wrong with it. */
export function operandOf(column: string, value: unknown, texts: RequestTexts): number | Fault {
  if (value === undefined) return faultOf('column_missing', column);
  if (typeof value === 'object' && !isAbsent(value)) return faultOf('column_type', column, value, 'a number');
  const { number, isPresent } = numberOf(value, texts);
  if (number === null) return isPresent ? faultOf('number_not_numeric', column, value) : Number.NaN;
  return Number.isFinite(number) ? number : faultOf('number_not_finite', column, value);
}

/** Evaluates the SQL of a value in DuckDB. */
import { columnKind, type TextRules, type Value } from '../../../lib/table/columns.ts';
import { query } from '../../../lib/table/database.ts';
import type { Workplace } from '../fixture.ts';

/** The rules of texts unless a declaration has others, written out. */
export const TEXTS: TextRules = {
  nullValues: ['NULL', 'null', 'Null', 'NaN', 'nan', '-nan', 'None', '\\N', 'NA', 'N/A', '<NA>', 'NaT'],
  decimal: '.',
};

/**
 * Returns what an expression makes of a value: `sql` is cast to `type` in a table of its own, so that DuckDB reads a
 * column and folds no constant.
 */
export async function evaluate(
  { database }: Workplace,
  { sql, type, texts = TEXTS }: { readonly sql: string; readonly type: string; readonly texts?: TextRules },
  expression: (value: Value) => string,
): Promise<unknown> {
  const value = expression({ sql: 'c0', type, kind: columnKind(type), texts });
  const rows = `(SELECT unnest([CAST(${sql} AS ${type}), NULL]) AS c0)`;
  const [row] = await query(database, `SELECT ${value} AS value FROM ${rows}`);
  return row?.value;
}

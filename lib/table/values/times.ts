/** Instants as SQL. */
import type { Value } from '../columns.ts';
import { isIntegerSql } from './numbers.ts';

/**
 * Returns the SQL of an instant in epoch milliseconds, NULL if the value is not an instant. Text without a zone is UTC;
 * integers are seconds below 1e11, milliseconds below 1e14 and microseconds below 1e17.
 */
export function timeSql({ sql, kind }: Value): string {
  if (kind === 'time') return `epoch_ms(${sql})`;
  if (kind === 'integer') return epochSql(`CAST(${sql} AS HUGEINT)`);
  const integer = `TRY_CAST(CASE WHEN ${isIntegerSql(sql)} THEN ${sql} END AS HUGEINT)`;
  return `COALESCE(${epochSql(integer)}, epoch_ms(TRY_CAST(CASE WHEN NOT ${isIntegerSql(sql)} THEN ${sql} END AS TIMESTAMPTZ)))`;
}

function epochSql(integer: string): string {
  return `CAST(CASE WHEN abs(${integer}) < 100000000000 THEN ${integer} * 1000 WHEN abs(${integer}) < 100000000000000 THEN ${integer} WHEN abs(${integer}) < 100000000000000000 THEN ${integer} // 1000 END AS BIGINT)`;
}

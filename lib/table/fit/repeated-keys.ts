/** Finds rows that have the keys of another row, as after a delivery that was repeated. */
import { count, countOf, listed } from '../../numbers/text.ts';
import type { CheckedLog } from '../check/log.ts';
import { goodLogRows } from '../check/prepared-rows.ts';
import { type Database, queryOne } from '../database.ts';

/** Rows that repeat the keys of another row. */
export interface RepeatedKeys {
  /** Number of rows, those that are the first with their keys aside. */
  readonly rows: number;
  readonly notes: readonly string[];
}

/**
 * Counts rows that repeat the keys of another row, and notes them: `1,000 rows repeat the keys of another row (row):
 * rows 3 and 3,017 are alike (from 0)`. The memory is bounded, because DuckDB groups on disk where hashes of keys do
 * not fit.
 */
export async function findRepeatedKeys(database: Database, checked: CheckedLog): Promise<RepeatedKeys> {
  const { log } = checked.declaration;
  const from = goodLogRows(checked, []);
  // Most logs have no repeated keys, which is known sooner than which they are.
  const { repeated } = await queryOne(database, `SELECT count(*) - count(DISTINCT "#keys") AS repeated FROM ${from}`);
  if (Number(repeated) === 0) return { rows: 0, notes: [] };
  const groups = `SELECT count(*) AS rows, min("#row") AS first, max("#row") AS last FROM ${from} GROUP BY "#keys" HAVING count(*) > 1`;
  const { repeats, first, last } = await queryOne(
    database,
    `SELECT sum(rows - 1) AS repeats, min(first) AS first, arg_min(last, first) AS last FROM (${groups})`,
  );
  const rows = Number(repeats);
  const note = `${countOf(rows, 'row')} ${rows === 1 ? 'repeats' : 'repeat'} the keys of another row (${listed(log.keys)}): rows ${count(Number(first))} and ${count(Number(last))} are alike (from 0)`;
  // A delivery that came several times repeats less.
  const isMost = rows > 0.9 * checked.source.rows;
  return {
    rows,
    notes: [
      isMost
        ? `${note}: they do not identify rows, and most would be split as one; log.keys may list several columns`
        : note,
    ],
  };
}

/** Parts of a log as SQL, and the two instants that a split in order of time comes down to. */
import type { Split, TimeBound } from '../../config/declaration.ts';
import { canonicalOfText, canonicalText, groupText, type Relation } from '../columns.ts';
import { type Database, literal, queryOne } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import { hashSql, hashThreshold } from '../hash.ts';
import { requiredValue } from './check-columns.ts';

/** Instants, in epoch milliseconds, at which parts begin; only a split by time has them. */
export interface TimeWindows {
  readonly validationFrom: number;
  readonly testFrom: number;
}

/** SQL of the row's part, by any split but that by time, as an index into `PARTS`; NULL where the split names none. */
export function partSql(relation: Relation, split: Exclude<Split, { readonly by: 'time' }>): string {
  switch (split.by) {
    case 'hash': {
      const hash = hashSql(split.seed, groupText(requiredValue(relation, split.column)));
      // A sum, not a CASE: the hash, which is dear, is then computed once.
      const isHeldOut = `CAST(${hash} < ${hashThreshold(split.test + split.validation)} AS UTINYINT)`;
      return `CAST(${isHeldOut} + CAST(${hash} < ${hashThreshold(split.test)} AS UTINYINT) AS UTINYINT)`;
    }
    case 'column': {
      const among = (values: readonly string[]) => amongSql(relation, split.column, values);
      return part(
        `WHEN ${among(split.train)} THEN 0 WHEN ${among(split.validation)} THEN 1 WHEN ${among(split.test)} THEN 2`,
      );
    }
  }
}

/** SQL of "the row is in one of these parts". */
export function inPartsSql(parts: readonly Part[]): string {
  return `"#part" IN (${parts.map((name) => PARTS.indexOf(name)).join(', ')})`;
}

/** SQL of the part, as an index into `PARTS`, of a row of that time. */
export function partAtSql(time: string, { validationFrom, testFrom }: TimeWindows): string {
  return part(`WHEN ${time} >= ${testFrom} THEN 2 WHEN ${time} >= ${validationFrom} THEN 1 ELSE 0`);
}

/** SQL of "the column has one of the values by which a split assigns rows", NULL where it has none at all. */
export function amongSql(relation: Relation, column: string, values: readonly string[]): string {
  const texts = values.map((value) => canonicalOfText(literal(value)));
  return `list_contains([${texts.join(', ')}], ${canonicalText(requiredValue(relation, column))})`;
}

/**
 * Where validation and test begin. A share is exact: the rows in order of time, the last `test` of them for the test and
 * the `validation` before those; rows of one instant stay together, in the later part.
 *
 * @param times SQL of a relation with a column `time` of the rows that count. Later rows than these belong to the last
 *   part that has any share.
 */
export async function findWindows(
  database: Database,
  times: string,
  split: Split & { readonly by: 'time' },
): Promise<TimeWindows> {
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${times}`);
  const total = Number(rows);
  const testFrom = await boundAt(database, times, split.test, total, total);
  const { before } = await queryOne(database, `SELECT count(*) AS before FROM ${times} WHERE time < ${testFrom}`);
  const validationFrom = Math.min(testFrom, await boundAt(database, times, split.validation, total, Number(before)));
  return { validationFrom, testFrom };
}

/** The instant at which the last `share` of all rows before row `end` begins. */
async function boundAt(
  database: Database,
  times: string,
  bound: TimeBound,
  total: number,
  end: number,
): Promise<number> {
  if ('from' in bound) return bound.from;
  const index = end - Math.round(bound.share * total);
  if (index >= end) return Number.MAX_SAFE_INTEGER;
  // A sort that may spill, where an exact quantile would hold every row's time in memory.
  const { time } = await queryOne(
    database,
    `SELECT time FROM ${times} ORDER BY time LIMIT 1 OFFSET ${Math.max(0, index)}`,
  );
  return Number(time);
}

function part(cases: string): string {
  return `CAST(CASE ${cases} END AS UTINYINT)`;
}

/** The parts of a log as SQL, and the two instants at which the parts of a split by time begin. */
import type { Split, TimeBound } from '../../config/declaration.ts';
import { listed, minute, percent } from '../../numbers/text.ts';
import type { Relation } from '../columns.ts';
import { type Database, literals, queryOne } from '../database.ts';
import { PARTS, type Part } from '../encoded.ts';
import { hashSql, hashThreshold } from '../hash.ts';
import { bind } from '../values/bind.ts';
import { canonicalOfText, canonicalText, groupText } from '../values/canonical.ts';
import { joinedTexts } from '../values/joined.ts';
import { presentSql } from '../values/texts.ts';
import { requiredValue } from './required-columns.ts';

/** The instants, in epoch milliseconds, at which the parts of a split by time begin. */
export interface TimeWindows {
  readonly validationFrom: number;
  readonly testFrom: number;
}

/** Returns a split as text: `split by the hash of row: 10% validation, 20% test`. */
export function describeSplit(split: Split): string {
  switch (split.by) {
    case 'hash': {
      const why = split.isDefault ? ' (neither a split nor log.time is declared)' : '';
      const shares = `${percent(split.validation)} validation, ${percent(split.test)} test`;
      return `split by the hash of ${listed(split.columns)}: ${shares}${why}`;
    }
    case 'time': {
      const why = split.isDefault ? ' (no split is declared, log.time is)' : '';
      return `split by time: ${boundText('validation', split.validation)}, ${boundText('test', split.test)}${why}`;
    }
    case 'column': {
      const parts = PARTS.map((part) => `${part} ${split[part].length === 0 ? 'none' : listed(split[part])}`);
      return `split by the values of ${split.column}: ${parts.join('; ')}`;
    }
  }
}

function boundText(part: Part, bound: TimeBound): string {
  return 'share' in bound ? `${percent(bound.share)} ${part}` : `${part} from ${minute(new Date(bound.from))}`;
}

/** Returns the SQL of a row's part, as an index into `PARTS`, by hash or by column; NULL if the split names no part. */
export function partSql(relation: Relation, split: Exclude<Split, { readonly by: 'time' }>): string {
  switch (split.by) {
    case 'hash': {
      const hash = hashSql(split.seed, hashedText(relation, split.columns));
      // In a sum of conditions DuckDB computes the hash once, in a CASE it would compute it for each condition.
      const isHeldOut = `CAST(${hash} < ${hashThreshold(split.test + split.validation)} AS UTINYINT)`;
      return `CAST(${isHeldOut} + CAST(${hash} < ${hashThreshold(split.test)} AS UTINYINT) AS UTINYINT)`;
    }
    case 'column': {
      const among = (text: string, values: readonly string[]) => isAmong(relation, text, values);
      return bind('part', canonicalText(requiredValue(relation, split.column)), (text) =>
        castPart(PARTS.map((part, index) => `WHEN ${among(text, split[part])} THEN ${index}`).join(' ')),
      );
    }
  }
}

/** Returns the SQL condition that a row has no value in any of the columns that a split hashes. */
export function unhashedSql(relation: Relation, columns: readonly string[]): string {
  return columns.map((column) => `NOT ${presentSql(requiredValue(relation, column))}`).join(' AND ');
}

/** Returns the SQL of the text that is hashed; of a row without any value in the columns, a text that no other has. */
function hashedText(relation: Relation, columns: readonly string[]): string {
  const values = columns.map((column) => requiredValue(relation, column));
  const [value] = values;
  if (value !== undefined && values.length === 1) return groupText(value);
  return `COALESCE(${joinedTexts(values.map(canonicalText))}, '#row ' || "#row")`;
}

/** Returns the SQL condition that a row is in one of these parts. */
export function inPartsSql(parts: readonly Part[]): string {
  return `"#part" IN (${parts.map((name) => PARTS.indexOf(name)).join(', ')})`;
}

/** Returns the SQL of a row's part, as an index into `PARTS`, by its time. */
export function partAtSql(time: string, { validationFrom, testFrom }: TimeWindows): string {
  return castPart(`WHEN ${time} >= ${testFrom} THEN 2 WHEN ${time} >= ${validationFrom} THEN 1 ELSE 0`);
}

/** Returns the SQL condition that a column has one of the values of a split; NULL if it has no value. */
export function amongSql(relation: Relation, column: string, values: readonly string[]): string {
  return isAmong(relation, canonicalText(requiredValue(relation, column)), values);
}

function isAmong({ texts }: Relation, text: string, values: readonly string[]): string {
  if (values.length === 0) return 'false';
  return `list_contains(list_transform(${literals(values)}, lambda listed: ${canonicalOfText('listed', texts)}), ${text})`;
}

/**
 * Returns where the validation part and the test part begin. Shares are exact: of the rows in order of time, the last
 * share is the test part, and the share before it the validation part. Rows of the same instant are in the same part,
 * the later one.
 *
 * @param times SQL after FROM of the rows that count towards shares, with the column `time`. Rows later than these are
 * in
 *   the last part that has a share.
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

/**
 * Returns the instant at which a part begins: the given one, or that of the first of its rows, if its share of all
 * `total` rows ends before row `end`.
 */
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
  // A sort can spill to disk; an exact quantile would keep the times of all rows in memory.
  const { time } = await queryOne(
    database,
    `SELECT time FROM ${times} ORDER BY time LIMIT 1 OFFSET ${Math.max(0, index)}`,
  );
  return Number(time);
}

function castPart(cases: string): string {
  return `CAST(CASE ${cases} END AS UTINYINT)`;
}

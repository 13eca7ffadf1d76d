/**
 * Means, deviations and quantiles of numbers. They do not depend on the number of threads: values are summed as
 * integers, since the sum of floating values depends on the order in which DuckDB adds the partial sums of its threads.
 */
import type { NumberFeature } from '../../config/declaration.ts';
import { type Database, queryOne } from '../database.ts';
import { readColumns } from '../read-columns.ts';

/** Mean and standard deviation of a number. */
export interface NumberStatistics {
  readonly mean: number;
  /** Standard deviation of the population; 1 if all values are equal. */
  readonly deviation: number;
}

/** Values are scaled to at most 2^60 before they are rounded to integers, so that a sum keeps about 18 digits. */
const SCALE_BITS = 60;

/**
 * Returns the mean and deviation of the values after `clip` and `log1p`; 0 and 1 if there are no values.
 *
 * @param values SQL of a relation with a FLOAT column `value` without NULLs.
 */
export async function fitNumber(
  database: Database,
  values: string,
  { clip, log1p }: Pick<NumberFeature, 'clip' | 'log1p'>,
): Promise<NumberStatistics> {
  const transformed = `(SELECT ${transformSql('CAST(value AS DOUBLE)', clip, log1p)} AS value FROM ${values})`;
  const { least, most, rows } = await queryOne(
    database,
    `SELECT min(value) AS least, max(value) AS most, count(*) AS rows FROM ${transformed}`,
  );
  const count = Number(rows);
  if (count === 0) return { mean: 0, deviation: 1 };
  const [low, high] = [Number(least), Number(most)];
  const mean = (await exactSum(database, transformed, 'value', Math.max(Math.abs(low), Math.abs(high)))) / count;
  const farthest = Math.max(mean - low, high - mean);
  const centred = `value - ${double(mean)}`;
  const variance = (await exactSum(database, transformed, `(${centred}) * (${centred})`, farthest * farthest)) / count;
  return { mean, deviation: low === high || variance === 0 ? 1 : Math.sqrt(variance) };
}

/**
 * Returns the boundaries of `count` intervals with equal numbers of rows: the k-th boundary is the least value that k /
 * count of the rows do not exceed. Boundaries strictly increase; one that no value exceeds is left out.
 *
 * @param values SQL of a relation with a FLOAT column `value` without NULLs.
 */
export async function fitQuantiles(database: Database, values: string, count: number): Promise<number[]> {
  const { rows } = await queryOne(database, `SELECT count(*) AS rows FROM ${values}`);
  const total = Number(rows);
  const boundaries: number[] = [];
  let below = 0;
  let rank = 1;
  for await (const { value, count: equal } of ascendingCounts(database, values)) {
    below += equal;
    if (below === total || below * count < rank * total) continue;
    boundaries.push(value);
    rank = Math.floor((below * count) / total) + 1;
  }
  return boundaries;
}

/**
 * Yields each distinct value in ascending order, and how often it occurs.
 *
 * @param values SQL of a relation with a FLOAT column `value` without NULLs.
 */
export async function* ascendingCounts(
  database: Database,
  values: string,
): AsyncGenerator<{ readonly value: number; readonly count: number }> {
  const grouped = `SELECT value, CAST(count(*) AS DOUBLE) FROM ${values} GROUP BY value ORDER BY value`;
  const layout = [
    { type: 'FLOAT', length: null },
    { type: 'DOUBLE', length: null },
  ] as const;
  const connection = await database.connect();
  try {
    for await (const { rows, columns } of readColumns(connection, grouped, layout))
      for (let i = 0; i < rows; i += 1) yield { value: Number(columns[0]?.[i]), count: Number(columns[1]?.[i]) };
  } finally {
    connection.closeSync();
  }
}

async function exactSum(database: Database, from: string, value: string, largest: number): Promise<number> {
  if (largest === 0) return 0;
  const scale = 2 ** (SCALE_BITS - Math.ceil(Math.log2(largest)));
  const { total } = await queryOne(
    database,
    `SELECT sum(CAST(round((${value}) * ${double(scale)}) AS HUGEINT)) AS total FROM ${from}`,
  );
  return Number(total) / scale;
}

/** Returns the SQL of a number after `clip` and `log1p`. */
export function transformSql(value: string, clip: NumberFeature['clip'], log1p: boolean): string {
  const [low, high] = clip ?? [null, null];
  const raised = low === null ? value : `greatest(${value}, ${double(low)})`;
  const clipped = high === null ? raised : `least(${raised}, ${double(high)})`;
  return log1p ? `sign(${clipped}) * ln(1 + abs(${clipped}))` : clipped;
}

function double(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}
